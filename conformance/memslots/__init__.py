"""The name of the distribution: `python -m memslots` is the command `memslots`.

What there is to import is in `memslot_spec` and `memslot_conformance`.
"""
