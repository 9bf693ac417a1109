"""Variants that copy ranges of guest bytes otherwise, and reach what they should."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.replies import CutShort, Reply, Translated
from memslot_spec.model.values import Errno


class TranslatesFirst(LinuxKvm):
    """Nothing is copied of a range of which some page has no memory at first sight."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """Look every page up, and then once more to copy it."""
        at, end = gpa, gpa + length
        while at < end:
            gfn = at >> PAGE_SHIFT
            slot = self.search_memslots(self.load_table(as_id), gfn)
            if self.software_hva(slot, gfn, write=write) is None:
                return CutShort((), Errno.EFAULT)
            at = (gfn + 1) << PAGE_SHIFT
        return super().copy_pages(gpa, length, write=write, as_id=as_id)


class OneTable(LinuxKvm):
    """All pages of a copy are looked up in the table that was loaded for the first."""

    def table_of_each_page(self, as_id: int) -> Iterator[Memslots]:
        """Load the pointer once."""
        return repeat(self.load_table(as_id))


class SectionForEachPage(LinuxKvm):
    """A copy leaves its section after every page, and begins anew with the next."""

    def read_guest(self, gpa: int, length: int, as_id: int = 0) -> Reply:
        """Take the section page by page."""
        return self.page_by_page(gpa, length, write=False, as_id=as_id)

    def write_guest(self, gpa: int, length: int, as_id: int = 0) -> Reply:
        """Take the section page by page."""
        return self.page_by_page(gpa, length, write=True, as_id=as_id)

    def page_by_page(
        self, gpa: int, length: int, *, write: bool, as_id: int
    ) -> Translated | CutShort:
        """Copy one page at a time."""
        hvas: tuple[int, ...] = ()
        at, end = gpa, gpa + length
        while at < end:
            stop = min(end, ((at >> PAGE_SHIFT) + 1) << PAGE_SHIFT)
            section = self.srcu.read_lock()
            part = self.copy_pages(at, stop - at, write=write, as_id=as_id)
            self.srcu.read_unlock(section)
            hvas += part.hvas
            if isinstance(part, CutShort):
                return CutShort(hvas, part.errno)
            at = stop
        return Translated(hvas)


class MarksByALookup(Kvm):
    """A page that was written is looked up once more, and marked where it is then."""

    def copy_page(self, table: Memslots, gfn: int, *, write: bool) -> int | None:
        """`mark_page_dirty` takes a frame, not a slot."""
        slot = self.search_memslots(table, gfn)
        hva = self.software_hva(slot, gfn, write=write)
        if hva is not None and write:
            found = self.search_memslots(self.load_table(table.as_id), gfn)
            if found is not None:
                self.mark_page_dirty(found, gfn)
        return hva


VARIANTS: tuple[Variant, ...] = (
    variant(
        "copies-all-or-none",
        TranslatesFirst,
        "LOOK-17",
        source="a caller that gets EFAULT is not told how far the copy came",
        tag="argued",
    ),
    variant(
        "copies-by-one-table",
        OneTable,
        "LOOK-16",
        "LOOK-17",
        source="each page by a table that was current is also each by the same one",
        tag="argued",
    ),
    variant(
        "copies-in-sections",
        SectionForEachPage,
        "LOOK-16",
        "LOOK-18",
        source="each page stands for itself, in the kernel too",
        tag="argued",
    ),
    variant(
        "marks-by-a-lookup",
        MarksByALookup,
        "DIRTY-4",
        source="v2.6.34 virt/kvm/kvm_main.c, mark_page_dirty(kvm, gfn), which looks "
        "the frame up by itself",
        tag="[M]",
    ),
)
