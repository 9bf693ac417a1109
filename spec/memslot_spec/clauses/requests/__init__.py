"""Clauses on requests: what is refused, and what wins over what."""
