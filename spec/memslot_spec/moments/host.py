"""Moments of the host's side: memory that it unmaps or ages, and what must follow."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte
from memslot_spec.history.points.host import InvalidationEnded
from memslot_spec.model.dirty_log import SlotKey
from memslot_spec.model.operations import AgeHva, ChangePte, InvalidateRange, UnmapHva
from memslot_spec.model.values import Slot
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.mmu import held_mmu_lock
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class HostUnmap:
    """The host has unmapped or replaced a page, or invalidated `start` to `end`.

    `was_mapped`: sptes mapped some of it when the call began; `left` are those of
    them still present. `invalid` are the serials of those whose frame was in an
    INVALID slot then; `whole` those of a page that an invalidation had all of, and
    `part` those of one of which it had a part. `in_tlbs` are sptes of that memory
    that a processor may still use, stale when the call last released `mmu_lock`, if
    it `held_mmu_lock` at all.
    `removed_some`: the call removed an spte, of whatever memory.
    """

    start: int
    end: int
    was_mapped: bool
    left: tuple[Spte, ...]
    invalid: frozenset[int]
    whole: frozenset[int]
    part: frozenset[int]
    held_mmu_lock: bool
    in_tlbs: tuple[Spte, ...]
    removed_some: bool


@dataclass(slots=True)
class RangeTaken:
    """An invalidation is about to end: the host has given its pages away.

    `was_mapped`: sptes mapped pages, all in the range, when the call began; `left` are
    those of them still present. `in_tlbs` are sptes of the range that a processor may
    still use, stale when the thread last released `mmu_lock`.
    """

    was_mapped: bool
    left: tuple[Spte, ...]
    in_tlbs: tuple[Spte, ...]


@dataclass(slots=True)
class UnmapWalk:
    """The host has unmapped a page that sptes mapped when the call began.

    `missed` are the slots that such an spte is left of, and in whose reverse maps
    the unmap has not looked, each by address space and id.
    """

    missed: tuple[SlotKey, ...]


@dataclass(slots=True)
class InvalidAged:
    """The host has aged a page that was mapped in an INVALID slot, and still is.

    `missed` are such slots in whose reverse maps it has not looked, each by address
    space and id.
    """

    missed: tuple[SlotKey, ...]


def _host_unmap(facts: Facts, answered: Answered) -> HostUnmap | None:
    operation, thread = answered.operation, answered.thread
    if isinstance(operation, UnmapHva | ChangePte):
        start = operation.hva >> PAGE_SHIFT << PAGE_SHIFT
        end = start + PAGE_SIZE
    elif isinstance(operation, InvalidateRange):
        start, end = operation.start, operation.end
    else:
        return None
    known, stale = facts.calls[thread], facts.host.stale_at_unlock(thread)
    return HostUnmap(
        start,
        end,
        was_mapped=bool(known.mappings),
        left=facts.shadow.present(known.mappings),
        invalid=known.invalid_mappings,
        whole=known.whole_mappings,
        part=known.part_mappings,
        held_mmu_lock=held_mmu_lock(facts, thread),
        in_tlbs=tuple(spte for spte in stale if spte.meets_hvas(start, end)),
        removed_some=facts.host.removed_at.get(thread, -1) > known.step,
    )


def _range_taken(facts: Facts, event: InvalidationEnded) -> RangeTaken | None:
    known = facts.calls.get(event.thread)
    if known is None or not isinstance(known.operation, InvalidateRange):
        return None
    if (event.start, event.end) != (known.operation.start, known.operation.end):
        return None
    stale = facts.host.stale_at_unlock(event.thread)
    held = held_mmu_lock(facts, event.thread)
    in_tlbs = (s for s in stale if held and s.meets_hvas(event.start, event.end))
    return RangeTaken(
        bool(known.whole_mappings),
        facts.shadow.present(known.whole_mappings),
        tuple(in_tlbs),
    )


def _unmap_walk(facts: Facts, answered: Answered) -> UnmapWalk | None:
    mapped = facts.calls[answered.thread].mappings
    if not isinstance(answered.operation, UnmapHva) or not mapped:
        return None
    left = facts.shadow.present(mapped)
    slots = {spte.slot for spte in left if spte.slot is not None}
    return UnmapWalk(_missed(facts, answered.thread, slots))


def _invalid_aged(facts: Facts, answered: Answered) -> InvalidAged | None:
    if not isinstance(answered.operation, AgeHva):
        return None
    mapped = facts.shadow.present(facts.calls[answered.thread].invalid_mappings)
    slots = {spte.slot for spte in mapped if spte.slot is not None}
    return InvalidAged(_missed(facts, answered.thread, slots)) if slots else None


def _missed(facts: Facts, thread: int, slots: set[Slot]) -> tuple[SlotKey, ...]:
    """Those of the slots not walked; a walk may not tell its address space."""
    walked = facts.calls[thread].walked
    keys = {(slot.as_id, slot.id) for slot in slots}
    return tuple(sorted(k for k in keys if not {k, (None, k[1])} & walked))


MAKINGS: Makings = (
    Making(HostUnmap, Answered, _host_unmap),
    Making(RangeTaken, InvalidationEnded, _range_taken),
    Making(UnmapWalk, Answered, _unmap_walk),
    Making(InvalidAged, Answered, _invalid_aged),
)
