"""Slots and the tables of them, as the kernel holds them in memory.

A table is copied, changed and swapped for the one before. The structs of its
slots are copied with it; the arrays that they point to are not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from memslot_reference.dirty_bitmap import DirtyBitmap
from memslot_reference.shadow import Rmaps, new_rmaps
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    Gfn,
    Hva,
    Slot,
    SlotTable,
    table_of,
)

INVALID = 1 << 16
"""`KVM_MEMSLOT_INVALID` where userspace cannot reach it: today's bit."""


KEPT = 4096
"""Slots whose values are kept: every look at a table asks for all of its slots."""


class ReadAfterReclaim(Exception):  # noqa: N818  named for what happened
    """A table was read after its memory had been given back."""

    def __init__(self, handle: int, field_name: str) -> None:
        """Name the table and what was read of it."""
        super().__init__(f"read {field_name} of table {handle}, which is reclaimed")


@dataclass(slots=True, eq=False)
class MemorySlot:
    """`struct kvm_memory_slot`; `userspace_addr` is in bytes."""

    id: int
    base_gfn: int
    npages: int
    userspace_addr: int
    flags: int = 0
    as_id: int = 0
    rmaps: Rmaps = field(default_factory=new_rmaps)
    dirty_bitmap: DirtyBitmap | None = None
    metadata: int | None = None

    @property
    def word(self) -> int:
        """What names the slot in a request."""
        return pack(self.as_id, self.id)

    @property
    def log_dirty(self) -> bool:
        """Writes to the slot are to be noticed."""
        return bool(self.flags & LOG_DIRTY_PAGES)

    @property
    def readonly(self) -> bool:
        """Guest writes exit to user space as MMIO."""
        return bool(self.flags & BIT_1)

    @property
    def invalid(self) -> bool:
        """The slot is being deleted or moved."""
        return bool(self.flags & INVALID)

    def covers(self, gfn: int) -> bool:
        """The slot holds this frame."""
        return self.base_gfn <= gfn < self.base_gfn + self.npages

    def hva_of(self, gfn: int) -> int:
        """Host address of a frame that the slot covers."""
        return self.userspace_addr + (gfn - self.base_gfn) * PAGE_SIZE

    def with_flags(self, flags: int) -> MemorySlot:
        """A copy with these flags and the same arrays."""
        return replace(self, flags=flags)

    def to_spec(self) -> Slot:
        """The specification's value for it."""
        return _value_of(
            self.id,
            self.base_gfn,
            self.npages,
            self.userspace_addr,
            self.flags,
            self.as_id,
        )


@lru_cache(maxsize=KEPT)
def _value_of(
    slot_id: int, base: int, npages: int, hva: int, flags: int, as_id: int
) -> Slot:
    """The value of a slot: one object for one value, which is compared at once."""
    return Slot(
        slot_id,
        Gfn(base),
        npages,
        Hva(hva),
        log_dirty=bool(flags & LOG_DIRTY_PAGES),
        readonly=bool(flags & BIT_1),
        invalid=bool(flags & INVALID),
        as_id=as_id,
    )


class Memslots:
    """`struct kvm_memslots`: the present slots by word, in the words' order.

    `nmemslots` is one above the highest id ever present; it never falls.
    """

    def __init__(
        self,
        handle: int,
        slots: dict[int, MemorySlot] | None = None,
        nmemslots: int = 0,
        as_id: int = 0,
    ) -> None:
        """Make a table of an address space that nobody else can see yet."""
        self.handle = handle
        self.as_id = as_id
        self.slots = {} if slots is None else slots
        self.nmemslots = nmemslots
        self.reclaimed = False
        self.generation = 0
        self.in_progress = False

    def copy(self, handle: int) -> Memslots:
        """A table of the same slots, each in a struct of its own."""
        slots = {word: replace(slot) for word, slot in self.slots.items()}
        return Memslots(handle, slots, self.nmemslots, self.as_id)

    def put(self, slot: MemorySlot) -> None:
        """Put a slot in, in place of the one of its word."""
        self.slots[slot.word] = slot
        self.slots = dict(sorted(self.slots.items()))
        self.nmemslots = max(self.nmemslots, slot.id + 1)

    def take_out(self, word: int) -> None:
        """Leave the table without this slot."""
        del self.slots[word]

    def attached(self) -> tuple[Attached, ...]:
        """What the slots have with them, for those that have something."""
        return tuple(
            Attached(
                slot.as_id,
                slot.id,
                None if slot.dirty_bitmap is None else slot.dirty_bitmap.handle,
                slot.metadata,
            )
            for slot in self.slots.values()
        )

    def poison(self) -> None:
        """Give the memory back: whoever reads it from now on is wrong."""
        self.reclaimed = True

    def to_spec(self) -> SlotTable:
        """The specification's value for it."""
        return table_of(*(slot.to_spec() for slot in self.slots.values()))
