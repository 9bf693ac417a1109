"""The values every other part speaks in: requests, slots, and tables of slots.

Units: a *gfn* is a guest frame number in 4 KiB pages; a *gpa* and an *hva* are
byte addresses. Everything here is a plain value: frozen, comparable, and with a
`repr` that is valid Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from operator import attrgetter
from typing import NewType

from memslot_spec.arithmetic.range_order import RangeOrder
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, covers, overlaps, page_hva

Gfn = NewType("Gfn", int)
Hva = NewType("Hva", int)

PAGES_PER_HUGE_PAGE = 512
"""4 KiB pages in a page of level 2 (2 MiB), `KVM_PAGES_PER_HPAGE` on x86."""

NO_ID = -1
"""What stands for the id of a slot in a table by ranges, where slots have none."""

LOG_DIRTY_PAGES = 1 << 0
"""`KVM_MEM_LOG_DIRTY_PAGES`, the same bit in every version."""

BIT_1 = 1 << 1
"""`KVM_MEMSLOT_INVALID` in the 2009 header, `KVM_MEM_READONLY` since v3.7."""


class Errno(Enum):
    """The refusals of the memory-slot interface, by their symbolic names."""

    EAGAIN = "EAGAIN"
    EEXIST = "EEXIST"
    EFAULT = "EFAULT"
    EINVAL = "EINVAL"
    EIO = "EIO"
    ENOENT = "ENOENT"
    ENOMEM = "ENOMEM"
    ENXIO = "ENXIO"
    EPERM = "EPERM"

    def __repr__(self) -> str:
        return f"Errno.{self.name}"


class HvaError(Enum):
    """The two error addresses of today's kernel.

    `BAD` is `KVM_HVA_ERR_BAD`: no slot, or one that is INVALID. `RO_BAD` is
    `KVM_HVA_ERR_RO_BAD`: the page is there, and not for writing.
    """

    BAD = "BAD"
    RO_BAD = "RO_BAD"

    def __repr__(self) -> str:
        return f"HvaError.{self.name}"


class Failure(Enum):
    """A failure that a request is made to meet inside the implementation.

    `PREPARE` fails `kvm_arch_prepare_memory_region`; `ALLOCATE` fails the
    allocation of the table that would be published last. Both strike after a
    delete or a move has already published the slot as INVALID.
    """

    PREPARE = "PREPARE"
    ALLOCATE = "ALLOCATE"

    def __repr__(self) -> str:
        return f"Failure.{self.name}"


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """One request, field for field `struct kvm_userspace_memory_region`.

    `slot` is the u32 word (`as_id << 16 | id`), `flags` a u32, and the other
    three are u64 byte quantities. A request may hold any values that fit.
    """

    slot: int
    guest_phys_addr: int
    memory_size: int
    userspace_addr: int
    flags: int = 0

    @property
    def base(self) -> Gfn:
        """First guest frame asked for; exact only where the gpa is aligned."""
        return Gfn(self.guest_phys_addr >> PAGE_SHIFT)

    @property
    def npages(self) -> int:
        """Pages asked for; exact only where the size is aligned."""
        return self.memory_size >> PAGE_SHIFT

    @property
    def log_dirty(self) -> bool:
        """Whether the request asks for dirty logging."""
        return bool(self.flags & LOG_DIRTY_PAGES)


@dataclass(frozen=True, slots=True)
class MemoryRange:
    """One range of a table by ranges: `npages` frames from `gfn`, at byte `hva`."""

    gfn: int
    npages: int
    hva: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One memory slot of a table: `npages` guest frames from `base`, at `hva`.

    `invalid` is `KVM_MEMSLOT_INVALID`: the slot is being deleted or moved.
    """

    id: int
    base: Gfn
    npages: int
    hva: Hva
    log_dirty: bool = False
    readonly: bool = False
    invalid: bool = False
    as_id: int = 0

    def covers(self, gfn: int) -> bool:
        """The slot holds this guest frame."""
        return covers(self.base, self.npages, gfn)

    def meets(self, base: int, npages: int) -> bool:
        """The slot shares at least one guest frame with the range."""
        return overlaps(self.base, self.npages, base, npages)

    def hva_of(self, gfn: int) -> Hva:
        """Host address of a guest frame that the slot covers."""
        return Hva(page_hva(self.hva, self.base, gfn))

    def as_invalid(self) -> Slot:
        """The same slot, marked INVALID."""
        return replace(self, invalid=True)


SCANNED = 12
"""Slots of a table in which a scan finds one sooner than an index is made."""


_remember = object.__setattr__
"""A table is frozen, so it keeps by this what it has worked out."""


class _Remembers:
    """What a table has worked out of its slots once; it is no part of its value.

    None of it is there until it is worked out.
    """

    __slots__ = ("_by_base", "_by_key", "_hash")

    _by_base: dict[int, tuple[RangeOrder, tuple[Slot, ...]]]
    _by_key: dict[tuple[int, int], Slot]
    _hash: int


@dataclass(frozen=True, slots=True)
class SlotTable(_Remembers):
    """The present slots of a VM, sorted by address space and id.

    The kernel publishes one array for each address space; a `SlotTable` is the
    VM's whole picture, so that a version number can name it. Absent slots
    (`npages == 0`) are left out.
    """

    slots: tuple[Slot, ...] = ()

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            made = hash(self.slots)
            _remember(self, "_hash", made)
            return made

    def by_key(self) -> Mapping[tuple[int, int], Slot]:
        """The slots by address space and id; of several with one id the first."""
        try:
            return self._by_key
        except AttributeError:
            made = {(slot.as_id, slot.id): slot for slot in reversed(self.slots)}
            _remember(self, "_by_key", made)
            return made

    def find(self, as_id: int, slot_id: int) -> Slot | None:
        """The slot with this id, if it is present."""
        if len(self.slots) > SCANNED:
            return self.by_key().get((as_id, slot_id))
        for slot in self.slots:
            if slot.id == slot_id and slot.as_id == as_id:
                return slot
        return None

    def at(self, gfn: int, as_id: int) -> Slot | None:
        """The first slot of an address space that covers a frame."""
        if len(self.slots) > SCANNED:
            return next(iter(self.meeting(gfn, 1, as_id)), None)
        for slot in self.slots:
            if slot.as_id == as_id and slot.covers(gfn):
                return slot
        return None

    def meeting(self, base: int, npages: int, as_id: int) -> tuple[Slot, ...]:
        """The slots of an address space that share a frame with the range."""
        if len(self.slots) <= SCANNED:
            end = base + npages
            near = [s for s in self.slots if s.base < end and s.as_id == as_id]
            return tuple([slot for slot in near if slot.meets(base, npages)])
        order, slots = self._in_order(as_id)
        return tuple(slots[place] for place in order.meeting(base, npages))

    def _in_order(self, as_id: int) -> tuple[RangeOrder, tuple[Slot, ...]]:
        try:
            known = self._by_base
        except AttributeError:
            known = {}
            _remember(self, "_by_base", known)
        found = known.get(as_id)
        if found is None:
            slots = tuple([slot for slot in self.slots if slot.as_id == as_id])
            order = RangeOrder([(slot.base, slot.npages) for slot in slots])
            found = known[as_id] = order, slots
        return found

    def with_slot(self, slot: Slot) -> SlotTable:
        """The table with this slot put in, in place of the one of its id."""
        others = self.without(slot.as_id, slot.id).slots
        return SlotTable(tuple(sorted((*others, slot), key=_ORDER)))

    def without(self, as_id: int, slot_id: int) -> SlotTable:
        """The table without the slot of this id."""
        return SlotTable(
            tuple([s for s in self.slots if s.id != slot_id or s.as_id != as_id])
        )


_ORDER = attrgetter("as_id", "id")


def table_of(*slots: Slot) -> SlotTable:
    """A table of these slots, put in order."""
    return SlotTable(tuple(sorted(slots, key=_ORDER)))


EMPTY = SlotTable()
