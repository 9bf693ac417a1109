"""Points of the slot tables: loaded, read, written, published, reclaimed."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.model.values import SlotTable


@dataclass(frozen=True, slots=True)
class TableLoaded:
    """The table pointer was loaded (`rcu_dereference`)."""

    thread: int
    table: int
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class TableRead:
    """Something was read out of a table: the field that was read."""

    thread: int
    table: int
    field: str


@dataclass(frozen=True, slots=True)
class TableWritten:
    """Something was stored into a table."""

    thread: int
    table: int


@dataclass(frozen=True, slots=True)
class Attached:
    """What a published slot has with it, each by its handle; None is nothing."""

    as_id: int
    slot_id: int
    bitmap: int | None = None
    metadata: int | None = None


@dataclass(frozen=True, slots=True)
class TablePublished:
    """A table became the current one (`rcu_assign_pointer`).

    `slots` is the VM's whole picture. Where each address space has a table of its
    own, `as_id` names the one whose table this is. `attached` has an entry for
    each slot that has something attached and that the implementation tells of.
    """

    thread: int
    table: int
    slots: SlotTable
    as_id: int = 0
    attached: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class TableReclaimed:
    """A table's memory was freed, or taken for the next update."""

    thread: int
    table: int


@dataclass(frozen=True, slots=True)
class UpdateLocked:
    """An updater took the lock that excludes the others (`slots_lock`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class UpdateUnlocked:
    """The updater gave the lock back."""

    thread: int
