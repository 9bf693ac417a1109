"""Mutants whose searches go wrong at the edges, or by what they remember."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.slot_hints import VcpuHint
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile


class FrameZeroIsEmpty(LinuxKvm):
    """A slot at frame 0 is sorted among the empty ones, and not found."""

    def sorted_slots(self, table: Memslots) -> list[MemorySlot]:
        """An empty slot has base 0, and nobody searches those."""
        return [slot for slot in super().sorted_slots(table) if slot.base_gfn > 0]


class OneBeforeTheFirst(LinuxKvm):
    """A search below all slots ends at the slot before the first."""

    def search_sorted(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """Do not look whether the slot found begins above the frame."""
        slot = self.nearest_below(self.sorted_slots(table), gfn)
        if slot is None or gfn >= slot.base_gfn + slot.npages:
            return None
        return slot

    def nearest_below(self, slots: Sequence[MemorySlot], gfn: int) -> MemorySlot | None:
        """Let the index be one below the first, which is the last."""
        index = bisect_right([slot.base_gfn for slot in slots], gfn) - 1
        return slots[index] if slots else None


class OneBehindTheLast(LinuxKvm):
    """A search above the last slot reads the entry behind it."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.behind: dict[int, MemorySlot] = {}

    def edit(self, as_id: int, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """What is taken out is left where it was, behind the others."""
        super().edit(as_id, old, new)
        if old is not None and new is None:
            self.behind[as_id] = old

    def search_sorted(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """The index may be that of no slot."""
        slot = super().search_sorted(table, gfn)
        behind = self.behind.get(table.as_id)
        if slot is None and behind is not None and behind.covers(gfn):
            return behind
        return slot


class SetKeepsHint(LinuxKvm):
    """The slot that was found last in a set is found there when it is gone."""

    def forget_hint(self, table: Memslots) -> None:
        """Leave it."""


class VcpuKeepsHint(LinuxKvm):
    """The slot that a vCPU found last outlives its generation."""

    def is_hint_of(self, hint: VcpuHint, table: Memslots) -> bool:
        """Do not look at the generation."""
        del hint, table
        return True


class HintIsTheAnswer(LinuxKvm):
    """The slot that a vCPU found last is its answer for every frame."""

    def is_hint_for(self, slot: MemorySlot, gfn: int) -> bool:
        """Do not look whether the slot covers the frame."""
        del slot, gfn
        return True


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K30",
        FrameZeroIsEmpty,
        "LOOK-10",
        "LOOK-1",
        "LOOK-6",
        "MMU-1",
        "CACHE-16",
        "SRCU-1",
        "SRCU-18",
        "SLOT-11",
        source="commit efbeec7098ee",
        since="until efbeec7098ee",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K31",
        OneBeforeTheFirst,
        "LOOK-11",
        "LOOK-2",
        "CACHE-17",
        "SRCU-1",
        "SRCU-18",
        "SLOT-11",
        "CACHE-10",
        "DEL-12",
        source='commit 0774a964ef56; "Check validity of resolved slot when searching"',
        since="until 0774a964ef56",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K32",
        OneBehindTheLast,
        "LOOK-11",
        "LOOK-2",
        "LOOK-12",
        "CACHE-17",
        "CACHE-18",
        "SRCU-18",
        "SLOT-11",
        "CACHE-7",
        "CACHE-10",
        "CACHE-13",
        "DEL-6",
        "DEL-12",
        "MMU-1",
        source='"s390: Return last valid slot if approx index is out-of-bounds"',
        since="unknown",
        tag="[R]",
        profile=LINUX,
    ),
    planted(
        "set-keeps-hint",
        SetKeepsHint,
        "LOOK-12",
        "LOOK-2",
        "LOOK-11",
        "LOOK-1",
        "SLOT-11",
        "CACHE-10",
        profile=LINUX,
    ),
    planted(
        "vcpu-keeps-hint",
        VcpuKeepsHint,
        "CACHE-18",
        "LOOK-11",
        "LOOK-12",
        "SRCU-18",
        profile=LINUX,
    ),
    planted(
        "vcpu-hint-for-all",
        HintIsTheAnswer,
        "CACHE-17",
        "CACHE-16",
        "LOOK-10",
        "LOOK-11",
        "SRCU-1",
        profile=LINUX,
    ),
)
