"""What a target announces from inside, in six domains.

`tables`, `srcu`, `mmu`, `dirty`, `host` and `caches`, as among the facts. A *point*
is announced at the access itself, so the order of points is the order of accesses.
"""
