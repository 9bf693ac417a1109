"""Clauses on readers under SRCU: snapshots, lifetime, and locking."""
