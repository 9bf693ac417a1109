"""Clauses on lookups: what a reader of one table answers."""
