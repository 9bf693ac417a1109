"""Which clauses hold a target with a table by ranges, and why the others do not.

Its slots have no ids, no flags and no moves, and nothing is published as INVALID: a
clause on these has nothing to ask. An id that an adapter makes up earns no credit.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_spec.choice import AnyChoice
from memslot_spec.clause import AnyClause
from memslot_spec.history.header import Header

SHARED: frozenset[str] = frozenset(
    (
        *("SLOT-6", "SLOT-7", "LOOK-3", "LOOK-4", "LOOK-5", "DEL-12", "MMU-1"),
        *(f"SRCU-{number}" for number in (*range(1, 6), *range(8, 12), 15, 18, 22)),
        *(f"SRCU-{number}" for number in range(30, 34)),
        *("ERR-6", "PROG-1", "PROG-2"),
    )
)
"""Clauses of the law by ids that make sense for ranges, as they are."""

ITS_CHOICES = frozenset({"reader-table", "grace-period", "reclaim"})
"""Choices that a target with a table by ranges has, too."""

ABOUT_IDS = "slots have no ids, flags or INVALID tables in a table by ranges"


def reasons_by_ranges(clause: AnyClause, header: Header) -> Iterator[str]:
    """Why a clause does not hold this target, by what sort of table it has."""
    rules = header.domain.ranges
    if rules is None:
        if clause.ranges:
            yield "the target's slots have ids"
        return
    if clause.removal is not None and clause.removal is not rules.removal:
        yield (
            f"a removal of the target is {rules.removal.value}, and not "
            f"{clause.removal.value}"
        )
    if clause.claims is not None and not getattr(rules, clause.claims):
        yield f"the rules of the target do not claim {clause.claims}"
    if not clause.ranges and clause.id not in SHARED:
        yield ABOUT_IDS


def has_choice(choice: AnyChoice, header: Header) -> bool:
    """The choice is one that there is for this sort of table."""
    return header.domain.ranges is None or choice.id in ITS_CHOICES
