"""Mutants that map ahead what they should not, or say what is not so."""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.museum.mutant import Mutant, planted
from memslot_reference.shadow import PAGES_AT_LEVEL
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Mmio, PreFaulted, Refused, Reply, Retry
from memslot_spec.model.values import Errno, Gfn


class InvalidIsNoSlot(LinuxKvm):
    """A prefault takes an INVALID slot for none."""

    def slot_is_going(self) -> Refused:
        """ENOENT, though the slot may come back."""
        return Refused(Errno.ENOENT)


class HolesToBeRetried(LinuxKvm):
    """A prefault in no slot is told to try again, for ever."""

    def outcome_of(self, gfn: int, reply: Reply) -> int | Refused:
        """Take a hole for a slot that is on its way."""
        return super().outcome_of(gfn, Retry() if isinstance(reply, Mmio) else reply)


class CountsHoles(LinuxKvm):
    """A prefault passes over frames in no slot, and counts them."""

    def outcome_of(self, gfn: int, reply: Reply) -> int | Refused:
        """Nothing is to be done there."""
        return 1 if isinstance(reply, Mmio) else super().outcome_of(gfn, reply)


class LosesItsProgress(LinuxKvm):
    """A prefault that ends at a later page reports the error, and no page."""

    def cut_short(self, mapped: int, error: Refused) -> Reply:
        """`return r`, whatever was done."""
        del mapped
        return error


class CountsLargePages(LinuxKvm):
    """A large page counts as all its pages, wherever in it the range begins."""

    def mapped_from(self, gfn: int) -> int:
        """`KVM_HPAGE_SIZE(level)`, with nothing taken off."""
        spte = self.walk(gfn, write=False, direct=True, root=0)
        return 1 if spte is None else PAGES_AT_LEVEL[spte.level]


class CountsBeyond(LinuxKvm):
    """A prefault counts a large page to its end, beyond the range."""

    def counted(self, mapped: int, npages: int) -> int:
        """Leave `min()` out."""
        del npages
        return mapped


class OnlyLooks(LinuxKvm):
    """A prefault finds out which pages could be mapped, and maps none."""

    def map_ahead(self, gfn: int) -> int | Refused:
        """Look the slot up."""
        slot = self.search_memslots(self.load_table(), gfn)
        if slot is None:
            return Refused(Errno.ENOENT)
        return Refused(Errno.EAGAIN) if slot.invalid else 1


class NothingToDo(LinuxKvm):
    """A prefault of no page is done at once."""

    def pre_fault(self, gfn: Gfn, npages: int) -> Reply:
        """`while (size)`."""
        return super().pre_fault(gfn, npages) if npages else PreFaulted(0)


MUTANTS: tuple[Mutant, ...] = (
    planted("prefault-invalid-hole", InvalidIsNoSlot, "DEL-18", profile=LINUX),
    planted("prefault-hole-again", HolesToBeRetried, "ERR-8", profile=LINUX),
    planted("prefault-counts-holes", CountsHoles, "ERR-9", "ERR-8", profile=LINUX),
    planted("prefault-loses-pages", LosesItsProgress, "ERR-10", profile=LINUX),
    planted("prefault-counts-large", CountsLargePages, "ERR-11", profile=LINUX),
    planted("prefault-beyond", CountsBeyond, "ERR-9", "ERR-11", profile=LINUX),
    planted("prefault-only-looks", OnlyLooks, "ERR-11", profile=LINUX),
    planted("prefault-of-nothing", NothingToDo, "ERR-12", profile=LINUX),
)
