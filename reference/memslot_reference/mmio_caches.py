"""Cached MMIO: an access that found no slot is remembered for the next one.

One note is an spte, which every vCPU meets and which has room for a few bits of
the generation. The other is the vCPU's own, for the frame it accessed last. After
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


SpteNote = tuple[int, bool]
"""The bits of a generation, and the mark of an open update."""


class MmioCaches(SlotHints):
    """The notes, and what becomes of them when the slots change.

    There is one vCPU, which is in one address space or another: a generation is
    of one of them alone, so its note need not name the space.
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM whose vCPU has accessed nothing."""
        super().__init__(hook, profile, limits)
        self.mmio_sptes: dict[tuple[int, int], SpteNote] = {}
        self.vcpu_mmio: VcpuMmio | None = None

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """How an access ends: as MMIO, if a note says so, or as a fault does.

        A note is taken up before the table is loaded that it is held to. A note of
        a later table is then never taken up with an earlier one in hand.
        """
        vcpu, spte = self.vcpu_mmio, self.mmio_sptes.get((as_id, gfn))
        if vcpu is not None and vcpu.gfn != gfn:
            vcpu = None
        if vcpu is not None or spte is not None:
            table = self.load_table(as_id)
            self.read(table, "generation")
            if vcpu is not None and self.vcpu_note_is_of(vcpu, table):
                self.hook.point(MmioHit, MmioPlace.VCPU, gfn, as_id, table.handle)
                return Mmio()
            if spte is not None and self.mmio_spte_is_of(spte, table):
                self.hook.point(MmioHit, MmioPlace.SPTE, gfn, as_id, table.handle)
                self.remember_in_vcpu(table, gfn)
                return Mmio()
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )

    def access_unbacked(self, table: Memslots, gfn: int) -> Reply:
        """Leave both notes: no slot of this table covers the frame."""
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
        )

    def vcpu_may_remember(self, table: Memslots) -> bool:
        """Nobody knows whether the vCPU saw the slots of before, or these."""
        return not table.in_progress

    def vcpu_note_is_of(self, note: VcpuMmio, table: Memslots) -> bool:
        """The vCPU's note was made under this generation (`vcpu_match_mmio_gen`)."""
        return note.generation == generation_of(table)

    def mark_mmio_spte(self, table: Memslots, gfn: int) -> None:
        """`mark_mmio_spte`: leave a note for every vCPU of the address space."""
        self.read(table, "generation")
        note = self.mmio_sptes[table.as_id, gfn] = self.note_of(table)
        self.hook.point(
            MmioCached, MmioPlace.SPTE, gfn, table.as_id, note[0], table.handle
        )

    def note_of(self, table: Memslots) -> SpteNote:
        """The bits of a table's generation that there is room for, and the mark.

        A note that has the mark never hits. The number alone would not do: on a
        wrap the notes are dropped before the new number is there, and one made
        between the two would be left.
        """
        return self.bits_of(table.generation), table.in_progress

    def bits_of(self, generation: int) -> int:
        """`generation & MMIO_SPTE_GEN_MASK`."""
        return generation % (1 << GENERATION_BITS)

    def mmio_spte_is_of(self, note: SpteNote, table: Memslots) -> bool:
        """`check_mmio_spte`: nothing hits while an update is open."""
        return not table.in_progress and note == self.note_of(table)

    def memslots_updated(self, generation: int) -> None:
        """`kvm_mmu_invalidate_mmio_sptes`: on a wrap every note in an spte goes."""
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
        """Every spte goes, those that note MMIO too."""
        super().zap_all()
        self.mmio_sptes.clear()
