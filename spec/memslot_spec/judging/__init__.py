"""The judge: which clauses apply, and one fold over the events."""
