"""Clauses on the two-step delete: its steps, and the window between them."""
