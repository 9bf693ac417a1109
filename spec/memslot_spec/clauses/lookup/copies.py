"""Copies of a range of guest bytes: each page is looked up, and reached, by itself."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.guest_copies import frames_of, pages_explained, reached_by
from memslot_spec.model.replies import CutShort, Translated
from memslot_spec.model.values import Errno
from memslot_spec.moments.copies import GuestCopied

COPIES = ("ReadGuest", "WriteGuest")


def has_reached_pages(facts: Facts, copied: GuestCopied) -> bool:
    return isinstance(copied.reply, Translated) or bool(reached_by(copied.reply))


@clause(
    id="LOOK-16",
    title="A copy reaches each page through its slot",
    must="What a copy of a range of guest bytes reaches MUST be the pages of the range "
    "in order, each through the slot that covers it and at the byte asked for, and "
    "where it succeeds every one of them.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3048, kvm_vcpu_read_guest(); 3153, "
        "kvm_vcpu_write_guest(); 2987, next_segment()",
        last_read="2026-11-27",
    ),
    rows=(22,),
    on=GuestCopied,
    premise=has_reached_pages,
    expected="every page of the range, each by a table that may be current",
    any_operation=COPIES,
)
def reaches_its_pages(facts: Facts, copied: GuestCopied) -> bool:
    copy, hvas = copied.copy, reached_by(copied.reply)
    # A page without memory, and what a copy does from there on, is LOOK-17's.
    before = _pages_before(copied)
    if isinstance(copied.reply, Translated) and len(hvas) < before:
        return False
    if copied.lacking is not None:
        hvas = hvas[:before]
    return pages_explained(copied.tables, copy, hvas)


def _pages_before(copied: GuestCopied) -> int:
    """How many pages of the range come before the one without memory."""
    lacking = copied.lacking
    frames = frames_of(copied.copy)
    return len(frames) if lacking is None else lacking - frames.start


def has_a_page_without_memory(facts: Facts, copied: GuestCopied) -> bool:
    return copied.lacking is not None


def the_error(facts: Facts, copied: GuestCopied) -> str:
    return f"error EFAULT after no more than {_pages_before(copied)} pages"


@clause(
    id="LOOK-17",
    title="A copy ends with EFAULT at a page without memory",
    must="A copy MUST end with EFAULT, having reached no page from there on, at the "
    "first frame that is in no slot or in an INVALID one or, to be written, in a "
    "READONLY one. A frame past the last guest address is in no slot: a range does not "
    "wrap.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2995, __kvm_read_guest_page(); 3096, "
        "__kvm_write_guest_page(); 2421, __gfn_to_hva_many(); patch, gfn_to_hva()",
        last_read="2026-11-27",
    ),
    rows=(22,),
    on=GuestCopied,
    premise=has_a_page_without_memory,
    expected=the_error,
    any_operation=COPIES,
)
def ends_there(facts: Facts, copied: GuestCopied) -> bool:
    reply = copied.reply
    return (
        isinstance(reply, CutShort)
        and reply.errno in {Errno.EFAULT, None}
        and len(reply.hvas) <= _pages_before(copied)
    )


def has_memory_throughout(facts: Facts, copied: GuestCopied) -> bool:
    return copied.is_backed


@clause(
    id="LOOK-18",
    title="A range with memory is copied to its last byte",
    must="A copy MUST succeed where every page of the range is in a slot that is not "
    "INVALID nor, to be written, READONLY, and the host has the page; what lies beyond "
    "its last byte is not asked for.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2987, next_segment(); 3048, "
        "kvm_vcpu_read_guest(); 3153, kvm_vcpu_write_guest()",
        last_read="2026-11-27",
    ),
    rows=(22,),
    on=GuestCopied,
    premise=has_memory_throughout,
    expected="success: every page of the range has memory",
    any_operation=COPIES,
)
def is_copied(facts: Facts, copied: GuestCopied) -> bool:
    return isinstance(copied.reply, Translated)


CLAUSES: tuple[AnyClause, ...] = (reaches_its_pages, ends_there, is_copied)
