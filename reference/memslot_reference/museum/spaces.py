"""Mutants of today's kernel: two sets of slots, two address spaces, retried faults."""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.slot_word import id_of
from memslot_spec.history.points.srcu import Retried
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Mmio, Refused, Reply, Retry
from memslot_spec.model.values import Errno, Failure, Gfn, MemoryRegion


class LinuxDeletesAbsent(LinuxKvm):
    """Deleting an absent slot succeeds, and drops every mapping."""

    def conflict(
        self,
        table: Memslots,
        old: MemorySlot | None,
        region: MemoryRegion,
        flags: int,
    ) -> Errno | None:
        """Do not look whether there is anything to delete."""
        if old is None and region.npages == 0:
            return None
        return super().conflict(table, old, region, flags)

    def delete_absent(self, table: Memslots) -> None:
        """Flush for nothing."""
        del table
        self.flush_all()


class LinuxInvalidIsMmio(LinuxKvm):
    """A fault on an INVALID slot is taken for MMIO."""

    def invalid_reply(self) -> Reply:
        """Treat the slot as if it were not there."""
        return Mmio()


class LinuxRetriesInside(LinuxKvm):
    """A fault on an INVALID slot is retried inside its read section."""

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """Go round until the slot is gone, for which the update waits for us."""
        while True:
            reply = super().page_fault(
                gfn, write=write, direct=direct, root=root, as_id=as_id
            )
            if not isinstance(reply, Retry):
                return reply
            self.hook.point(Retried)
            self.hook.wait(lambda: not self.is_going(gfn, as_id), "RET_PF_RETRY")

    def map_ahead(self, gfn: int) -> int | Refused:
        """A prefault goes round as well: it was there that this happened."""
        while True:
            step = super().map_ahead(gfn)
            if step != Refused(Errno.EAGAIN):
                return step
            self.hook.point(Retried)
            self.hook.wait(lambda: not self.is_going(gfn, 0), "RET_PF_RETRY")


class LooksInSpaceZero(LinuxKvm):
    """A fault of address space 1 is looked up in address space 0."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """Forget which space the vCPU is in."""
        del as_id
        return super().access(gfn, write=write, direct=direct, root=root)


class OverlapsAcross(LinuxKvm):
    """The overlap test looks at the slots of every address space."""

    def overlaps(self, table: Memslots, region: MemoryRegion) -> bool:
        """Test against the other spaces' slots as well."""
        return super().overlaps(table, region) or any(
            region.base + region.npages > slot.base_gfn
            and region.base < slot.base_gfn + slot.npages
            for other in self.active
            if other.as_id != table.as_id
            for slot in other.slots.values()
        )


class TakesNamesakeToo(LinuxKvm):
    """A delete takes the slot of the same id in the other address space with it."""

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Go by the id alone."""
        errno = super().change_slot(table, old, new, failure)
        if errno is None and new is None and old is not None:
            self.delete_namesakes(old)
        return errno

    def delete_namesakes(self, deleted: MemorySlot) -> None:
        """Delete what goes by the same id elsewhere."""
        for table in self.active:
            for slot in tuple(table.slots.values()):
                if table.as_id != deleted.as_id and id_of(slot.word) == deleted.id:
                    super().change_slot(table, slot, None, None)


class SharesBudget(LinuxKvm):
    """Each address space has its share of the page budget, and no more."""

    def mmu_pages(self) -> int:
        """Divide what all slots together give."""
        return super().mmu_pages() // self.limits.address_spaces


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K15",
        LinuxDeletesAbsent,
        "REQ-11",
        "ERR-1",
        source="S11; commit f0736cf0550b",
        since="v2.6.34-rc1, until f0736cf0550b",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K43",
        LinuxInvalidIsMmio,
        "DEL-11",
        source="commit e0c378684b65",
        since="until e0c378684b65",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K44",
        LinuxRetriesInside,
        "SRCU-19",
        "PROG-2",
        source="commit 3ccbf6f47098",
        since="until v6.18",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K47",
        LooksInSpaceZero,
        "SLOT-11",
        "MMU-1",
        "DEL-12",
        source="commit 817fa998362d",
        since="until 817fa998362d",
        tag="[R]",
        profile=LINUX,
    ),
    planted("shares-budget", SharesBudget, "SIZE-3", profile=LINUX),
    planted("overlaps-across", OverlapsAcross, "SLOT-10", "REQ-28", profile=LINUX),
    planted(
        "takes-namesake-too",
        TakesNamesakeToo,
        "SLOT-2",
        "DEL-1",
        profile=LINUX,
    ),
)
