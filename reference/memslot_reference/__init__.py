"""Conforming and flawed implementations of guest memory slots."""
