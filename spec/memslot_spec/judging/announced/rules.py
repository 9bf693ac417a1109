"""All rules by kind of event: of the points that a target announces, and of calls."""

from __future__ import annotations

from collections.abc import Mapping

from memslot_spec.history.header import Header
from memslot_spec.judging.announced import accesses, pages, tables
from memslot_spec.judging.announced.said import Rule

UNTRUE = "its points contradict what it was asked, or each other: "
"""How the words of a contradiction begin that a rule has found."""

_POINTS = dict((*tables.RULES, *pages.RULES, *accesses.RULES))
_CALLS = dict(accesses.OF_CALLS)


def rules_for(header: Header) -> Mapping[type, Rule]:
    """The rules for histories of this header: none where nothing is announced."""
    announced = frozenset(header.capabilities.announces)
    rules = {k: rule for k, rule in _POINTS.items() if k.__name__ in announced}
    return {**rules, **_CALLS} if rules else {}
