"""Mutants that copy a range of guest bytes otherwise than page by page."""

from __future__ import annotations

from collections.abc import Iterator

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, planted
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import CutShort, Translated
from memslot_spec.model.values import Errno


class LooksOnce(LinuxKvm):
    """A range is taken to lie in the slot of its first page, on the host too."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """Look one page up, and count on from its host address."""
        reply = super().copy_pages(gpa, min(length, 1), write=write, as_id=as_id)
        if isinstance(reply, CutShort) or not reply.hvas:
            return reply
        start = reply.hvas[0]
        pages = range(start >> PAGE_SHIFT, (start + length - 1) // PAGE_SIZE + 1)
        return Translated((start, *(page << PAGE_SHIFT for page in pages[1:])))


class KeepsTheOffset(LinuxKvm):
    """Each page is met as far from its beginning as the first one is."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """Leave `offset = 0` out of the loop."""
        reply = super().copy_pages(gpa, length, write=write, as_id=as_id)
        offset = gpa % PAGE_SIZE
        hvas = tuple(hva // PAGE_SIZE * PAGE_SIZE + offset for hva in reply.hvas)
        if isinstance(reply, CutShort):
            return CutShort(hvas, reply.errno)
        return Translated(hvas)


class ForgetsTheTail(LinuxKvm):
    """A range has as many pages as its length fills, wherever it begins."""

    def segment(self, left: int, offset: int) -> int:
        """A page's worth of the length, whatever part of the page is left."""
        del offset
        return min(left, PAGE_SIZE)


class OnePageTooMany(LinuxKvm):
    """The byte after the last one is looked up as well."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """`last = (gpa + length) >> PAGE_SHIFT`."""
        one_more = length + 1 if length else 0
        return super().copy_pages(gpa, one_more, write=write, as_id=as_id)


class WrapsToNothing(LinuxKvm):
    """The end of a range that wraps is below its beginning, and nothing is copied."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """`for (at = gpa; at < gpa + length; ...)`."""
        if (gpa + length) % U64 < gpa:
            return Translated(())
        return super().copy_pages(gpa, length, write=write, as_id=as_id)


class SkipsHoles(LinuxKvm):
    """A page without memory is passed over."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """Take what is missing for zeros, and succeed."""
        reply = super().copy_pages(gpa, length, write=write, as_id=as_id)
        return Translated(reply.hvas)


class CopiesFromAnySlot(LinuxKvm):
    """A copy finds its slot by the lookup that is also the way back of an spte."""

    def copy_page(self, table: Memslots, gfn: int, *, write: bool) -> int | None:
        """`gfn_to_memslot`, INVALID or READONLY."""
        slot = self.search_memslots(table, gfn)
        if slot is not None and write:
            self.mark_page_dirty(slot, gfn)
        return None if slot is None else slot.hva_of(gfn)


class ForgetsTheSpace(LinuxKvm):
    """A copy of a vCPU in SMM goes to the slots of the VM."""

    def table_of_each_page(self, as_id: int) -> Iterator[Memslots]:
        """`kvm_read_guest` where `kvm_vcpu_read_guest` was meant."""
        del as_id
        return super().table_of_each_page(0)


class MarksTheFirstPage(LinuxKvm):
    """One page of a copy is marked dirty."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """Mark where the range begins, and copy the rest as if it were read."""
        first = min(length, PAGE_SIZE - gpa % PAGE_SIZE)
        begun = super().copy_pages(gpa, first, write=write, as_id=as_id)
        if isinstance(begun, CutShort):
            return begun
        at = gpa + first
        rest = super().copy_pages(at, length - first, write=False, as_id=as_id)
        if isinstance(rest, CutShort):
            return CutShort((*begun.hvas, *rest.hvas), rest.errno)
        return Translated((*begun.hvas, *rest.hvas))

    def software_hva(
        self, slot: MemorySlot | None, gfn: int, *, write: bool
    ) -> int | None:
        """READONLY slots are left out, for it may be a write."""
        del write
        return super().software_hva(slot, gfn, write=True)


class MarksWhenDone(LinuxKvm):
    """What was written is marked once all of it was, and not if it was cut short."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """Look first whether it will succeed."""
        first = super().copy_pages(gpa, length, write=False, as_id=as_id)
        if isinstance(first, CutShort) or not write:
            return first
        return super().copy_pages(gpa, length, write=True, as_id=as_id)


class SaysEinval(LinuxKvm):
    """A copy that finds no memory takes its range for a wrong one."""

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """EINVAL, for the range that was asked for."""
        reply = super().copy_pages(gpa, length, write=write, as_id=as_id)
        wrong = isinstance(reply, CutShort)
        return CutShort(reply.hvas, Errno.EINVAL) if wrong else reply


MUTANTS: tuple[Mutant, ...] = (
    planted(
        "copy-looks-once",
        LooksOnce,
        "LOOK-16",
        "LOOK-17",
        "CACHE-8",
        "CACHE-6",
        "DIRTY-4",
        profile=LINUX,
    ),
    planted(
        "copy-keeps-offset",
        KeepsTheOffset,
        "LOOK-16",
        "CACHE-6",
        "CACHE-8",
        profile=LINUX,
    ),
    planted(
        "copy-forgets-tail",
        ForgetsTheTail,
        "LOOK-16",
        "LOOK-17",
        "CACHE-6",
        "CACHE-8",
        profile=LINUX,
    ),
    planted(
        "copy-one-too-many",
        OnePageTooMany,
        "LOOK-18",
        "LOOK-16",
        "CACHE-6",
        "CACHE-14",
        profile=LINUX,
    ),
    planted("copy-wraps", WrapsToNothing, "LOOK-17", "LOOK-16", profile=LINUX),
    planted(
        "copy-skips-holes", SkipsHoles, "LOOK-17", "LOOK-16", "CACHE-13", profile=LINUX
    ),
    planted(
        "copy-of-any-slot", CopiesFromAnySlot, "LOOK-17", "CACHE-13", profile=LINUX
    ),
    planted(
        "copy-in-space-0",
        ForgetsTheSpace,
        "LOOK-16",
        "LOOK-17",
        "LOOK-18",
        profile=LINUX,
    ),
    planted("copy-marks-first", MarksTheFirstPage, "DIRTY-4", "LOOK-18", profile=LINUX),
    planted("copy-marks-done", MarksWhenDone, "DIRTY-4", profile=LINUX),
    planted("copy-says-einval", SaysEinval, "LOOK-17", profile=LINUX),
)
