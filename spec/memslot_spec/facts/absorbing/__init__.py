"""How facts grow: what each kind of event adds, by domain.

The domains are those of the points and of the facts: tables, srcu, mmu, dirty,
host, caches; and the calls, which belong to all of them. `facts.absorb` gathers
them into one table.
"""
