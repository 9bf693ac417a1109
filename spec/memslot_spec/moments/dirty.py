"""Moments of dirty logs: what a GET or a CLEAR answers, and what it leaves unarmed.

An spte is *armed* where a write by it is noticed: it has no W bit, or its D bit is
clear and the processor logs the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.facts.bitmaps import undirtied
from memslot_spec.facts.dirty_log import Log, LogCall, Why, may_report, must_report
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.dirty_log import (
    DirtyObjection,
    clear_objections,
    get_objections,
    given_pages,
    slot_key,
    slot_named,
)
from memslot_spec.model.operations import ClearDirtyLog, GetDirtyLog
from memslot_spec.model.replies import DirtyLog, Done, Reply
from memslot_spec.model.values import Slot
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.replies import Answered, Updated

Objections = frozenset[DirtyObjection | None]
"""What is wrong with a call first in each table that it may have met; None: nothing."""

FAULTLESS: Objections = frozenset({None})
"""No such table has anything against the call."""


@dataclass(slots=True)
class GetCalled:
    """A GET with its reply; `sizes` are those of its slot in all of these tables."""

    reply: Reply
    objections: Objections
    sizes: frozenset[int]


@dataclass(slots=True)
class ClearCalled:
    """A CLEAR with its reply."""

    reply: Reply
    objections: Objections


@dataclass(slots=True)
class SizedLog:
    """A GET of a slot that logs, and has so many pages, in every table."""

    reply: Reply
    npages: int


@dataclass(slots=True)
class LogReported:
    """A GET has answered with the log of a slot.

    It `reported` these pages, and must report those of `must_report`, each for its
    reason. Pages are counted from the slot's base.
    """

    call: LogCall
    log: Log
    reported: frozenset[int]
    must_report: Mapping[int, Why]

    def missing(self, why: Why) -> tuple[int, ...]:
        """The pages that it must report for this reason, and did not."""
        due = self.must_report.items()
        return tuple(sorted(p for p, w in due if w is why and p not in self.reported))


@dataclass(slots=True)
class BoundedLog:
    """A GET has answered with a log of which it is known what it may have.

    `surplus` are the pages reported beyond that. `cleared` were taken out by a
    CLEAR and not written since; `is_first` says that the log was never reported.
    `unwritable` are the pages reported of a READONLY slot, None of another slot and of
    a log that began with every page.
    """

    surplus: frozenset[int]
    cleared: frozenset[int]
    is_first: bool
    unwritable: frozenset[int] | None


@dataclass(slots=True)
class LogProtected:
    """A GET or a CLEAR was carried out, and `mmu_lock` is not held.

    Every page of the slot, or every one that the CLEAR was given, is dirty or
    armed, but for those that are `unarmed`.
    """

    unarmed: tuple[int, ...]


@dataclass(slots=True)
class LoggingBegan:
    """A request turned on the logging of a live slot, with clean pages.

    Its pages are dirty or armed, but for those that are `unarmed`.
    """

    unarmed: tuple[int, ...]


@dataclass(slots=True)
class WritableMapped:
    """At rest: unarmed sptes of slots that log were made or left so since the last.

    `clean` are the pages under them that are not dirty, each with its slot.
    """

    clean: tuple[tuple[Slot, tuple[int, ...]], ...]


@dataclass(slots=True)
class BitmapsPublished:
    """A table is published in which slots have dirty bitmaps.

    `too_small` are the slots with fewer bits than pages, each with its bits.
    """

    too_small: tuple[tuple[Slot, int], ...]


def _get_called(facts: Facts, answered: Answered) -> GetCalled | None:
    get, tables = answered.operation, answered.candidates
    if not isinstance(get, GetDirtyLog):
        return None
    profile, limits = facts.profile, facts.limits
    found = (get_objections(table, get.slot, profile, limits) for table in tables)
    slots = (slot_named(table, get.slot) for table in tables)
    sizes = frozenset(slot.npages for slot in slots if slot is not None)
    return GetCalled(answered.reply, _first(found), sizes)


def _clear_called(facts: Facts, answered: Answered) -> ClearCalled | None:
    clear, tables = answered.operation, answered.candidates
    if not isinstance(clear, ClearDirtyLog):
        return None
    profile, limits = facts.profile, facts.limits
    found = (clear_objections(table, clear, profile, limits) for table in tables)
    return ClearCalled(answered.reply, _first(found))


def _first(found: Iterable[tuple[DirtyObjection, ...]]) -> Objections:
    return frozenset(next(iter(objections), None) for objections in found)


def _sized(facts: Facts, get: GetCalled) -> SizedLog | None:  # noqa: ARG001
    if get.objections != FAULTLESS or len(get.sizes) != 1:
        return None
    return SizedLog(get.reply, *get.sizes)


def _reported(facts: Facts, answered: Answered) -> LogReported | None:
    call, reply = facts.dirty.calls.get(answered.thread), answered.reply
    if call is None or call.log is None or not isinstance(reply, DirtyLog):
        return None
    # Bits past the end are no pages.
    npages = call.log.slot.npages
    reported = frozenset(page for page in set_bits(reply.bitmap) if page < npages)
    return LogReported(call, call.log, reported, must_report(call, call.log))


def _bounded(facts: Facts, reported: LogReported) -> BoundedLog | None:
    call = reported.call
    allowed = may_report(facts.dirty, call, reported.log)
    if allowed is None:
        return None
    # Which of its first pages a log still has is not known of every CLEAR.
    is_bare = reported.log.slot.readonly and not reported.log.began_dirty
    return BoundedLog(
        reported.reported - allowed,
        call.cleared,
        call.fresh,
        reported.reported if is_bare else None,
    )


def _protected(facts: Facts, answered: Answered) -> LogProtected | None:
    call, reply = answered.operation, answered.reply
    if not isinstance(call, GetDirtyLog | ClearDirtyLog):
        return None
    if not isinstance(reply, DirtyLog | Done) or facts.sections.mmu_holder is not None:
        return None
    slot = slot_named(facts.tables.current, call.slot)
    if slot is None or not _goes_on_logging(facts, slot):
        return None
    if facts.bitmaps.of(slot) is None:
        return None
    if isinstance(call, GetDirtyLog):
        return LogProtected(_unarmed(facts, slot))
    given = given_pages(call, slot.npages)
    unarmed = given.intersection(_unarmed(facts, slot))
    return LogProtected(tuple(sorted(unarmed))) if given else None


def _goes_on_logging(facts: Facts, slot: Slot) -> bool:
    """The slot logs, and no request for it is open."""
    return slot.log_dirty and all(
        slot_key(update.word) != (slot.as_id, slot.id)
        for update in facts.open_updates()
    )


def _unarmed(facts: Facts, slot: Slot) -> tuple[int, ...]:
    """The pages of a slot that the guest can write to with no bit set for it."""
    return tuple(
        page
        for spte in facts.shadow.sptes.values()
        for page in undirtied(facts.bitmaps, facts.shadow, slot, spte)
    )


def _began(facts: Facts, update: Updated) -> LoggingBegan | None:
    if not isinstance(update.reply, Done) or update.base is None:
        return None
    word = update.operation.region.slot
    before, slot = slot_named(update.base, word), slot_named(facts.tables.current, word)
    if before is None or before.log_dirty or slot is None or not slot.log_dirty:
        return None
    bitmap = facts.bitmaps.of(slot)
    if bitmap is None or bitmap.all_set or facts.sections.mmu_holder is not None:
        return None
    about = [u for u in facts.open_updates() if u.word == word]
    if any(other.operation is not update.operation for other in about):
        return None
    return LoggingBegan(_unarmed(facts, slot))


def _mapped(facts: Facts, rest: AtRest) -> WritableMapped | None:
    found: list[tuple[Slot, tuple[int, ...]]] = []
    for place in rest.touched:
        spte = facts.shadow.sptes.get(place)
        if spte is None or spte.armed or spte.slot is None:
            continue
        slot = facts.tables.current.find(spte.slot.as_id, spte.slot.id)
        if slot is None or facts.bitmaps.of(slot) is None:
            continue
        if _goes_on_logging(facts, slot):
            clean = undirtied(facts.bitmaps, facts.shadow, slot, spte)
            found.append((slot, clean))
    if not found:
        return None
    return WritableMapped(tuple((slot, pages) for slot, pages in found if pages))


def _bitmaps(facts: Facts, event: TablePublished) -> BitmapsPublished | None:
    live, rooms = facts.bitmaps.live, list[tuple[Slot, int]]()
    for one in event.attached:
        if one.bitmap is None or one.bitmap not in live:
            continue
        slot = event.slots.find(one.as_id, one.slot_id)
        if slot is not None:
            rooms.append((slot, live[one.bitmap].npages))
    if not rooms:
        return None
    return BitmapsPublished(tuple((s, bits) for s, bits in rooms if bits < s.npages))


MAKINGS: Makings = (
    Making(GetCalled, Answered, _get_called),
    Making(ClearCalled, Answered, _clear_called),
    Making(SizedLog, GetCalled, _sized),
    Making(LogReported, Answered, _reported),
    Making(BoundedLog, LogReported, _bounded),
    Making(LogProtected, Answered, _protected),
    Making(LoggingBegan, Updated, _began),
    Making(WritableMapped, AtRest, _mapped),
    Making(BitmapsPublished, TablePublished, _bitmaps),
)
