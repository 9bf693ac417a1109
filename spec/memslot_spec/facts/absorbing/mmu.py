"""What the points of the shadow MMU add: its lock, shadow pages, sptes and rmaps."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import touches
from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import pages_faulted
from memslot_spec.facts.mmu import Place, Spte, Unmarked, pages_at
from memslot_spec.facts.srcu import give_back, take
from memslot_spec.history.events import Return
from memslot_spec.history.points.mmu import (
    Flushed,
    MmuLocked,
    MmuUnlocked,
    RmapAdded,
    RmapRemoved,
    ShadowPageCreated,
    ShadowPageZapped,
    SlotBitSet,
    SpteMapped,
    SpteRemoved,
    SpteUpdated,
)
from memslot_spec.model.operations import GuestAccess, InvalidateRange, PreFault
from memslot_spec.model.readers import gfn_to_memslot


def _mmu_locked(facts: Facts, event: MmuLocked) -> None:
    facts.sections.mmu_holder = event.thread
    take(facts.sections.mmu_lock, event.thread)


def _mmu_unlocked(facts: Facts, event: MmuUnlocked) -> None:
    facts.sections.mmu_holder = None
    give_back(facts.sections.mmu_lock, event.thread)


def _shadow_page_created(facts: Facts, event: ShadowPageCreated) -> None:
    facts.shadow.page_created(event)


def _shadow_page_zapped(facts: Facts, event: ShadowPageZapped) -> None:
    facts.shadow.page_zapped(event)


def _slot_bit_set(facts: Facts, event: SlotBitSet) -> None:
    facts.shadow.bit_set(event)


def _spte_mapped(facts: Facts, event: SpteMapped) -> None:
    """The spte is known with the slot of the table that it was translated through."""
    _no_longer(facts, (event.page, event.index))
    table = facts.tables.versions[facts.version(event.table)]
    facts.shadow.mapped(event, gfn_to_memslot(table, event.gfn, event.as_id))
    spte = facts.shadow.sptes[event.page, event.index]
    facts.host.permitted((event.page, event.index), spte)
    facts.bitmaps.mapped(spte)
    _mapped_in_open_ranges(facts, event, spte)
    for call in facts.calls.values():
        if isinstance(call.operation, PreFault) and event.as_id == 0:
            call.mapped.append((spte.gfn, spte.npages))
    # A fault through the old table may map the first frame of a slot that was
    # just published as INVALID: the flush has to remove it like the others.
    for update in facts.open_updates():
        old = update.old
        if old is not None and update.invalid_published_at >= 0 > update.flushed_at:
            update.had_sptes |= old.as_id == event.as_id and old.meets(
                event.gfn, pages_at(event.level)
            )


def _no_longer(facts: Facts, place: Place) -> None:
    """Accesses under way may have gone through the spte that stands there so far."""
    spte = facts.shadow.sptes.get(place)
    if spte is None:
        return
    for call in facts.calls.values():
        access = call.operation
        if isinstance(access, GuestAccess) and spte.lets_through(access):
            call.stood += (spte,)


def _mapped_in_open_ranges(facts: Facts, event: SpteMapped, spte: Spte) -> None:
    """A large spte, for a page beside the range, has to go before the range is done."""
    pages = pages_faulted(event, facts.calls.get(event.thread))
    for thread, start, end in facts.host.open:
        call = facts.calls.get(thread)
        if call is None or not isinstance(call.operation, InvalidateRange):
            continue
        if spte.meets_hvas(start, end) and not touches(*pages, start, end):
            call.must_go(spte, call.operation)


def _spte_updated(facts: Facts, event: SpteUpdated) -> None:
    """A TLB may still let through what the spte did; what opens it may mark later."""
    shadow, place = facts.shadow, (event.page, event.index)
    before = shadow.sptes.get(place)
    if not event.writable:
        _no_longer(facts, place)
    shadow.updated(event, dirty=event.dirty or not facts.tracks_dirty_bits)
    after, call = shadow.sptes.get(place), facts.calls.get(event.thread)
    if before is None or after is None:
        return
    if facts.watches_tlbs and (event.other_page or not after.permits(before)):
        facts.host.removed_at[event.thread] = facts.step
        facts.host.removed(before, place, event.thread, facts.step)
    if event.other_page:
        return
    facts.host.permitted(place, after)
    if after.opened == before.opened:
        return
    if facts.sections.mmu_holder == event.thread or call is None:
        return
    if isinstance(call.operation, GuestAccess):
        gfn = call.operation.gfn
        shadow.unmarked[after.opened] = Unmarked(event.thread, place, gfn)


def _returned(facts: Facts, event: Return) -> None:
    facts.shadow.returned(event.thread)


def _spte_removed(facts: Facts, event: SpteRemoved) -> None:
    _no_longer(facts, (event.page, event.index))
    facts.shadow.removed(event)


def _rmap_added(facts: Facts, event: RmapAdded) -> None:
    facts.shadow.rmap_added(event)


def _rmap_removed(facts: Facts, event: RmapRemoved) -> None:
    facts.shadow.rmap_removed(event)


def _flushed(facts: Facts, event: Flushed) -> None:
    """An update's INVALID slot is flushed, where this flush was of it or of all."""
    update = facts.update_of(event.thread)
    if update is None or update.old is None or update.invalid_published_at < 0:
        return
    if event.slot_id in {None, update.old.id}:
        update.flushed_at = facts.step


ABSORB: Additions = (
    on(MmuLocked, _mmu_locked),
    on(MmuUnlocked, _mmu_unlocked),
    on(ShadowPageCreated, _shadow_page_created),
    on(ShadowPageZapped, _shadow_page_zapped),
    on(SlotBitSet, _slot_bit_set),
    on(SpteMapped, _spte_mapped),
    on(SpteRemoved, _spte_removed),
    on(SpteUpdated, _spte_updated),
    on(Return, _returned),
    on(RmapAdded, _rmap_added),
    on(RmapRemoved, _rmap_removed),
    on(Flushed, _flushed),
)
