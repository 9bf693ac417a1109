"""Moments of calls: a call with its reply, and with what may explain it.

A clause about replies is asked once, when the reply is there, with everything
that bears on it gathered in one value.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.explained import any_explains, explained_by_spte
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.forgetting import STALE_KEPT
from memslot_spec.facts.host import BITMAP, METADATA, Resource
from memslot_spec.history.events import Return
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.operations import (
    GuestAccess,
    Operation,
    SetRegion,
)
from memslot_spec.model.replies import Accessed, Done, Refused, Reply
from memslot_spec.model.updates import (
    Change,
    Objection,
    conflicts,
    malformed,
    may_lack_memory,
    met_by,
    target_of,
)
from memslot_spec.model.values import Errno, MemoryRegion, Slot, SlotTable
from memslot_spec.moments.making import Making, Makings

LOOKED_AT_LAST = frozenset({Objection.OVERLAP, Objection.BEYOND_GUEST})
"""Objections that give way to every other, which is EINVAL."""


@dataclass(slots=True)
class Answered:
    """A reader's operation with its reply, and the `call` as it went so far.

    `candidates` are the tables that may explain the reply, oldest first: those
    the operation loaded where points tell, else those that may have been
    current during the call. `stale` are older tables. `explained` says that a
    candidate explains the reply, `explained_stale` that only an older one does.
    """

    thread: int
    operation: Operation
    reply: Reply
    candidates: tuple[SlotTable, ...]
    stale: tuple[SlotTable, ...]
    explained: bool
    explained_stale: bool
    call: CallFacts


@dataclass(slots=True)
class Updated:
    """A request with its reply.

    `base` is the table it started from, None where overlapping updates leave
    that open; `change` and `conflicts` are empty then too. `after` is the table
    that it left, None where points do not tell; `published` are the tables that
    it published, in order. `alone` says that no other update overlapped it, and
    `may_lack_memory` that nobody promised memory for all its pages.
    """

    thread: int
    operation: SetRegion
    reply: Reply
    base: SlotTable | None
    change: Change | None
    malformed: tuple[Objection, ...]
    conflicts: tuple[Objection, ...]
    after: SlotTable | None
    published: tuple[SlotTable, ...]
    alone: bool
    may_lack_memory: bool

    @property
    def region(self) -> MemoryRegion:
        """What it asked for."""
        return self.operation.region

    @property
    def wrong(self) -> tuple[Objection, ...]:
        """Everything that is wrong with the request."""
        return (*self.malformed, *self.conflicts)

    @property
    def is_wrong_before_overlap(self) -> bool:
        """Something else is wrong than overlap or the guest's last frame."""
        return any(objection not in LOOKED_AT_LAST for objection in self.wrong)

    @property
    def accepted(self) -> bool:
        """The reply is success."""
        return isinstance(self.reply, Done)

    def refused_with(self, errno: Errno) -> bool:
        """It was refused so, or by a target that cannot tell the errno."""
        reply = self.reply
        return isinstance(reply, Refused) and (
            reply.errno is None or reply.errno is errno
        )

    def is_wrong_only_by(self, objection: Objection) -> bool:
        """Nothing else is wrong, and no failure was injected."""
        return self.wrong == (objection,) and self.operation.failure is None

    @property
    def ran_out_of_memory(self) -> bool:
        """It failed as a request may that nobody promised memory for."""
        return self.may_lack_memory and self.refused_with(Errno.ENOMEM)

    @property
    def is_faultless(self) -> bool:
        """Nothing is wrong, on a table that is known; no failure struck or might."""
        return (
            self.base is not None
            and not self.malformed
            and not self.conflicts
            and self.operation.failure is None
            and not self.ran_out_of_memory
        )


@dataclass(slots=True)
class Placed:
    """A request with its reply, beside the slots of the table it started from.

    `old` is its slot there, `others` the other slots of its address space, and
    `met` those of them that the overlap test finds.
    """

    update: Updated
    base: SlotTable
    old: Slot | None
    others: tuple[Slot, ...]
    met: tuple[Slot, ...]

    @property
    def region(self) -> MemoryRegion:
        """What was asked for."""
        return self.update.region

    @property
    def takes_range(self) -> bool:
        """It is a CREATE or a MOVE."""
        change = self.update.change
        return change is Change.CREATE or change is Change.MOVE


@dataclass(slots=True)
class TableLeft:
    """A request with its reply, and the table that it left, as points tell.

    `slot` is the slot that the request is about, as this table has it.
    """

    update: Updated
    table: SlotTable
    slot: Slot | None


@dataclass(slots=True)
class RequestFailed:
    """A request is refused: what it did with arrays and bitmaps, as points tell.

    `lost` is what it freed of that which its slot has, `found` all of it.
    """

    lost: tuple[Resource, ...]
    found: Attached | None


def answered(facts: Facts, event: Return, known: CallFacts) -> Answered:
    """The reader's call with its reply and every table that may explain it."""
    operation, reply = known.operation, event.reply
    settled_only = isinstance(operation, GuestAccess) and operation.may_use_spte
    if facts.sighted:
        candidates, first = _loaded(facts, known, settled_only=settled_only)
        stale = tuple(facts.tables.versions[max(first - STALE_KEPT, 0) : first])
    else:
        worlds, first = facts.worlds, 0
        candidates = worlds.candidates(event.thread, settled_only=settled_only)
        stale = worlds.older(event.thread, settled_only=settled_only)
    explained = any_explains(facts, candidates, known, reply)
    if not explained and facts.sighted and settled_only and isinstance(reply, Accessed):
        # An spte that another thread made meanwhile, from a later table, may be
        # what the access met in the end.
        later = facts.tables.versions[first:]
        explained = any_explains(facts, later, known, reply)
        explained |= explained_by_spte(facts, known, candidates, reply)
    explained_stale = not explained and any_explains(facts, stale, known, reply)
    return Answered(
        event.thread,
        operation,
        reply,
        candidates,
        stale,
        explained,
        explained_stale,
        known,
    )


def _loaded(
    facts: Facts, known: CallFacts, *, settled_only: bool
) -> tuple[tuple[SlotTable, ...], int]:
    """The tables an operation loaded, and the first version among them.

    An operation that loaded none (a guest access through an spte that stood
    already) may be explained by any table since the last settled one.
    """
    versions = facts.tables.versions
    if known.loaded:
        loaded = sorted(set(known.loaded))
        first, tables = loaded[0], [versions[version] for version in loaded]
    else:
        first = known.settled if settled_only else known.floor
        tables = versions[first:]
    if len(tables) == 1:
        return (tables[0],), first
    return tuple(dict.fromkeys(tables)), first


def updated(
    facts: Facts, event: Return, known: CallFacts, operation: SetRegion
) -> Updated:
    """The request with its reply and what was wrong with it where it began."""
    update, versions = known.update, facts.tables.versions
    base = None if update is None else update.base
    published = () if update is None else tuple(versions[v] for v in update.published)
    region, profile, limits = operation.region, facts.profile, facts.limits
    return Updated(
        event.thread,
        operation,
        event.reply,
        base,
        None if update is None else update.change,
        malformed(region, profile, limits, private=operation.private),
        () if base is None else conflicts(base, region, profile, limits),
        (published[-1] if published else base) if facts.sighted else None,
        published,
        update is not None and update.alone,
        update is not None
        and may_lack_memory(update.change, update.old, region, limits),
    )


def _placed(facts: Facts, update: Updated) -> Placed | None:
    base, region = update.base, update.region
    if base is None:
        return None
    as_id, slot_id = as_id_of(region.slot), id_of(region.slot)
    others = tuple(s for s in base if s.as_id == as_id and s.id != slot_id)
    overlaps = Objection.OVERLAP in update.conflicts
    met = met_by(base, region, facts.profile) if overlaps else ()
    return Placed(update, base, target_of(base, region), others, met)


def _table_left(_: Facts, update: Updated) -> TableLeft | None:
    after = update.after
    if after is None:
        return None
    return TableLeft(update, after, target_of(after, update.region))


def _failed(facts: Facts, update: Updated) -> RequestFailed | None:
    if not isinstance(update.reply, Refused):
        return None
    host, word = facts.host, update.region.slot
    found = host.attached.get((as_id_of(word), id_of(word)))
    if found is None:
        return RequestFailed((), None)
    owned = {(METADATA, found.metadata), (BITMAP, found.bitmap)}
    made = host.made.get(update.thread, ())
    freed = host.freed.get(update.thread, ())
    return RequestFailed(
        lost=tuple(one for one in freed if one in owned and one not in made),
        found=found,
    )


MAKINGS: Makings = (
    Making(Placed, Updated, _placed),
    Making(TableLeft, Updated, _table_left),
    Making(RequestFailed, Updated, _failed),
)
