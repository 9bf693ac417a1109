"""Variants that build, publish or give back tables otherwise than they might."""

from __future__ import annotations

from memslot_reference.dirty_bitmap import DirtyBitmap
from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.vm import Vm
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import TableWritten
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.values import Errno, Failure, MemoryRegion


class PublishesCopies(Kvm):
    """Each table is published in two copies, with a grace period after each."""

    def publish(self, table: Memslots) -> None:
        """Readers of the first copy are gone before the second is used."""
        first = self.copy_of(table)
        super().publish(first)
        self.srcu.synchronize()
        super().publish(table)
        self.srcu.synchronize()
        self.reclaim(first)


class SwapsTwice(LinuxKvm):
    """The two sets are swapped once more when they are the same again."""

    def activate(
        self, as_id: int, old: MemorySlot | None, new: MemorySlot | None
    ) -> None:
        """Swap, change the other set, and swap back to the first."""
        self.swap(as_id)
        self.lock_arch()
        self.edit(as_id, old, new)
        self.swap(as_id)


class CopiesOnNoOp(LinuxKvm):
    """A request for what is there already is carried out all the same."""

    def is_no_op(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> bool:
        """Nothing is skipped."""
        del old, region, flags
        return False


class CopiesOnNoOpTable(Kvm):
    """A request for what is there already copies the table and publishes the copy."""

    def is_no_op(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> bool:
        """Nothing is skipped."""
        del old, region, flags
        return False


class WritesTwice(Kvm):
    """A table is written to in several steps before anybody can read it."""

    def publish(self, table: Memslots) -> None:
        """Write once more, the table still being the updater's own."""
        self.hook.point(TableWritten, table.handle)
        super().publish(table)


class WritesTwiceLinux(LinuxKvm):
    """A set is written to in several steps before anybody can read it."""

    def publish(self, as_id: int) -> None:
        """Write once more, where the set is the updater's own."""
        if self.inactive[as_id].reclaimed:
            self.hook.point(TableWritten, self.inactive[as_id].handle)
        super().publish(as_id)


class ReclaimsLater(Kvm):
    """A CREATE does not wait: the table before it is freed after a later wait."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that has no table to free."""
        super().__init__(hook, profile, limits)
        self.retired: list[Memslots] = []

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Publish a new slot and return; what else there is to do waits for readers."""
        if old is not None or new is None:
            return super().change_slot(table, old, new, failure)
        errno = self.prepare(None, new, failure) or self.allocate(failure)
        if errno is not None:
            if failure is Failure.ALLOCATE:
                self.abandon(None, new)
            return errno
        final = self.copy_of(table)
        final.put(new)
        self.publish(final)
        self.retired.append(table)
        return None

    def reclaim(self, table: Memslots) -> None:
        """A grace period is over: what was retired before it is free as well."""
        retired, self.retired = self.retired, []
        for earlier in (*retired, table):
            super().reclaim(earlier)

    def free_memslots(self) -> None:
        """What was retired goes with the VM, if nobody has waited since."""
        for table in self.retired:
            super().reclaim(table)
        super().free_memslots()


class PutsAside(Vm):
    """Whatever is of no use is put aside, and freed by the next update."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that has nothing to free."""
        super().__init__(hook, profile, limits)
        self.dead_bitmaps: list[DirtyBitmap] = []
        self.dead_metadata: list[int] = []

    def free_bitmap(self, bitmap: DirtyBitmap) -> None:
        """Put it aside."""
        self.dead_bitmaps.append(bitmap)

    def free_metadata(self, metadata: int) -> None:
        """Put them aside."""
        self.dead_metadata.append(metadata)

    def lock_slots(self) -> None:
        """Free what was put aside before."""
        super().lock_slots()
        self.free_the_dead()

    def free_memslots(self) -> None:
        """Free the rest with the VM."""
        super().free_memslots()
        self.free_the_dead()

    def free_the_dead(self) -> None:
        """Free what nobody reaches any more."""
        while self.dead_bitmaps:
            super().free_bitmap(self.dead_bitmaps.pop(0))
        while self.dead_metadata:
            super().free_metadata(self.dead_metadata.pop(0))


class FreesLater(PutsAside, Kvm):
    """Bitmaps and arrays that are of no use are freed by the next update."""


class FreesWithTheVm(FreesLater):
    """Bitmaps and arrays that are of no use are freed when the VM is destroyed."""

    def lock_slots(self) -> None:
        """Leave what was put aside where it is."""
        Kvm.lock_slots(self)


class FreesLaterLinux(PutsAside, LinuxKvm):
    """Bitmaps and arrays that are of no use are freed by the next update."""


LATER = "memory that nobody reaches any more harms nobody until it is freed"

VARIANTS: tuple[Variant, ...] = (
    variant(
        "publishes-twice",
        PublishesCopies,
        "SLOT-1",
        "SLOT-2",
        "ERR-1",
        source="two requests for the same thing, one after the other",
        tag="argued",
    ),
    variant(
        "swaps-twice",
        SwapsTwice,
        "SLOT-1",
        "GEN-1",
        source="two requests for the same thing, one after the other",
        tag="argued",
    ),
    variant(
        "copies-on-no-op",
        CopiesOnNoOp,
        "SLOT-4",
        source="v2.6.34 had no such shortcut: a table equal to the one before it",
        tag="argued",
    ),
    variant(
        "copies-on-no-op-table",
        CopiesOnNoOpTable,
        "SLOT-4",
        source="the patch, __kvm_set_memory_region, which has no such shortcut",
        tag="[R]",
        profile=LINUX,
    ),
    variant(
        "writes-twice",
        WritesTwice,
        "SLOT-7",
        source="a table that is not published is the updater's own",
        tag="argued",
    ),
    variant(
        "writes-twice-linux",
        WritesTwiceLinux,
        "SLOT-7",
        source="a table that is not published is the updater's own",
        tag="argued",
    ),
    variant(
        "reclaims-later",
        ReclaimsLater,
        "SRCU-2",
        "SRCU-4",
        source="call_srcu() in place of synchronize_srcu(): a CREATE takes nothing "
        "away that a reader of the table before it could miss",
        tag="argued",
    ),
    variant("frees-later", FreesLater, "DIRTY-29", "ERR-4", source=LATER, tag="argued"),
    variant(
        "frees-with-the-vm",
        FreesWithTheVm,
        "ERR-3",
        "DIRTY-28",
        source=LATER,
        tag="argued",
    ),
    variant(
        "frees-later-linux",
        FreesLaterLinux,
        "DIRTY-29",
        "ERR-4",
        source=LATER,
        tag="argued",
    ),
)
