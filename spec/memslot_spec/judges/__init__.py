"""Who judges what: for all that is told of a target, the clauses that ask about it.

A table for each sort of thing, a module for each domain. It is data for readers and for
tests; the judge knows nothing of it.
"""
