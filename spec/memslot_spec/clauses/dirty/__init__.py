"""Clauses on dirty logs."""
