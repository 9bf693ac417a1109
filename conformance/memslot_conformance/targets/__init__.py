"""Targets: implementations as they are named, reached and kept apart."""
