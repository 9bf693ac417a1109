"""Cached MMIO: an access that found no slot caches the fact for the next one.

It is cached in an spte, which every vCPU meets and which has room for a few bits of
the generation, and with the vCPU, for the frame it accessed last. After
`mark_mmio_spte`, `check_mmio_spte`, `vcpu_cache_mmio_info`,
`handle_mmio_page_fault` and `kvm_mmu_invalidate_mmio_sptes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_reference.memslots import Memslots
from memslot_reference.slot_hints import SlotHints, generation_of
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.caches import (
    CachesUpdated,
    MmioCached,
    MmioHit,
    MmioPlace,
)
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Mmio, Reply

GENERATION_BITS = 3
"""How many bits of a generation an spte holds: 19 in the kernel, whose count once
began near its end so that everybody met the wrap. Few bits do that as well."""


@dataclass(frozen=True, slots=True)
class VcpuMmio:
    """`vcpu->arch.mmio_gfn` and `mmio_gen`."""

    gfn: int
    generation: tuple[int, bool]


MmioSpte = tuple[int, bool]
"""The bits of a generation, and the mark of an open update."""


class MmioCaches(SlotHints):
    """What is cached of MMIO, and what becomes of it when the slots change.

    There is one vCPU, which is in one address space or another: a generation is
    of one of them alone, so what it caches need not name the space.
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM whose vCPU has accessed nothing."""
        super().__init__(hook, profile, limits)
        self.mmio_sptes: dict[tuple[int, int], MmioSpte] = {}
        self.vcpu_mmio: VcpuMmio | None = None

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """How an access ends: as MMIO, if that is cached, or as a fault does.

        What is cached is read before the table that it is compared with is loaded.
        So an entry of a later table is never compared with an earlier one.
        """
        vcpu, spte = self.vcpu_mmio, self.mmio_sptes.get((as_id, gfn))
        if vcpu is not None and vcpu.gfn != gfn:
            vcpu = None
        if vcpu is not None or spte is not None:
            table = self.load_table(as_id)
            self.read(table, "generation")
            if vcpu is not None and self.vcpu_match_mmio_gen(vcpu, table):
                self.hook.point(MmioHit, MmioPlace.VCPU, gfn, as_id, table.handle)
                return Mmio()
            if spte is not None and self.check_mmio_spte(spte, table):
                self.hook.point(MmioHit, MmioPlace.SPTE, gfn, as_id, table.handle)
                self.remember_in_vcpu(table, gfn)
                return Mmio()
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )

    def access_unbacked(self, table: Memslots, gfn: int) -> Reply:
        """Cache it in both places: no slot of this table covers the frame."""
        self.remember_in_vcpu(table, gfn)
        self.lock_mmu()
        self.mark_mmio_spte(table, gfn)
        self.unlock_mmu()
        return Mmio()

    def remember_in_vcpu(self, table: Memslots, gfn: int) -> None:
        """`vcpu_cache_mmio_info`: not while an update is open."""
        self.read(table, "generation")
        if not self.vcpu_may_remember(table):
            return
        self.vcpu_mmio = VcpuMmio(gfn, generation_of(table))
        self.hook.point(
            MmioCached,
            MmioPlace.VCPU,
            gfn,
            table.as_id,
            table.generation,
            table.handle,
            bits=64,
        )

    def vcpu_may_remember(self, table: Memslots) -> bool:
        """Nobody knows whether the vCPU saw the slots of before, or these."""
        return not table.in_progress

    def vcpu_match_mmio_gen(self, cached: VcpuMmio, table: Memslots) -> bool:
        """`vcpu_match_mmio_gen`: the vCPU cached it under this generation."""
        return cached.generation == generation_of(table)

    def mark_mmio_spte(self, table: Memslots, gfn: int) -> None:
        """`mark_mmio_spte`: cache it for every vCPU of the address space."""
        self.read(table, "generation")
        spte = self.mmio_sptes[table.as_id, gfn] = self.mmio_spte_of(table)
        self.hook.point(
            MmioCached,
            MmioPlace.SPTE,
            gfn,
            table.as_id,
            spte[0],
            table.handle,
            bits=GENERATION_BITS,
        )

    def mmio_spte_of(self, table: Memslots) -> MmioSpte:
        """The bits of a table's generation that there is room for, and the mark.

        An spte that has the mark never hits. The number alone would not do: on a
        wrap these sptes are dropped before the new number is there, and one made
        between the two would be left.
        """
        return self.bits_of(table.generation), table.in_progress

    def bits_of(self, generation: int) -> int:
        """`generation & MMIO_SPTE_GEN_MASK`."""
        return generation % (1 << GENERATION_BITS)

    def check_mmio_spte(self, spte: MmioSpte, table: Memslots) -> bool:
        """`check_mmio_spte`: nothing hits while an update is open."""
        return not table.in_progress and spte == self.mmio_spte_of(table)

    def memslots_updated(self, generation: int) -> None:
        """`kvm_mmu_invalidate_mmio_sptes`: on a wrap every MMIO spte is dropped."""
        dropped = self.is_wrap(generation)
        if dropped:
            self.lock_mmu()
            self.mmio_sptes.clear()
            self.unlock_mmu()
        self.hook.point(CachesUpdated, generation, dropped)

    def is_wrap(self, generation: int) -> bool:
        """The bits of a generation begin anew, in whichever address space.

        Each space has every so-manyth number, so the lowest bits are the space's.
        """
        spaces = self.limits.address_spaces
        return self.bits_of(generation) // spaces == 0

    def zap_all(self) -> None:
        """Every spte is dropped, MMIO sptes too."""
        super().zap_all()
        self.mmio_sptes.clear()
