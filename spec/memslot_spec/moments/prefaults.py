"""Moments of prefaults: pages were mapped ahead of their first access, or were not."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import PreFault
from memslot_spec.model.prefaults import is_no_range
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class PreFaultAnswered:
    """A prefault of a range that is one has answered.

    `slots` covers its first frame in each of the `tables` that it may have met, None
    for a hole. `mapped` are the frames, with a number of pages each, for which an spte
    stood at some time meanwhile.
    """

    prefault: PreFault
    reply: Reply
    tables: tuple[SlotTable, ...]
    slots: tuple[Slot | None, ...]
    mapped: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class NoRangePreFaulted:
    """A prefault of no page, or of a range that wraps, has answered."""

    reply: Reply


def _answered(_: Facts, answered: Answered) -> PreFaultAnswered | None:
    prefault, tables = answered.operation, answered.candidates
    if not isinstance(prefault, PreFault) or is_no_range(prefault):
        return None
    return PreFaultAnswered(
        prefault,
        answered.reply,
        tables,
        tuple(gfn_to_memslot(table, prefault.gfn) for table in tables),
        tuple(answered.call.mapped),
    )


def _of_no_range(_: Facts, answered: Answered) -> NoRangePreFaulted | None:
    prefault = answered.operation
    if not isinstance(prefault, PreFault) or not is_no_range(prefault):
        return None
    return NoRangePreFaulted(answered.reply)


MAKINGS: Makings = (
    Making(PreFaultAnswered, Answered, _answered),
    Making(NoRangePreFaulted, Answered, _of_no_range),
)
