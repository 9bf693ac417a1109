"""How facts grow: what each event adds, after the clauses have seen it."""

from __future__ import annotations

from collections.abc import Mapping

from memslot_spec.facts.absorb_dirty import DIRTY
from memslot_spec.facts.absorb_host import HOST, Absorb, on
from memslot_spec.facts.calls import CallFacts, Update
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import pages_at
from memslot_spec.history.events import Call
from memslot_spec.history.points.caches import CachesUpdated, GenerationSet, MmioCached
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
)
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
    SectionLeft,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.model.operations import AgeHva, InvalidateRange, SetRegion, UnmapHva
from memslot_spec.model.readers import gfn_to_memslot


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
    if isinstance(operation, UnmapHva | AgeHva):
        known.mappings = facts.shadow.serials_at_hva(operation.hva)
        known.invalid_mappings = _in_the_window(facts, known.mappings)
    elif isinstance(operation, InvalidateRange) and operation.start < operation.end:
        known.mappings = facts.shadow.serials_in(operation.start, operation.end)


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
    version = facts.tables.loaded(event.table, event.as_id)
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
    facts.tables.publish(event.table, event.slots, facts.step, event.as_id)
    facts.generations.publish(event, facts.step)
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
    facts.shadow.mapped(event, gfn_to_memslot(table, event.gfn, event.as_id))
    # A fault through the old table may map the first frame of a slot that was
    # just published as INVALID: the flush owes it as much as the others.
    for update in facts.open_updates():
        old = update.old
        if old is not None and update.invalid_published_at >= 0 > update.flushed_at:
            update.had_sptes |= old.as_id == event.as_id and old.meets(
                event.gfn, pages_at(event.level)
            )


def spte_removed(facts: Facts, event: SpteRemoved) -> None:
    """An spte is cleared."""
    facts.shadow.removed(event)


def rmap_added(facts: Facts, event: RmapAdded) -> None:
    """A reverse map grew."""
    facts.shadow.rmap_added(event)


def rmap_removed(facts: Facts, event: RmapRemoved) -> None:
    """A reverse map shrank."""
    facts.shadow.rmap_removed(event)


def generation_set(facts: Facts, event: GenerationSet) -> None:
    """A table has a number, and the mark of an open update or not."""
    facts.generations.set(event)


def caches_updated(facts: Facts, event: CachesUpdated) -> None:
    """What is cached is ready for a generation."""
    facts.generations.caches_updated(event)


def mmio_cached(facts: Facts, event: MmioCached) -> None:
    """A frame is remembered to be MMIO."""
    facts.generations.remember(event)


def _all_of(*parts: tuple[type, Absorb]) -> dict[type, Absorb]:
    """What each kind adds, one part after another where there are several."""
    table: dict[type, Absorb] = {}
    for kind, action in parts:
        known = table.get(kind)
        table[kind] = action if known is None else _both(known, action)
    return table


def _both(first: Absorb, second: Absorb) -> Absorb:
    def absorb(facts: Facts, event: object) -> None:
        first(facts, event)
        second(facts, event)

    return absorb


ABSORB: Mapping[type, Absorb] = _all_of(
    *HOST,
    *DIRTY,
    on(Call, call),
    on(SectionEntered, section_entered),
    on(SectionLeft, section_left),
    on(GracePeriodBegun, grace_period_begun),
    on(GracePeriodEnded, grace_period_ended),
    on(DomainDestroyed, domain_destroyed),
    on(TableLoaded, table_loaded),
    on(TableRead, table_read),
    on(TablePublished, table_published),
    on(TableReclaimed, table_reclaimed),
    on(TableWritten, table_written),
    on(UpdateLocked, update_locked),
    on(UpdateUnlocked, update_unlocked),
    on(MmuLocked, mmu_locked),
    on(MmuUnlocked, mmu_unlocked),
    on(Flushed, flushed),
    on(ShadowPageCreated, shadow_page_created),
    on(ShadowPageZapped, shadow_page_zapped),
    on(SlotBitSet, slot_bit_set),
    on(SpteMapped, spte_mapped),
    on(SpteRemoved, spte_removed),
    on(RmapAdded, rmap_added),
    on(RmapRemoved, rmap_removed),
    on(GenerationSet, generation_set),
    on(CachesUpdated, caches_updated),
    on(MmioCached, mmio_cached),
)
"""What each kind of event adds; a kind that is not here adds nothing."""
