"""Mutants that take an access for MMIO because it once was."""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_reference.mmio_caches import MmioSpte, VcpuMmio
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.slot_hints import generation_of
from memslot_spec.history.points.caches import MmioCached, MmioPlace
from memslot_spec.model.profile import LINUX


class VcpuForgetsNothing(LinuxKvm):
    """A vCPU uses cached MMIO under any generation."""

    def vcpu_match_mmio_gen(self, cached: VcpuMmio, table: Memslots) -> bool:
        """Compare the frames alone."""
        del cached, table
        return True


class VcpuRemembersAnyTime(LinuxKvm):
    """A vCPU caches MMIO while an update is open."""

    def vcpu_may_remember(self, table: Memslots) -> bool:
        """Do not look at the mark."""
        del table
        return True


class HitsDuringAnUpdate(LinuxKvm):
    """MMIO cached from the old table hits while the new one is marked in progress."""

    def check_mmio_spte(self, spte: MmioSpte, table: Memslots) -> bool:
        """Compare the numbers, and leave the table's mark aside."""
        return spte == (self.bits_of(table.generation), False)


class SmmNote(LinuxKvm):
    """What a vCPU in SMM caches of MMIO is dated by the slots of address space 0."""

    def remember_in_vcpu(self, table: Memslots, gfn: int) -> None:
        """`kvm_memslots(vcpu->kvm)->generation`, whatever space was looked at."""
        dated_by = self.load_table(0)
        self.read(dated_by, "generation")
        if not self.vcpu_may_remember(dated_by):
            return
        self.vcpu_mmio = VcpuMmio(gfn, generation_of(dated_by))
        self.hook.point(
            MmioCached,
            MmioPlace.VCPU,
            gfn,
            table.as_id,
            dated_by.generation,
            table.handle,
            bits=64,
        )

    def vcpu_match_mmio_gen(self, cached: VcpuMmio, table: Memslots) -> bool:
        """`vcpu_match_mmio_gen`: with the same table on the other side."""
        del table
        return cached.generation == generation_of(self.active[0])


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K34",
        VcpuForgetsNothing,
        "CACHE-4",
        "CACHE-2",
        "GEN-7",
        "CACHE-1",
        "MMU-1",
        "SLOT-11",
        source="commit 56f17dd3fbc4",
        since="until 56f17dd3fbc4",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K35",
        VcpuRemembersAnyTime,
        "CACHE-5",
        source="commit ddfd1730fd82",
        since="until ddfd1730fd82",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "dates-smm-by-space-0",
        SmmNote,
        "CACHE-3",
        "CACHE-1",
        "CACHE-4",
        "CACHE-5",
        "CACHE-2",
        "GEN-7",
        "MMU-1",
        "SLOT-11",
        source="6.1 arch/x86/kvm/x86.h:204, vcpu_cache_mmio_info(); :226, "
        "vcpu_match_mmio_gen()",
        since="in 6.1",
        tag="[D]",
        profile=LINUX,
    ),
    planted(
        "hits-during-update",
        HitsDuringAnUpdate,
        "CACHE-2",
        "GEN-7",
        "CACHE-1",
        "MMU-1",
        "SLOT-11",
        "GEN-6",
        profile=LINUX,
    ),
)
