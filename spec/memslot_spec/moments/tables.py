"""Moments of the slot tables: one published, a slot removed, a move, one shown."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.calls import LastUpdate, Update
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed
from memslot_spec.history.points.tables import (
    Attached,
    TablePublished,
    UpdateUnlocked,
)
from memslot_spec.model.operations import DestroyVm, Operation, TableRequest
from memslot_spec.model.replies import Reply
from memslot_spec.model.updates import Change, target_of
from memslot_spec.model.values import MemoryRegion, Slot, SlotTable
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Updated


@dataclass(slots=True)
class Published:
    """A request for a slot publishes a table, which is not yet the current one.

    `slot` is the slot that the request is about, as this table has it, and `region`
    what it asks for.
    """

    update: Update
    region: MemoryRegion
    table: SlotTable
    slot: Slot | None
    attached: tuple[Attached, ...]


@dataclass(slots=True)
class PublishedBy:
    """An operation publishes a table, not yet the current one.

    Most are requests; `beside` says that this one is none. The end of the VM is left
    out: nobody else has the tables any more. Of a thread that carries out nothing it
    cannot be told for whom it publishes.
    """

    operation: Operation
    table: SlotTable
    holds_lock: bool
    beside: bool


@dataclass(slots=True)
class UpdateLockLeft:
    """A request that has published its slot as INVALID gives the update lock back.

    `slot` is its slot as the current table has it.
    """

    update: Update
    slot: Slot | None


@dataclass(slots=True)
class SlotRemoved:
    """A delete or a move publishes a table without its slot, or with it elsewhere.

    `old` is the slot as the request found it, `attached` what it has with it in
    the new table, where the implementation tells.
    """

    update: Update
    old: Slot
    table: SlotTable
    attached: Attached | None


@dataclass(slots=True)
class SoundMove:
    """A move is answered with which nothing is wrong, and that was not made to fail.

    One that lacked the memory for its new arrays is left out. `old` is the slot as
    the request found it, `after` the table that it left, None where points do not
    tell.
    """

    region: MemoryRegion
    reply: Reply
    old: Slot
    after: SlotTable | None


@dataclass(slots=True)
class TableShown:
    """Introspection shows the table while no request is open, after the first."""

    table: SlotTable


@dataclass(slots=True)
class ShownAfter:
    """Introspection shows what the request that returned last has left.

    It ran alone and started from the table `before`; `slot` is its slot as shown.
    """

    last: LastUpdate
    before: SlotTable
    table: SlotTable
    slot: Slot | None

    @property
    def region(self) -> MemoryRegion:
        """What the request asked for."""
        return self.last.operation.region


def _published(facts: Facts, event: TablePublished) -> Published | None:
    update = facts.update_of(event.thread)
    if update is None or update.region is None:
        return None
    slot = target_of(event.slots, update.region)
    return Published(update, update.region, event.slots, slot, event.attached)


def _published_by(facts: Facts, event: TablePublished) -> PublishedBy | None:
    known = facts.calls.get(event.thread)
    if known is None or isinstance(known.operation, DestroyVm):
        return None
    holds_lock = facts.sections.update_holder == event.thread
    beside = not isinstance(known.operation, TableRequest)
    return PublishedBy(known.operation, event.slots, holds_lock, beside)


def _lock_left(facts: Facts, event: UpdateUnlocked) -> UpdateLockLeft | None:
    update = facts.update_of(event.thread)
    if update is None or update.region is None or update.invalid_published_at < 0:
        return None
    slot = target_of(facts.tables.current, update.region)
    return UpdateLockLeft(update, slot)


def _removed(facts: Facts, event: TablePublished) -> SlotRemoved | None:
    update = facts.update_of(event.thread)
    if update is None or update.old is None or not update.removes_from(event.slots):
        return None
    old = update.old
    key = old.as_id, old.id
    attached = (a for a in event.attached if (a.as_id, a.slot_id) == key)
    return SlotRemoved(update, old, event.slots, next(attached, None))


def _sound_move(
    facts: Facts,  # noqa: ARG001 - a maker's form
    updated: Updated,
) -> SoundMove | None:
    region = updated.operation.region
    if updated.base is None or updated.change is not Change.MOVE:
        return None
    if updated.malformed or updated.conflicts or updated.operation.failure is not None:
        return None
    if updated.ran_out_of_memory:
        return None
    old = target_of(updated.base, region)
    if old is None:
        return None
    return SoundMove(region, updated.reply, old, updated.after)


def _shown(facts: Facts, event: Observed) -> TableShown | None:
    """The teardown deletes what slots it will: what is shown after it is no matter.

    Source: 6.1 arch/x86/kvm/x86.c:12712, kvm_arch_destroy_vm().
    """
    table = event.view.table
    if table is None or facts.open_updates() or not facts.updates_called:
        return None
    if facts.vm_destroyed:
        return None
    return TableShown(table)


def _shown_after(facts: Facts, shown: TableShown) -> ShownAfter | None:
    last = facts.last_update
    if last is None or last.before is None:
        return None
    slot = target_of(shown.table, last.operation.region)
    return ShownAfter(last, last.before, shown.table, slot)


MAKINGS: Makings = (
    Making(Published, TablePublished, _published),
    Making(PublishedBy, TablePublished, _published_by),
    Making(UpdateLockLeft, UpdateUnlocked, _lock_left),
    Making(SlotRemoved, TablePublished, _removed),
    Making(SoundMove, Updated, _sound_move),
    Making(TableShown, Observed, _shown),
    Making(ShownAfter, TableShown, _shown_after),
)
