"""Scenarios that are drawn."""
