"""Clauses on the slot table: what an update publishes, and in which address space."""
