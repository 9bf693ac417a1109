"""What the points of the slot tables add: versions, and who loaded which."""

from __future__ import annotations

from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.forgetting import EVERY, forget_tables
from memslot_spec.facts.srcu import give_back, take
from memslot_spec.history.points.tables import (
    ArchLocked,
    ArchUnlocked,
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.model.updates import Change


def _table_loaded(facts: Facts, event: TableLoaded) -> None:
    version = facts.tables.loaded(event.table, event.as_id)
    known = facts.calls.get(event.thread)
    if known is not None:
        known.loaded.append(version)
    section = facts.section_of(event.thread)
    if section is not None:
        section.loaded.append(version)
        section.handles.add(event.table)


def _table_read(facts: Facts, event: TableRead) -> None:
    known = facts.calls.get(event.thread)
    if known is not None:
        version = known.last_read[event.field] = facts.version(event.table)
        known.read_from.add(version)


def _table_published(facts: Facts, event: TablePublished) -> None:
    """The table is the current one; the update may have marked its slot INVALID."""
    facts.tables.publish(event.table, event.slots, facts.step, event.as_id)
    if facts.tables.newest % EVERY == 0:
        forget_tables(facts)
    update = facts.update_of(event.thread)
    if update is None:
        return
    update.published.append(facts.tables.newest)
    if update.change is Change.CREATE:
        facts.tables.creates.add(facts.tables.newest)
    old = update.old
    if old is None or update.invalid_published_at >= 0:
        return
    now = event.slots.find(old.as_id, old.id)
    if now is not None and now.invalid:
        update.invalid_published_at = facts.step
        update.had_sptes = bool(facts.shadow.of_slot(old))


def _table_reclaimed(facts: Facts, event: TableReclaimed) -> None:
    facts.tables.reclaimed.add(event.table)


def _table_written(facts: Facts, event: TableWritten) -> None:
    facts.arch_lock.written[event.table] = event.thread, facts.step
    if event.field == "slots":
        facts.tables.written(event.table)


def _update_locked(facts: Facts, event: UpdateLocked) -> None:
    """The update starts from the table that is current under the lock."""
    facts.sections.update_holder = event.thread
    take(facts.sections.update_lock, event.thread)
    update = facts.update_of(event.thread)
    if update is not None and facts.sighted:
        current = facts.tables.current
        if update.base is not current:
            update.starts_from(current)


def _update_unlocked(facts: Facts, event: UpdateUnlocked) -> None:
    give_back(facts.sections.update_lock, event.thread)
    if facts.sections.update_holder == event.thread:
        facts.sections.update_holder = None


def _arch_locked(facts: Facts, event: ArchLocked) -> None:
    facts.arch_lock.lock(event.thread, facts.step)


def _arch_unlocked(facts: Facts, event: ArchUnlocked) -> None:
    facts.arch_lock.unlock(event.thread)


ABSORB: Additions = (
    on(TableLoaded, _table_loaded),
    on(TableRead, _table_read),
    on(TablePublished, _table_published),
    on(TableReclaimed, _table_reclaimed),
    on(TableWritten, _table_written),
    on(UpdateLocked, _update_locked),
    on(UpdateUnlocked, _update_unlocked),
    on(ArchLocked, _arch_locked),
    on(ArchUnlocked, _arch_unlocked),
)
