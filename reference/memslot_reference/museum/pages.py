"""Mutants that mistake a slot's arrays, keep or lose them, or translate wrongly."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.shadow import ShadowPage
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.host import MetadataAllocated
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import FoundHostPage
from memslot_spec.model.values import Errno, Failure, Gfn, Hva, HvaError, MemoryRegion


class KeepsArrays(Kvm):
    """A moved slot keeps the reverse maps and large-page arrays of its old base."""

    def make_slot(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> MemorySlot | None:
        """Allocate only where there are none."""
        new = super().make_slot(old, region, flags)
        if old is not None and new is not None:
            new.rmaps, new.metadata = old.rmaps, old.metadata
        return new


class StaleArchData(LinuxKvm):
    """An update publishes the reverse maps as they were when it began.

    What a fault put on them before the swap is on nobody's list after it.
    """

    def make_slot(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> MemorySlot | None:
        """Copy the arrays into the request, and do not look again."""
        new = super().make_slot(old, region, flags)
        if new is not None:
            new.rmaps = {
                level: {place: list(head) for place, head in heads.items()}
                for level, heads in new.rmaps.items()
            }
        return new


class WalksForWriting(LinuxKvm):
    """A walker asks for the address for writing, and fails on READONLY slots."""

    def find_page(self, gfn: int, *, write: bool) -> FoundHostPage:
        """Ask for more than is needed."""
        del write
        return super().find_page(gfn, write=True)


class WritesReadonly(LinuxKvm):
    """A READONLY slot gives its address for writing."""

    def find_page(self, gfn: int, *, write: bool) -> FoundHostPage:
        """Ask for reading, and say yes."""
        found = super().find_page(gfn, write=False)
        return found if found.hva is None else replace(found, writable=write)


class TranslatesReadonly(LinuxKvm):
    """`gfn_to_hva`, which is for writing, gives the address of a READONLY slot."""

    def gfn_to_hva(self, gfn: Gfn, as_id: int = 0) -> Hva | None:
        """Look for INVALID alone."""
        index = self.srcu.read_lock()
        slot = self.search_memslots(self.load_table(as_id), gfn)
        self.srcu.read_unlock(index)
        return None if slot is None or slot.invalid else Hva(slot.hva_of(gfn))


class ReadonlyFirst(LinuxKvm):
    """READONLY is looked at before INVALID."""

    def find_page(self, gfn: int, *, write: bool) -> FoundHostPage:
        """Take the flag of a slot that is going."""
        slot = self.search_memslots(self.load_table(), gfn)
        if slot is not None and slot.readonly and write:
            return FoundHostPage(None, error=HvaError.RO_BAD)
        return super().find_page(gfn, write=write)


class PrefersHighestId(Kvm):
    """Of slots that overlap, a lookup finds the one with the highest id."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Say that they may."""
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, overlaps_private=True)

    def is_scanned(self, slot: MemorySlot) -> bool:
        """Let user slots lie over private ones, as v2.6.34 may."""
        return slot.id < self.limits.user_slots

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """Scan from the end."""
        self.read(table, "slots")
        for slot in reversed(tuple(table.slots.values())):
            if slot.covers(gfn):
                return slot
        return None


class MoveKeepsFlags(Kvm):
    """A move that changes LOG_DIRTY moves the slot, and leaves the flag."""

    def make_slot(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> MemorySlot | None:
        """Take one change at a time."""
        if old is not None and region.npages and old.base_gfn != region.base:
            flags = old.flags
        return super().make_slot(old, region, flags)


class LeaksArrays(Kvm):
    """A request that fails leaves its arrays allocated."""

    def drop_new_metadata(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Return the error alone."""


class LeaksBitmap(Kvm):
    """A request that fails leaves its bitmap allocated."""

    def drop_new_bitmap(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Return the error alone."""


class ArraysTooShort(Kvm):
    """The arrays of a new slot have an entry for every other page."""

    def prepare_metadata(self, new: MemorySlot | None) -> None:
        """Allocate for half of them."""
        if new is None or new.metadata is not None:
            return
        self.metadata_made += 1
        new.metadata = self.metadata_made
        self.hook.point(
            MetadataAllocated,
            new.metadata,
            new.as_id,
            new.id,
            new.base_gfn,
            new.npages // 2,
        )


class FreesInherited(Kvm):
    """A request that fails frees the slot's arrays, whoever made them.

    It does not tell of grace periods, so nobody can say when the last reader left.
    """

    def announced(self) -> tuple[str, ...]:
        """All but the end of a grace period."""
        silent = GracePeriodEnded.__name__
        return tuple(name for name in super().announced() if name != silent)

    def drop_new_metadata(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free what the new slot has."""
        del old
        super().drop_new_metadata(None, new)


class FailsLate(Kvm):
    """A change of flags fails after its table is published, and is taken back."""

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Do all of it, then meet the failure."""
        if old is None or new is None or self.moves(old, new) or failure is None:
            return super().change_slot(table, old, new, failure)
        super().change_slot(table, old, new, None)
        super().change_slot(self.load_table(), new, old, None)
        return Errno.ENOMEM


class ZapStopsAtLimit(LinuxKvm):
    """Slots may lie beyond the largest frame, and no zap reaches sptes there."""

    def arch_prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Do not look where the slot ends."""
        del old
        self.prepare_metadata(new)
        return Errno.ENOMEM if failure is Failure.PREPARE else None

    def mapped_by(self, slot: MemorySlot) -> tuple[tuple[ShadowPage, int], ...]:
        """Walk up to the largest frame."""
        return tuple(
            (page, index)
            for page, index in super().mapped_by(slot)
            if page.sptes[index].gfn <= self.limits.largest_gfn
        )


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K13",
        KeepsArrays,
        "MOVE-4",
        source='"Allocate new rmap and large page tracking when moving memslot"',
        since="until edd4fa37baa6 (2020)",
        tag="[T]",
    ),
    exhibit(
        "K53",
        StaleArchData,
        "HVA-1",
        "RMAP-1",
        "DIRTY-30",
        "DIRTY-4",
        source="commit b10a038e84d1",
        since="until b10a038e84d1",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K57",
        WalksForWriting,
        "LOOK-8",
        "SRCU-1",
        source="commit ba6a35415455",
        since="until ba6a35415455",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K58",
        ZapStopsAtLimit,
        "REQ-27",
        "DEL-9",
        source="commit 86931ff7207b",
        since="until 86931ff7207b",
        tag="[T]",
        profile=LINUX,
    ),
    planted("writes-readonly", WritesReadonly, "LOOK-9", "SRCU-1", profile=LINUX),
    planted(
        "translates-readonly",
        TranslatesReadonly,
        "LOOK-3",
        "SRCU-1",
        "DEL-13",
        "SLOT-11",
        profile=LINUX,
    ),
    planted("readonly-first", ReadonlyFirst, "LOOK-9", "SRCU-1", profile=LINUX),
    planted("prefers-highest-id", PrefersHighestId, "LOOK-13", "LOOK-1"),
    planted("move-keeps-flags", MoveKeepsFlags, "MOVE-7", "SLOT-9", "SLOT-8"),
    planted("leaks-arrays", LeaksArrays, "ERR-3"),
    planted("arrays-too-short", ArraysTooShort, "SLOT-19", "MOVE-4"),
    planted("leaks-bitmap", LeaksBitmap, "ERR-3"),
    planted("frees-inherited", FreesInherited, "ERR-4"),
    planted("fails-late", FailsLate, "ERR-5"),
)
