"""Mutants whose updates build, publish or reclaim tables wrongly."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.points.tables import TableWritten
from memslot_spec.model.values import LOG_DIRTY_PAGES, Errno, Failure, MemoryRegion


class NeverRollsBack(Kvm):
    """A request that fails on its way leaves the slot INVALID."""

    def roll_back(self, window: Memslots, old: MemorySlot) -> None:
        """Return the error, and put nothing back."""


class RollsBackWithoutTheLog(Kvm):
    """A request that fails puts the slot back without its flags."""

    def roll_back(self, window: Memslots, old: MemorySlot) -> None:
        """Put back what the slot was made of, and no more."""
        super().roll_back(window, old.with_flags(0))


class ReclaimsEarly(Kvm):
    """An update reclaims the old table before the grace period."""

    def publish(self, table: Memslots) -> None:
        """Free the table that was current as soon as it is not."""
        replaced = self.memslots
        super().publish(table)
        self.reclaim(replaced)


class LeaksTables(Kvm):
    """A table that was replaced is never freed."""

    def reclaim(self, table: Memslots) -> None:
        """Go on with the new one."""


class PublishesTwice(Kvm):
    """An update publishes two tables with no grace period between them."""

    def publish(self, table: Memslots) -> None:
        """Publish a copy as well."""
        super().publish(self.copy_of(table))
        super().publish(table)


class EditsInPlace(Kvm):
    """A change of flags is stored into the table that readers have."""

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Copy the table for everything but flags."""
        if old is None or new is None or self.moves(old, new):
            return super().change_slot(table, old, new, failure)
        self.hook.point(TableWritten, table.handle)
        table.put(new)
        return None


class StartsLoggingOthers(Kvm):
    """An update turns dirty logging on in every slot that it copies."""

    def copy_of(self, table: Memslots) -> Memslots:
        """Copy, and write where there is nothing to write."""
        copy = super().copy_of(table)
        for slot in copy.slots.values():
            slot.flags |= LOG_DIRTY_PAGES
        return copy


class OnePageLong(Kvm):
    """A slot is one page longer than asked for."""

    def make_slot(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> MemorySlot | None:
        """Count from the first page to the last, and add one."""
        new = super().make_slot(old, region, flags)
        if new is not None:
            new.npages += 1
        return new


class OnePageOff(Kvm):
    """A new slot begins one page above its host address."""

    def host_address(self, old: MemorySlot | None, region: MemoryRegion) -> int | None:
        """Start at the second page."""
        hva = super().host_address(old, region)
        return hva + PAGE_SIZE if old is None and hva is not None else hva


class DropsLogging(Kvm):
    """A request that asks for dirty logging is accepted, and logs nothing."""

    def accepted_flags(self, flags: int) -> int | None:
        """Lose the bit on the way."""
        return super().accepted_flags(flags & ~LOG_DIRTY_PAGES)


class ForgetsDelete(Kvm):
    """A delete says that it is done, and does nothing."""

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Go on with everything else."""
        if new is None:
            return None
        return super().change_slot(table, old, new, failure)


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K11",
        NeverRollsBack,
        "ERR-1",
        "DEL-17",
        "ERR-2",
        "SLOT-8",
        "MMU-1",
        source='S8; "KVM: Reinstall old memslots if arch preparation fails"',
        since="v2.6.34-rc1 to 2019 or 2020",
        tag="[T]",
    ),
    exhibit(
        "early-reclaim",
        ReclaimsEarly,
        "SRCU-4",
        "SRCU-2",
        source="the patch: synchronize_srcu_expedited() before kfree()",
        since="never",
        tag="[D]",
    ),
    planted(
        "rolls-back-without-the-log",
        RollsBackWithoutTheLog,
        "ERR-1",
        "ERR-5",
        "ERR-2",
        "SLOT-8",
        "DIRTY-26",
    ),
    planted("leaks-tables", LeaksTables, "SRCU-20"),
    planted("publishes-twice", PublishesTwice, "SRCU-7"),
    planted("edits-in-place", EditsInPlace, "SLOT-7"),
    planted("starts-logging-others", StartsLoggingOthers, "SLOT-2", "SLOT-8", "ERR-2"),
    planted("one-page-long", OnePageLong, "SLOT-1", "SLOT-8", "SRCU-1"),
    planted("one-page-off", OnePageOff, "SLOT-3", "SLOT-8", "LOOK-4"),
    planted("drops-logging", DropsLogging, "SLOT-9", "SLOT-8"),
    planted("forgets-delete", ForgetsDelete, "SLOT-9", "REQ-13", "SLOT-8", "SRCU-18"),
)
