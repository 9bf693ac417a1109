"""How facts grow: what each event adds, after the clauses have seen it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from memslot_spec.events import (
    Call,
    DomainDestroyed,
    Flushed,
    GracePeriodBegun,
    GracePeriodEnded,
    MmuLocked,
    MmuUnlocked,
    RmapAdded,
    RmapRemoved,
    SectionEntered,
    SectionLeft,
    ShadowPageCreated,
    ShadowPageZapped,
    SlotBitSet,
    SpteMapped,
    SpteRemoved,
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.facts import CallFacts, Facts, Update, by_kind
from memslot_spec.operations import SetRegion, UnmapHva
from memslot_spec.readers import gfn_to_memslot
from memslot_spec.shadow import pages_at

E = TypeVar("E")


def call(facts: Facts, event: Call) -> None:
    """A call begins; what it may not fall behind is settled now."""
    operation = event.operation
    known = CallFacts(
        operation, facts.step, facts.floor, facts.settled, facts.tables.newest, [], {}
    )
    facts.calls[event.thread] = known
    facts.updates.pop(event.thread, None)
    if isinstance(operation, SetRegion):
        _request(facts, event.thread, operation, known)
        return
    if not facts.sighted:
        facts.worlds.reader_called(event.thread)
    if isinstance(operation, UnmapHva):
        known.mappings = facts.shadow.serials_at_hva(operation.hva)
        known.invalid_mappings = _in_the_window(facts, known.mappings)


def _request(facts: Facts, thread: int, operation: SetRegion, known: CallFacts) -> None:
    facts.updates_called += 1
    others = facts.open_updates()
    for other in others:
        other.alone = False
        if not facts.sighted:
            other.base = None
    update = Update(operation, None, alone=not others, published=[])
    known.update = facts.updates[thread] = update
    if facts.sighted:
        if not others:
            update.starts_from(facts.tables.current)
        return
    tables = facts.worlds.tables()
    if not others and len(tables) == 1:
        update.starts_from(tables[0])
    facts.worlds.update_called(thread, operation)


def _in_the_window(facts: Facts, serials: frozenset[int]) -> frozenset[int]:
    """The mappings among these whose frame lies in an INVALID slot now."""
    invalid = [slot for slot in facts.tables.current if slot.invalid]
    return frozenset(
        spte.serial
        for spte in facts.shadow.sptes.values()
        if spte.serial in serials and any(spte.meets(slot) for slot in invalid)
    )


def section_entered(facts: Facts, event: SectionEntered) -> None:
    """A read section is open."""
    facts.sections.enter(event.thread, event.index)


def section_left(facts: Facts, event: SectionLeft) -> None:
    """A read section is over."""
    facts.sections.leave(event.thread, event.index)


def grace_period_begun(facts: Facts, event: GracePeriodBegun) -> None:
    """A grace period owes a wait to every section open now."""
    facts.sections.begin(event.thread, facts.step, facts.tables.newest)


def grace_period_ended(facts: Facts, event: GracePeriodEnded) -> None:
    """Tables replaced before the grace period began are out of sight."""
    period = facts.sections.end(event.thread)
    facts.tables.close(facts.sections.grace_floor)
    update = facts.update_of(event.thread)
    if (
        update is not None
        and period is not None
        and 0 <= update.invalid_published_at <= period.begun
        and update.graced_at < 0
    ):
        update.graced_at = facts.step


def domain_destroyed(facts: Facts, event: DomainDestroyed) -> None:
    """No section may begin from here on."""
    del event
    facts.sections.destroyed = True


def table_loaded(facts: Facts, event: TableLoaded) -> None:
    """The reader holds this version."""
    version = facts.tables.loaded(event.table)
    known = facts.calls.get(event.thread)
    if known is not None:
        known.loaded.append(version)
    section = facts.section_of(event.thread)
    if section is not None:
        section.loaded.append(version)
        section.handles.add(event.table)


def table_read(facts: Facts, event: TableRead) -> None:
    """The reader took this field from this version."""
    known = facts.calls.get(event.thread)
    if known is not None:
        known.last_read[event.field] = facts.version(event.table)


def table_published(facts: Facts, event: TablePublished) -> None:
    """The table is the current one; an update is a step further."""
    facts.tables.publish(event.table, event.slots, facts.step)
    update = facts.update_of(event.thread)
    if update is None:
        return
    update.published.append(facts.tables.newest)
    old = update.old
    if old is None or update.invalid_published_at >= 0:
        return
    now = event.slots.find(old.as_id, old.id)
    if now is not None and now.invalid:
        update.invalid_published_at = facts.step
        update.had_sptes = bool(facts.shadow.of_slot(old))


def table_reclaimed(facts: Facts, event: TableReclaimed) -> None:
    """The table's memory is gone, or in other use."""
    facts.tables.reclaimed.add(event.table)


def table_written(facts: Facts, event: TableWritten) -> None:
    """A reclaimed table that is written to is a private copy again."""
    facts.tables.written(event.table)


def update_locked(facts: Facts, event: UpdateLocked) -> None:
    """The updater starts from the table that is current now."""
    facts.sections.update_holder = event.thread
    update = facts.update_of(event.thread)
    if update is not None and facts.sighted:
        current = facts.tables.current
        if update.base is not current:
            update.starts_from(current)


def update_unlocked(facts: Facts, event: UpdateUnlocked) -> None:
    """Another updater may go on."""
    if facts.sections.update_holder == event.thread:
        facts.sections.update_holder = None


def mmu_locked(facts: Facts, event: MmuLocked) -> None:
    """The shadow state is in motion."""
    facts.sections.mmu_holder = event.thread


def mmu_unlocked(facts: Facts, event: MmuUnlocked) -> None:
    """The shadow state is at rest."""
    del event
    facts.sections.mmu_holder = None


def flushed(facts: Facts, event: Flushed) -> None:
    """The updater's slot is flushed, if it was this one or all."""
    update = facts.update_of(event.thread)
    if update is None or update.old is None or update.invalid_published_at < 0:
        return
    if event.slot_id in {None, update.old.id}:
        update.flushed_at = facts.step


def shadow_page_created(facts: Facts, event: ShadowPageCreated) -> None:
    """A shadow page stands."""
    facts.shadow.page_created(event)


def shadow_page_zapped(facts: Facts, event: ShadowPageZapped) -> None:
    """A shadow page is gone."""
    facts.shadow.page_zapped(event)


def slot_bit_set(facts: Facts, event: SlotBitSet) -> None:
    """A slot id is in a page's bitmap."""
    facts.shadow.bit_set(event)


def spte_mapped(facts: Facts, event: SpteMapped) -> None:
    """An spte stands, through the slot of the table that it was made from."""
    table = facts.tables.versions[facts.version(event.table)]
    facts.shadow.mapped(event, gfn_to_memslot(table, event.gfn))
    # A fault through the old table may map the first frame of a slot that was
    # just published as INVALID: the flush owes it as much as the others.
    for update in facts.open_updates():
        old = update.old
        if old is not None and update.invalid_published_at >= 0 > update.flushed_at:
            update.had_sptes |= old.meets(event.gfn, pages_at(event.level))


def spte_removed(facts: Facts, event: SpteRemoved) -> None:
    """An spte is cleared."""
    facts.shadow.removed(event)


def rmap_added(facts: Facts, event: RmapAdded) -> None:
    """A reverse map grew."""
    facts.shadow.rmap_added(event)


def rmap_removed(facts: Facts, event: RmapRemoved) -> None:
    """A reverse map shrank."""
    facts.shadow.rmap_removed(event)


Absorb = Callable[[Facts, object], None]


def _on(kind: type[E], action: Callable[[Facts, E], None]) -> tuple[type, Absorb]:
    """What this kind of event adds."""
    return kind, by_kind(action)


ABSORB: Mapping[type, Absorb] = dict(
    (
        _on(Call, call),
        _on(SectionEntered, section_entered),
        _on(SectionLeft, section_left),
        _on(GracePeriodBegun, grace_period_begun),
        _on(GracePeriodEnded, grace_period_ended),
        _on(DomainDestroyed, domain_destroyed),
        _on(TableLoaded, table_loaded),
        _on(TableRead, table_read),
        _on(TablePublished, table_published),
        _on(TableReclaimed, table_reclaimed),
        _on(TableWritten, table_written),
        _on(UpdateLocked, update_locked),
        _on(UpdateUnlocked, update_unlocked),
        _on(MmuLocked, mmu_locked),
        _on(MmuUnlocked, mmu_unlocked),
        _on(Flushed, flushed),
        _on(ShadowPageCreated, shadow_page_created),
        _on(ShadowPageZapped, shadow_page_zapped),
        _on(SlotBitSet, slot_bit_set),
        _on(SpteMapped, spte_mapped),
        _on(SpteRemoved, spte_removed),
        _on(RmapAdded, rmap_added),
        _on(RmapRemoved, rmap_removed),
    )
)
"""What each kind of event adds; a kind that is not here adds nothing."""
