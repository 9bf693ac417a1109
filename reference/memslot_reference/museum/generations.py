"""Mutants whose tables have the wrong generation, or have it too early."""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.mmio_caches import GENERATION_BITS, MmioSpte
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.model.profile import LINUX


class NumbersBySpace(LinuxKvm):
    """Each address space numbers its tables by itself."""

    def next_generation(self, table: Memslots) -> int:
        """Count on by one."""
        return table.generation + 1


class NeverMarks(LinuxKvm):
    """A table is published without the mark of an open update."""

    def set_generation(
        self, table: Memslots, generation: int, *, in_progress: bool
    ) -> None:
        """Store the number alone."""
        del in_progress
        super().set_generation(table, generation, in_progress=False)


class SettlesBeforeWaiting(LinuxKvm):
    """A table gets its number while readers still have the one before."""

    def swap(self, as_id: int) -> None:
        """Wait for the readers at the end."""
        self.publish(as_id)
        self.unlock_arch()
        self.settle(as_id)
        self.srcu.synchronize()


class NumberFirst(LinuxKvm):
    """A new generation can be seen before MMIO sptes with its bits are dropped."""

    def settle(self, as_id: int) -> None:
        """Store the number, then look whether it wraps."""
        table = self.active[as_id]
        generation = self.next_generation(table)
        self.set_generation(table, generation, in_progress=False)
        self.memslots_updated(generation)


class RollsBackTheNumber(LinuxKvm):
    """A failed request puts the number back together with the slot."""

    def activate(
        self, as_id: int, old: MemorySlot | None, new: MemorySlot | None
    ) -> None:
        """Swap as if nothing had been seen of the table between."""
        if old is not None and old is new:
            self.before = self.inactive[as_id].generation
        super().activate(as_id, old, new)
        self.before = None

    before: int | None = None

    def next_generation(self, table: Memslots) -> int:
        """The number of before, where there is one to go back to."""
        if self.before is not None:
            return self.before
        return super().next_generation(table)


class WrapsInSpaceZero(LinuxKvm):
    """MMIO sptes are dropped on a wrap in address space 0 only."""

    def is_wrap(self, generation: int) -> bool:
        """Compare with 0: the numbers of the other spaces never are."""
        return self.bits_of(generation) == 0


class StampsTheNewNumber(LinuxKvm):
    """MMIO found in the old table is cached under the generation of the new one."""

    def mmio_spte_of(self, table: Memslots) -> MmioSpte:
        """Take the number that is current, or about to be, when the spte is made.

        In the kernel of that time a table had its number from its publication.
        """
        now = self.active[table.as_id]
        number = self.next_generation(now) if now.in_progress else now.generation
        return self.bits_of(number), False


class MakesHighBitsOfLowOnes(LinuxKvm):
    """The upper half of the bits in an MMIO spte is not the generation's.

    So the bits repeat before they wrap, and nothing is dropped then.
    """

    def bits_of(self, generation: int) -> int:
        """`generation_mmio_spte_mask` with the upper half shifted wrong."""
        low = (1 << GENERATION_BITS // 2 + 1) - 1
        high = generation % 2 << GENERATION_BITS - 1
        return high | generation & low


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K33",
        StampsTheNewNumber,
        "CACHE-3",
        "GEN-7",
        "CACHE-1",
        "MMU-1",
        "SLOT-11",
        source="commit ee3d1570b586",
        since="until ee3d1570b586",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K36",
        NumberFirst,
        "GEN-4",
        source="commit 152482580a1b",
        since="until 152482580a1b",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K37",
        WrapsInSpaceZero,
        "GEN-6",
        "GEN-7",
        "CACHE-2",
        "CACHE-1",
        "MMU-1",
        "SLOT-11",
        source='"Detect MMIO generation wrap in any address space"',
        since="unknown",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "spte-high-bits",
        MakesHighBitsOfLowOnes,
        "CACHE-3",
        "GEN-6",
        "CACHE-2",
        "CACHE-1",
        "MMU-1",
        "SLOT-11",
        source='commit 34c0f6f2695a, "Fix SPTE encoding of MMIO generation upper half"',
        since="until 34c0f6f2695a",
        tag="[T]",
        profile=LINUX,
    ),
    planted("numbers-by-space", NumbersBySpace, "GEN-1", "GEN-5", profile=LINUX),
    planted("never-marks", NeverMarks, "GEN-2", profile=LINUX),
    planted("settles-early", SettlesBeforeWaiting, "GEN-3", profile=LINUX),
    planted("rolls-back-number", RollsBackTheNumber, "GEN-5", profile=LINUX),
)
