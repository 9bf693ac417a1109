"""What was seen at an event, in words."""

from __future__ import annotations

from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Event
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.history.words import describe_event, describe_reply
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.ranges import RangeUpdated
from memslot_spec.moments.replies import Answered, Updated

Asked = Event | Answered | Updated | RangeUpdated | AtRest
"""What clauses are asked about: an event, or what the judge makes of several."""


def observed_words(facts: Facts, event: Asked) -> str:
    """What was seen, in words, where the clause has no better ones."""
    if isinstance(event, Answered | Updated | RangeUpdated):
        return describe_reply(event.reply)
    if isinstance(event, AtRest):
        places = ", ".join(f"{page}[{index}]" for page, index in event.touched)
        return f"mmu_lock released after changes of spte {places}"
    return describe_event(event, lambda handle: f"v{_version(facts, event, handle)}")


def _version(facts: Facts, event: Event, handle: int) -> int:
    """What a handle stands for; a table that is being published has no version yet."""
    if isinstance(event, TablePublished) and event.table == handle:
        return facts.tables.newest + 1
    return facts.version(handle)
