"""Clauses on moves: their steps, and their pages."""
