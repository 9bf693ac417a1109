"""What a copy of a range of guest bytes may answer, and which tables explain it.

A range is copied page by page, and each page is looked up by itself: the pages of one
copy may be those of different tables. The frames are counted on past the last guest
address, where no slot is, so that a range does not wrap.

Source: 6.1 virt/kvm/kvm_main.c:3048, kvm_vcpu_read_guest(); 3153,
kvm_vcpu_write_guest(); 2995, __kvm_read_guest_page(); 3096, __kvm_write_guest_page().
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memslot_spec.arithmetic.byte_ranges import offset_in
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import GuestCopy, WriteGuest
from memslot_spec.model.profile import Limits
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import CutShort, Reply, Translated
from memslot_spec.model.values import Errno, Slot, SlotTable


def frames_of(copy: GuestCopy) -> range:
    """The frames that a copy is about, in its order."""
    if copy.length == 0:
        return range(0)
    last = (copy.gpa + copy.length - 1) >> PAGE_SHIFT
    return range(copy.gpa >> PAGE_SHIFT, last + 1)


def slot_at(table: SlotTable, copy: GuestCopy, gfn: int) -> Slot | None:
    """The slot through which a frame is copied; None where the table has no memory."""
    slot = gfn_to_memslot(table, gfn, copy.as_id)
    if slot is None or slot.invalid:
        return None
    return None if slot.readonly and isinstance(copy, WriteGuest) else slot


def hva_at(table: SlotTable, copy: GuestCopy, gfn: int) -> int | None:
    """The host byte at which a copy meets a page; None without memory."""
    slot = slot_at(table, copy, gfn)
    return None if slot is None else slot.hva_of(gfn) + offset_in(copy.gpa, gfn)


def first_without_memory(
    tables: Sequence[SlotTable], copy: GuestCopy, *, by_all: bool
) -> int | None:
    """The first frame that all of the tables have no memory for, or some of them."""
    tell = all if by_all else any
    for gfn in _edges(tables, copy):
        if tell(slot_at(table, copy, gfn) is None for table in tables):
            return gfn
    return None


def _edges(tables: Sequence[SlotTable], copy: GuestCopy) -> list[int]:
    """The frames at which another slot may begin to answer."""
    frames = frames_of(copy)
    edges = {
        edge
        for table in tables
        for slot in table.slots
        if slot.as_id == copy.as_id
        for edge in (slot.base, slot.base + slot.npages)
        if edge in frames
    }
    return sorted(edges.union(frames[:1]))


def reached_by(reply: Reply) -> tuple[int, ...]:
    """The host bytes that were reached, as the reply of a copy says."""
    return reply.hvas if isinstance(reply, Translated | CutShort) else ()


def pages_explained(
    tables: Sequence[SlotTable], copy: GuestCopy, hvas: tuple[int, ...]
) -> bool:
    """Each page that was reached is the one that some table gives, in order."""
    frames = frames_of(copy)
    return len(hvas) <= len(frames) and all(
        any(hva_at(table, copy, gfn) == hva for table in tables)
        for gfn, hva in zip(frames, hvas, strict=False)
    )


def copy_explained(
    tables: Iterable[SlotTable], copy: GuestCopy, reply: Reply, limits: Limits
) -> bool:
    """The tables, one for each page, explain what a copy reached and how it ended.

    One that ends with an error need not have reached every page before the one that
    has no memory.
    """
    known = tuple(tables)
    if isinstance(reply, Translated):
        is_whole = len(reply.hvas) == len(frames_of(copy))
        return is_whole and pages_explained(known, copy, reply.hvas)
    if not isinstance(reply, CutShort) or reply.errno not in {Errno.EFAULT, None}:
        return False
    if len(reply.hvas) == len(frames_of(copy)):
        return False
    if not pages_explained(known, copy, reply.hvas):
        return False
    if limits.holes:
        return True
    lacking = first_without_memory(known, _rest(copy, len(reply.hvas)), by_all=False)
    return lacking is not None


def _rest(copy: GuestCopy, reached: int) -> GuestCopy:
    """What is left of a copy after so many pages."""
    frames = frames_of(copy)
    begin = max(copy.gpa, (frames.start + reached) << PAGE_SHIFT)
    return type(copy)(begin, copy.gpa + copy.length - begin, copy.as_id)


def is_in_one_page(copy: GuestCopy) -> bool:
    """One table answers for all of it."""
    return len(frames_of(copy)) <= 1
