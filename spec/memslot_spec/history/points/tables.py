"""The points that a target announces of its slot tables, and of the locks on them.

A table goes by an opaque handle. In v2.6.34 every table holds the slots of the
whole VM; today each address space has its own.
"""

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
    """A field of a table was read; `field` is its name, as the target has it."""

    thread: int
    table: int
    field: str


@dataclass(frozen=True, slots=True)
class TableWritten:
    """A field of a table was written.

    `field` is "slots" for which slots there are and what they say; "generation",
    "last_used_slot" and "arch" are those stores that readers are ready for.
    """

    thread: int
    table: int
    field: str = "slots"


@dataclass(frozen=True, slots=True)
class Attached:
    """The dirty bitmap and the metadata of a published slot, by handle, or None."""

    as_id: int
    slot_id: int
    bitmap: int | None = None
    metadata: int | None = None


@dataclass(frozen=True, slots=True)
class TablePublished:
    """A table became the current one (`rcu_assign_pointer`).

    `slots` are the slots of every address space. Where each space has a table of
    its own, `as_id` names the one whose table this is. `attached` has an entry for
    each slot with a bitmap or metadata, if the target tells of them.
    """

    thread: int
    table: int
    slots: SlotTable
    as_id: int = 0
    attached: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class TableReclaimed:
    """A table's memory was freed, or is reused for the next update."""

    thread: int
    table: int


@dataclass(frozen=True, slots=True)
class UpdateLocked:
    """An updater took the lock that keeps the others out (`slots_lock`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class UpdateUnlocked:
    """The updater released the lock."""

    thread: int


@dataclass(frozen=True, slots=True)
class ArchLocked:
    """The lock on what the architecture keeps with a slot (`slots_arch_lock`).

    Whoever holds it may allocate a slot's arrays inside a read section.
    """

    thread: int


@dataclass(frozen=True, slots=True)
class ArchUnlocked:
    """That lock was released."""

    thread: int


TablePoint = (
    TableLoaded
    | TableRead
    | TableWritten
    | TablePublished
    | TableReclaimed
    | UpdateLocked
    | UpdateUnlocked
    | ArchLocked
    | ArchUnlocked
)
