"""Clauses on what is cached from a table."""
