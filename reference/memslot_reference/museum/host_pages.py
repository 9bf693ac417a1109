"""Mutants that mistake which page the host has, or what was accessed."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.host_pages import MapsWhatItChanged
from memslot_reference.memslots import MemorySlot
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.shadow import ShadowPage, Spte
from memslot_spec.history.points.mmu import SpteUpdated
from memslot_spec.model.profile import LINUX
from memslot_spec.model.values import Hva


class MapsForAnInvalidSlot(MapsWhatItChanged):
    """A page that the host has replaced is mapped for a slot that is being deleted."""

    def may_change(self, slot: MemorySlot) -> bool:
        """Do not look at the flag."""
        del slot
        return True


class ChangesOneSpte(Kvm):
    """Of the sptes of a page that the host has replaced, one is changed."""

    done = False

    def set_spte_hva(self, hva: int, *, writable: bool) -> None:
        """Begin anew with each page."""
        self.done = False
        super().set_spte_hva(hva, writable=writable)

    def change_spte(self, page: ShadowPage, index: int, *, writable: bool) -> bool:
        """Take the page to be in one slot."""
        if self.done:
            return False
        self.done = True
        return super().change_spte(page, index, writable=writable)


class SharesWritable(Kvm):
    """A page that the host shares with others can be written by the guest."""

    def put_other_page(self, page: ShadowPage, index: int, spte: Spte) -> None:
        """Change the page, and leave the W bit."""
        spte.found = self.host_memory.now()
        writable = spte.writable
        self.hook.point(
            SpteUpdated, page.handle, index, writable=writable, other_page=True
        )


class KeepsTheOldPage(Kvm):
    """An spte is made read-only and goes on to map the page of before."""

    def put_other_page(self, page: ShadowPage, index: int, spte: Spte) -> None:
        """Take the new bits and the old page."""
        found = spte.found
        super().put_other_page(page, index, spte)
        spte.found = found


class ChangesQuietly(Kvm):
    """The host replaces a page, and no TLB is flushed."""

    def change_spte(self, page: ShadowPage, index: int, *, writable: bool) -> bool:
        """Say that nothing was there."""
        super().change_spte(page, index, writable=writable)
        return False


class ChangesUncounted(Kvm):
    """A fault that is under way does not learn that the host has replaced its page."""

    def set_spte_hva(self, hva: int, *, writable: bool) -> None:
        """Leave the count of the notifiers as it is."""
        self.mmu_notifier_seq -= 1
        super().set_spte_hva(hva, writable=writable)


class AgesNothing(Kvm):
    """An ageing always answers "old", though there are A bits."""

    def age_hva(self, hva: Hva) -> bool:
        """Clear them, and say nothing."""
        super().age_hva(hva)
        return False


class NeverAges(Kvm):
    """An ageing leaves the A bits as they are."""

    def age_spte(self, page: ShadowPage, index: int) -> bool:
        """Look, and do not clear."""
        spte = page.sptes.get(index)
        return spte is not None and spte.accessed


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "maps-for-an-invalid-slot",
        MapsForAnInvalidSlot,
        "DEL-5",
        source="commit 2230f9e1171a, of arm64",
        since="until 2230f9e1171a",
        tag="[R]",
        profile=LINUX,
    ),
    planted("changes-one-spte", ChangesOneSpte, "HVA-11"),
    planted("shares-writable", SharesWritable, "HVA-12"),
    planted("keeps-the-old-page", KeepsTheOldPage, "HVA-13"),
    planted("changes-quietly", ChangesQuietly, "MMU-9"),
    planted("changes-uncounted", ChangesUncounted, "HVA-8", "HVA-13"),
    planted("ages-nothing", AgesNothing, "HVA-14"),
    planted("never-ages", NeverAges, "HVA-15"),
)
