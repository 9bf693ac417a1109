"""The sequential semantics of a table by ranges: what one request may leave.

A table by ranges is a `SlotTable` in which no slot has an id: each has `NO_ID`. So
readers, worlds and logs are the same as for a table by ids. Which errno a refusal has,
no protocol here promises: every refusal is `Refused(None)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum
from itertools import pairwise, permutations
from operator import attrgetter

from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import (
    AddRange,
    RangeRequest,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.plan import Outcome
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import NO_ID, Gfn, Hva, MemoryRange, Slot, SlotTable

REFUSED = Outcome(Refused(None))
"""A refusal, which leaves the table as it was."""

_BY_BASE = attrgetter("base")


class RangeObjection(Enum):
    """What is wrong with a request to a table by ranges."""

    EMPTY = "it has no pages"
    MEETS = "it meets a range that is there"
    MEETS_ITSELF = "two of its ranges meet"
    INEXACT = "it is no range as it was added"
    CUTS = "it would cut a range"
    HOLE = "not all of its frames are in ranges"
    NOTHING = "none of its frames is in a range"


def range_table_of(ranges: Iterable[MemoryRange]) -> SlotTable:
    """The table of these ranges, by their frames."""
    return _table(_slot(one) for one in ranges)


def wrong_with(
    table: SlotTable, request: RangeRequest, rules: RangeRules
) -> RangeObjection | None:
    """What is wrong with a request to this table, by the target's own rules."""
    match request:
        case AddRange(gfn, npages):
            met = table.meeting(gfn, npages, 0)
            found = ((not npages, RangeObjection.EMPTY), (met, RangeObjection.MEETS))
            return next((objection for wrong, objection in found if wrong), None)
        case RemoveRange():
            return _wrong_removal(table, request, rules.removal)
        case ReplaceTable(ranges):
            if not all(one.npages for one in ranges):
                return RangeObjection.EMPTY
            in_order = sorted(ranges, key=attrgetter("gfn"))
            meets = any(a.gfn + a.npages > b.gfn for a, b in pairwise(in_order))
            return RangeObjection.MEETS_ITSELF if meets else None


def _wrong_removal(
    table: SlotTable, request: RemoveRange, removal: Removal
) -> RangeObjection | None:
    first, npages = request.gfn, request.npages
    if not npages:
        return RangeObjection.EMPTY
    met = table.meeting(first, npages, 0)
    if removal is Removal.EXACT:
        exact = [(slot.base, slot.npages) for slot in met] == [(first, npages)]
        return None if exact else RangeObjection.INEXACT
    if not met:
        return RangeObjection.NOTHING
    if removal is Removal.COVERING:
        return RangeObjection.CUTS if any(is_cut(s, request) for s in met) else None
    inside = sum(
        min(s.base + s.npages, first + npages) - max(s.base, first) for s in met
    )
    return None if inside == npages else RangeObjection.HOLE


def is_cut(slot: Slot, request: RemoveRange) -> bool:
    """The removal has some of the range's frames, and not all."""
    begins, ends = request.gfn, request.gfn + request.npages
    return slot.base < begins or ends < slot.base + slot.npages


ANY_ORDER = 4
"""So many ranges may be removed one by one in any order, more from either end."""

OPEN = frozenset({RangeObjection.EMPTY, RangeObjection.NOTHING, RangeObjection.HOLE})
"""What one protocol refuses and another one takes, without a word in either."""


def range_plan(
    table: SlotTable, request: RangeRequest, rules: RangeRules
) -> tuple[Outcome, ...]:
    """Every allowed outcome of a request to this table, never none."""
    wrong = wrong_with(table, request, rules)
    done = tuple(Outcome(Done(), each) for each in _versions(table, request, rules))
    if wrong is None:
        return done
    overlaps = wrong in {RangeObjection.MEETS, RangeObjection.MEETS_ITSELF}
    is_open = wrong in OPEN or (overlaps and not rules.refuses_overlap)
    return (REFUSED, *done) if is_open else (REFUSED,)


def _versions(
    table: SlotTable, request: RangeRequest, rules: RangeRules
) -> Iterator[tuple[SlotTable, ...]]:
    """The tables that may be published on the way, in order."""
    after = after_request(table, request)
    yield () if after == table else (after,)
    if isinstance(request, RemoveRange) and not rules.removes_at_once:
        met = table.meeting(request.gfn, request.npages, 0)
        if len(met) > 1:
            few = len(met) <= ANY_ORDER
            for order in permutations(met) if few else (met, met[::-1]):
                yield tuple(_one_by_one(table, request, order))


def _one_by_one(
    table: SlotTable, request: RemoveRange, met: tuple[Slot, ...]
) -> Iterator[SlotTable]:
    """The tables of a removal that takes away one range after the other."""
    end = request.gfn + request.npages
    for slot in met:
        first, last = max(slot.base, request.gfn), min(slot.base + slot.npages, end)
        table = _table(left_without(table, first, last - first))
        yield table


def after_request(table: SlotTable, request: RangeRequest) -> SlotTable:
    """The table that a request leaves which is carried out."""
    match request:
        case AddRange(gfn, npages, hva):
            left = left_without(table, gfn, npages)
            return _table((*left, _slot(MemoryRange(gfn, npages, hva))))
        case RemoveRange(gfn, npages):
            return _table(left_without(table, gfn, npages))
        case ReplaceTable(ranges):
            return range_table_of(ranges)


def left_without(table: SlotTable, gfn: int, npages: int) -> Iterator[Slot]:
    """The ranges of the table, and what is left of those that are cut."""
    end = gfn + npages
    for slot in table:
        if not slot.meets(gfn, npages):
            yield slot
            continue
        if slot.base < gfn:
            yield replace(slot, npages=gfn - slot.base)
        if end < slot.base + slot.npages:
            cut = end - slot.base
            yield replace(
                slot,
                base=Gfn(end),
                npages=slot.npages - cut,
                hva=Hva(slot.hva + (cut << PAGE_SHIFT)),
            )


def without_errno(reply: Reply) -> Reply:
    """The reply to a request, without an errno that nobody promised."""
    return Refused(None) if isinstance(reply, Refused) else reply


def _slot(one: MemoryRange) -> Slot:
    return Slot(NO_ID, Gfn(one.gfn), one.npages, Hva(one.hva))


def _table(slots: Iterable[Slot]) -> SlotTable:
    kept = (slot for slot in slots if slot.npages)
    return SlotTable(tuple(sorted(kept, key=_BY_BASE)))
