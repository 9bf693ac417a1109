"""Moments of caches: cached host addresses, cached MMIO, and a table's generation."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.generations import Generation
from memslot_spec.history.points.caches import GenerationSet, MmioHit, MmioPlace
from memslot_spec.model.hva_caches import (
    HvaRange,
    backs,
    init_replies,
    slots_under,
    use_replies,
)
from memslot_spec.model.operations import GuestAccess, InitHvaCache, UseHvaCache
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class CacheInitialised:
    """A cache of host addresses was initialised with a range of some bytes.

    `backed_by` tells whether the tables that it may have met back the range: yes,
    no, or some do. `allowed` are the answers of these tables; `explained` says that
    the reply is one of them.
    """

    cached: HvaRange
    reply: Reply
    backed_by: frozenset[bool]
    allowed: tuple[Reply, ...]
    explained: bool


@dataclass(slots=True)
class CacheUsed:
    """A cache of host addresses was used whose range is known.

    `backed_by` and `allowed` are as they are of an initialisation.
    """

    answered: Answered
    cached: HvaRange
    use: UseHvaCache
    backed_by: frozenset[bool]
    allowed: tuple[Reply, ...]

    @property
    def is_inside(self) -> bool:
        """The part that is used lies in the cached range."""
        return self.cached.holds(self.use)

    @property
    def is_in_one_slot(self) -> bool:
        """The part that is used crosses from one slot into another in no table."""
        part, tables = self.cached.part(self.use), self.answered.candidates
        met = (slots_under(table, part) or () for table in tables)
        return not part.wraps and all(len(slots) <= 1 for slots in met)


@dataclass(slots=True)
class WrappedCacheUsed:
    """A cache was used that was refused because its range wraps.

    No request was called since, or was under way at either call.
    """

    reply: Reply


@dataclass(slots=True)
class AccessHit:
    """A guest access was taken for MMIO by what is cached, without a lookup.

    `slot` is what a lookup finds in the table that the entry was compared with.
    """

    access: GuestAccess
    slot: Slot | None


@dataclass(slots=True)
class EntryHit:
    """What was cached of MMIO was used, in the one place or in the other.

    `current` is the generation that it was compared with, `cached` are those of
    the tables from which it may have been made.
    """

    place: MmioPlace
    current: Generation
    cached: frozenset[Generation]


@dataclass(slots=True)
class TableNumbered:
    """A published table gets its generation, without the mark of an open update.

    `put_back` says that its request failed, and that it is the table from before.
    """

    event: GenerationSet
    published_at: int
    put_back: bool


def _initialised(facts: Facts, answered: Answered) -> CacheInitialised | None:  # noqa: ARG001
    init, tables = answered.operation, answered.candidates
    if not isinstance(init, InitHvaCache) or init.length == 0:
        return None
    cached = HvaRange(init.gpa, init.length)
    replies = (reply for t in tables for reply in init_replies(t, init) or ())
    allowed = tuple(dict.fromkeys(replies))
    return CacheInitialised(
        cached,
        answered.reply,
        _backed_by(tables, cached),
        allowed,
        answered.explained,
    )


def _backed_by(tables: tuple[SlotTable, ...], cached: HvaRange) -> frozenset[bool]:
    return frozenset(backs(table, cached) for table in tables)


def _used(_: Facts, answered: Answered) -> CacheUsed | None:
    use, tables = answered.operation, answered.candidates
    if not isinstance(use, UseHvaCache):
        return None
    cached = answered.call.cached
    if cached is None:
        return None
    replies = (reply for t in tables for reply in use_replies(t, cached, use))
    allowed = tuple(dict.fromkeys(replies))
    return CacheUsed(answered, cached, use, _backed_by(tables, cached), allowed)


def _wrapped_used(facts: Facts, answered: Answered) -> WrappedCacheUsed | None:
    use = answered.operation
    if not isinstance(use, UseHvaCache) or not facts.undisturbed(answered.call):
        return None
    if facts.cached.wrapped.get(use.cache) != facts.updates_called:
        return None
    return WrappedCacheUsed(answered.reply)


def _access_hit(facts: Facts, event: MmioHit) -> AccessHit | None:
    known = facts.calls.get(event.thread)
    if known is None or not isinstance(known.operation, GuestAccess):
        return None
    table = facts.tables.versions[facts.version(event.table)]
    return AccessHit(known.operation, gfn_to_memslot(table, event.gfn, event.as_id))


def _entry_hit(facts: Facts, event: MmioHit) -> EntryHit | None:
    cached = facts.generations.behind(event)
    if not cached:
        return None
    return EntryHit(event.place, facts.generations.of(event.table, event.as_id), cached)


def _numbered(facts: Facts, event: GenerationSet) -> TableNumbered | None:
    published_at = facts.generations.published.get(event.table)
    if event.in_progress or published_at is None:
        return None
    update = facts.update_of(event.thread)
    put_back = (
        update is not None
        and update.takes_slot_away
        and len(update.published) > 1
        and facts.tables.current == update.base
    )
    return TableNumbered(event, published_at, put_back)


MAKINGS: Makings = (
    Making(CacheInitialised, Answered, _initialised),
    Making(CacheUsed, Answered, _used),
    Making(WrappedCacheUsed, Answered, _wrapped_used),
    Making(AccessHit, MmioHit, _access_hit),
    Making(EntryHit, MmioHit, _entry_hit),
    Making(TableNumbered, GenerationSet, _numbered),
)
