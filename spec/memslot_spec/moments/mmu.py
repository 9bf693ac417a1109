"""Moments of the shadow MMU: sptes at rest, and what TLBs may still hold.

Sptes are said to be `in_tlbs` that were removed or replaced, while a processor may
still use their translation: since then no flush, no new root that every vCPU has to
take, and no spte that permits as much again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.facts.calls import Update
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place, Spte
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.model.operations import (
    AllocateRoot,
    ClearDirtyLog,
    GetDirtyLog,
    GuestAccess,
    Origin,
)
from memslot_spec.model.readers import gfn_to_memslot, is_visible_gfn, serves
from memslot_spec.model.replies import DirtyLog, Done, Reply
from memslot_spec.model.updates import Change
from memslot_spec.model.values import Slot
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered, Updated


@dataclass(slots=True)
class BackedAccess:
    """A guest access to a frame that has a valid slot, whatever table it used.

    One table alone may explain its reply, and `explained` says that it does.
    """

    access: GuestAccess
    slot: Slot
    reply: Reply
    explained: bool


@dataclass(slots=True)
class RootAsked:
    """A shadow root was asked for; `visible_in` tells whether its frame is visible.

    In the tables that the call may have met: yes, no, or in some.
    """

    reply: Reply
    visible_in: frozenset[bool]


@dataclass(slots=True)
class SlotFlushed:
    """A delete or a move flushes the slot that it has published as INVALID."""

    update: Update
    old: Slot


@dataclass(slots=True)
class AtRest:
    """The shadow state has come to rest: its lock was just given back.

    `touched` are the (page, index) places of the sptes changed meanwhile.
    """

    thread: int
    touched: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class SpteInSlot:
    """A present leaf spte, and the slot in the table that it was looked up in."""

    place: Place
    spte: Spte
    slot: Slot


@dataclass(slots=True)
class MappedAtRest:
    """The sptes, of known slots, that are present where something was changed."""

    sptes: tuple[SpteInSlot, ...]


@dataclass(slots=True)
class LogWalked:
    """A GET or CLEAR of a slot's log succeeded, and held `mmu_lock` for it.

    `writable_in_tlbs` are the slot's, stale when it last released `mmu_lock`.
    """

    writable_in_tlbs: tuple[Spte, ...]


@dataclass(slots=True)
class LogCleared:
    """A GET or CLEAR of a slot's log succeeded, and took pages out of it.

    `unarmed` are the sptes by which the guest can write to one of those pages, and
    could before the taking, though it is not dirty again.
    """

    unarmed: tuple[Spte, ...]


@dataclass(slots=True)
class LoggingEnabled:
    """A request turned a live slot's dirty logging on, and held `mmu_lock` for it.

    `writable_in_tlbs` are the slot's, stale when it last released `mmu_lock`.
    """

    writable_in_tlbs: tuple[Spte, ...]


@dataclass(slots=True)
class SpteReplaced:
    """A guest access is answered, and its fault removed some spte.

    `in_tlbs` are those that this fault removed or replaced.
    """

    in_tlbs: tuple[Spte, ...]


def gfns_of(sptes: Iterable[Spte]) -> str:
    """The frames at which sptes begin, in hex."""
    return ", ".join(f"{gfn:#x}" for gfn in sorted(spte.gfn for spte in sptes))


def held_mmu_lock(facts: Facts, thread: int) -> bool:
    """The thread has released `mmu_lock` since its open call began."""
    known = facts.calls.get(thread)
    return known is not None and facts.host.unlocked_at.get(thread, -1) > known.step


def _backed_access(
    facts: Facts,  # noqa: ARG001 - a maker's form
    answered: Answered,
) -> BackedAccess | None:
    access = answered.operation
    if not isinstance(access, GuestAccess) or len(answered.candidates) != 1:
        return None
    slot = gfn_to_memslot(answered.candidates[0], access.gfn, access.as_id)
    if slot is None or slot.invalid:
        return None
    if access.origin is Origin.KVM and not serves(slot, access):
        return None
    return BackedAccess(access, slot, answered.reply, answered.explained)


def _root_asked(facts: Facts, answered: Answered) -> RootAsked | None:
    root, tables = answered.operation, answered.candidates
    if not isinstance(root, AllocateRoot):
        return None
    visible = (is_visible_gfn(table, root.gfn, facts.limits) for table in tables)
    return RootAsked(answered.reply, frozenset(visible))


def _flushed(facts: Facts, event: Flushed) -> SlotFlushed | None:
    update = facts.update_of(event.thread)
    if update is None or not update.takes_slot_away or update.old is None:
        return None
    if update.invalid_published_at < 0 or event.slot_id not in {None, update.old.id}:
        return None
    return SlotFlushed(update, update.old)


def _mapped_at_rest(facts: Facts, rest: AtRest) -> MappedAtRest | None:
    sptes = facts.shadow.sptes
    mapped = tuple(
        SpteInSlot(place, spte, spte.slot)
        for place in rest.touched
        if (spte := sptes.get(place)) is not None and spte.slot is not None
    )
    return MappedAtRest(mapped) if mapped else None


def _slot_of_log(facts: Facts, answered: Answered) -> Slot | None:
    """The slot whose log was read or cleared, with success."""
    operation = answered.operation
    if not isinstance(operation, GetDirtyLog | ClearDirtyLog):
        return None
    if not isinstance(answered.reply, DirtyLog | Done):
        return None
    word = operation.slot
    return facts.tables.current.find(as_id_of(word), id_of(word))


def _writable_in_tlbs(facts: Facts, thread: int, slot: Slot) -> tuple[Spte, ...]:
    stale = facts.host.stale_at_unlock(thread)
    return tuple(spte for spte in stale if not spte.armed and spte.meets(slot))


def _log_walked(facts: Facts, answered: Answered) -> LogWalked | None:
    slot, thread = _slot_of_log(facts, answered), answered.thread
    if slot is None or not held_mmu_lock(facts, thread):
        return None
    return LogWalked(_writable_in_tlbs(facts, thread, slot))


def _log_cleared(facts: Facts, answered: Answered) -> LogCleared | None:
    slot = _slot_of_log(facts, answered)
    cleared = facts.host.cleared.get(answered.thread)
    if slot is None or cleared is None:
        return None
    pages = cleared.pages
    if pages is None:
        # The slot got another bitmap: what the old one held is what is reported.
        reply = answered.reply
        pages = tuple(set_bits(reply.bitmap)) if isinstance(reply, DirtyLog) else ()
    gfns = {slot.base + page for page in pages if page not in cleared.again}
    unarmed = tuple(
        spte
        for spte in facts.shadow.sptes.values()
        if not spte.armed
        and spte.opened <= cleared.serial
        and spte.as_id == slot.as_id
        and any(spte.gfn <= gfn < spte.gfn + spte.npages for gfn in gfns)
    )
    return LogCleared(unarmed)


def _logging_enabled(facts: Facts, updated: Updated) -> LoggingEnabled | None:
    update, thread = facts.update_of(updated.thread), updated.thread
    if update is None or update.old is None or updated.change is not Change.FLAGS:
        return None
    if update.old.log_dirty or not updated.operation.region.log_dirty:
        return None
    if not isinstance(updated.reply, Done) or not held_mmu_lock(facts, thread):
        return None
    return LoggingEnabled(_writable_in_tlbs(facts, thread, update.old))


def _spte_replaced(facts: Facts, answered: Answered) -> SpteReplaced | None:
    known, thread = facts.calls.get(answered.thread), answered.thread
    if known is None or not isinstance(known.operation, GuestAccess):
        return None
    if facts.host.removed_at.get(thread, -1) <= known.step:
        return None
    return SpteReplaced(facts.host.stale_since(known.step, thread))


MAKINGS: Makings = (
    Making(BackedAccess, Answered, _backed_access),
    Making(RootAsked, Answered, _root_asked),
    Making(SlotFlushed, Flushed, _flushed),
    Making(MappedAtRest, AtRest, _mapped_at_rest),
    Making(LogWalked, Answered, _log_walked),
    Making(LogCleared, Answered, _log_cleared),
    Making(LoggingEnabled, Updated, _logging_enabled),
    Making(SpteReplaced, Answered, _spte_replaced),
)
