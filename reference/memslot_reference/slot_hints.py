"""Searches for slots: by halves over sorted ones, and first where one was found.

A set of slots remembers the slot that was found in it last, and so does each
vCPU. A vCPU's hint is good for one generation. After `search_memslots`,
`__gfn_to_memslot` and `kvm_vcpu_gfn_to_memslot`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from memslot_reference.dirty_clear import DirtyClear
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import Gfn, Slot


@dataclass(slots=True)
class VcpuHint:
    """`vcpu->last_used_slot`, and the generation that it is good for."""

    generation: tuple[int, bool]
    slot: MemorySlot | None = None


class SlotHints(DirtyClear):
    """The lookups that remember where they found something."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM in which nothing was looked up."""
        super().__init__(hook, profile, limits)
        self.last_used: dict[int, MemorySlot] = {}
        self.vcpu_hints: dict[int, VcpuHint] = {}

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """`__gfn_to_memslot`: the slot found last in the set is tried first."""
        self.read(table, "slots")
        hint = self.last_used.get(table.handle)
        if hint is not None and hint.covers(gfn):
            return hint
        slot = self.search_sorted(table, gfn)
        if slot is not None:
            self.last_used[table.handle] = slot
        return slot

    def search_sorted(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """`search_memslots`: the slot with the nearest base, if it gets there."""
        slot = self.nearest_below(self.sorted_slots(table), gfn)
        return slot if slot is not None and slot.covers(gfn) else None

    def sorted_slots(self, table: Memslots) -> list[MemorySlot]:
        """The slots of a set in the order of their bases."""
        return sorted(table.slots.values(), key=_base)

    def nearest_below(self, slots: Sequence[MemorySlot], gfn: int) -> MemorySlot | None:
        """The slot with the highest base that is not above the frame."""
        index = bisect_right(slots, gfn, key=_base)
        return slots[index - 1] if index > 0 else None

    def edit(self, as_id: int, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Put a slot in the place of another; the set forgets what it found."""
        super().edit(as_id, old, new)
        self.forget_hint(self.inactive[as_id])

    def forget_hint(self, table: Memslots) -> None:
        """A hint may point to a slot that is no longer in the set."""
        self.last_used.pop(table.handle, None)

    def vcpu_gfn_to_memslot(self, vcpu: int, gfn: Gfn) -> Slot | None:
        """The slot that covers a frame; the one the vCPU found last is tried first.

        The hint of the set is left alone, or the vCPUs would drive out each
        other's.
        """
        index = self.srcu.read_lock()
        table = self.load_table()
        self.read(table, "slots")
        hint = self.hint_of(vcpu, table)
        slot = hint.slot
        if slot is None or not self.is_hint_for(slot, gfn):
            slot = self.search_sorted(table, gfn)
            hint.slot = slot or hint.slot
        found = None if slot is None else slot.to_spec()
        self.srcu.read_unlock(index)
        return found

    def hint_of(self, vcpu: int, table: Memslots) -> VcpuHint:
        """What a vCPU remembers; nothing, where the generation is another one."""
        hint = self.vcpu_hints.get(vcpu)
        if hint is None or not self.is_hint_of(hint, table):
            hint = self.vcpu_hints[vcpu] = VcpuHint(generation_of(table))
        return hint

    def is_hint_for(self, slot: MemorySlot, gfn: int) -> bool:
        """The slot found last is the one that is looked for (`try_get_memslot`)."""
        return slot.covers(gfn)

    def is_hint_of(self, hint: VcpuHint, table: Memslots) -> bool:
        """The hint was made under the table's generation, mark and all."""
        return hint.generation == generation_of(table)


def generation_of(table: Memslots) -> tuple[int, bool]:
    """`slots->generation`, the mark of an open update beside it."""
    return table.generation, table.in_progress


def _base(slot: MemorySlot) -> int:
    return slot.base_gfn
