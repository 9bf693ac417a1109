"""Mutants that take an access for MMIO because it once was."""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_reference.mmio_caches import SpteNote, VcpuMmio
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.model.profile import LINUX


class VcpuForgetsNothing(LinuxKvm):
    """What a vCPU remembers of MMIO is not held to a generation."""

    def vcpu_note_is_of(self, note: VcpuMmio, table: Memslots) -> bool:
        """Compare the frames alone."""
        del note, table
        return True


class VcpuRemembersAnyTime(LinuxKvm):
    """A vCPU remembers MMIO while an update is open."""

    def vcpu_may_remember(self, table: Memslots) -> bool:
        """Do not look at the mark."""
        del table
        return True


class HitsDuringAnUpdate(LinuxKvm):
    """A note of the old table hits while the new one has its number and a mark."""

    def mmio_spte_is_of(self, note: SpteNote, table: Memslots) -> bool:
        """Compare the numbers, and leave the table's mark aside."""
        return note == (self.bits_of(table.generation), False)


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
