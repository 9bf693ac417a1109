"""Clauses on reverse maps and on what the host unmaps."""
