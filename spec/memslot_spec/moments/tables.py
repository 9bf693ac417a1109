"""Moments of the slot tables: what a request publishes, and a slot that is removed."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.calls import Update
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import Attached, TablePublished
from memslot_spec.model.updates import target_of
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.making import Making


@dataclass(frozen=True, slots=True)
class Published:
    """A request publishes a table, which is not yet the current one.

    `slot` is the slot that the request is about, as this table has it.
    """

    update: Update
    table: SlotTable
    slot: Slot | None
    attached: tuple[Attached, ...]


@dataclass(frozen=True, slots=True)
class SlotRemoved:
    """A delete or a move publishes a table without its slot, or with it elsewhere.

    `old` is the slot as the request found it, `attached` what it has with it in
    the new table, where the implementation tells.
    """

    update: Update
    old: Slot
    table: SlotTable
    attached: Attached | None


def _published(facts: Facts, event: TablePublished) -> Published | None:
    update = facts.update_of(event.thread)
    if update is None:
        return None
    slot = target_of(event.slots, update.operation.region)
    return Published(update, event.slots, slot, event.attached)


def _removed(facts: Facts, event: TablePublished) -> SlotRemoved | None:
    update = facts.update_of(event.thread)
    if update is None or update.old is None or not update.removes_from(event.slots):
        return None
    old = update.old
    key = old.as_id, old.id
    attached = (a for a in event.attached if (a.as_id, a.slot_id) == key)
    return SlotRemoved(update, old, event.slots, next(attached, None))


MAKINGS = (
    Making(Published, TablePublished, _published),
    Making(SlotRemoved, TablePublished, _removed),
)
