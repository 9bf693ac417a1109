"""Clauses on reverse maps and on what the host takes away."""
