"""Tables that nobody can ask about any more: they are forgotten, their numbers stay.

A long history publishes many. What is asked about is what a reader may be using, what
an open call may be answered from, and a few before that, to call stale.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_spec.facts.facts import Facts
from memslot_spec.model.values import EMPTY

EVERY = 256
"""Publications from one time to the next; so many before the oldest are kept, too."""

STALE_KEPT = 8
"""How many older tables are tried when no candidate explains a reply."""


def forget_tables(facts: Facts) -> None:
    """Forget the tables that are older than all that can be asked about."""
    tables = facts.tables
    oldest = max(min(_asked_about(facts)) - EVERY, tables.forgotten)
    live = {tables.handles[handle] for handle in tables.unfreed()}
    kept = {
        version
        for last in (*live, *tables.born.values())
        for version in range(last - STALE_KEPT, last + 1)
    }
    spared: list[int] = []
    for version in (*tables.spared, *range(tables.forgotten, oldest)):
        if version in kept:
            spared.append(version)
        else:
            tables.versions[version] = EMPTY
    for version in range(tables.forgotten, oldest):
        facts.lives.arrays[version] = frozenset()
        facts.bitmaps.attached[version] = {}
        tables.creates.discard(version)
    tables.spared, tables.forgotten = spared, oldest


def _asked_about(facts: Facts) -> Iterator[int]:
    """The oldest version that each reader may be using, and that each call may need."""
    yield facts.sections.grace_floor
    yield min(facts.floor, facts.settled)
    for section in facts.sections.all_open():
        yield from section.loaded
    for call in facts.calls.values():
        yield min(call.floor, call.settled, call.newest, *call.loaded)
        if call.update is not None:
            yield from call.update.published
