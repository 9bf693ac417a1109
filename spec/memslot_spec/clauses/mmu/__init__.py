"""Clauses on shadow pages and TLBs."""
