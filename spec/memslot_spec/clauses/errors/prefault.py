"""Prefaults: what is mapped ahead of its first access, and what errors say of it."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.prefaults import NO_MEMORY_FOR_IT, lacks_a_slot
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import PreFaulted, Refused, same_reply
from memslot_spec.model.values import Errno
from memslot_spec.moments.prefaults import NoRangePreFaulted, PreFaultAnswered

OF_THE_BOOK = "api.rst on KVM_PRE_FAULT_MEMORY, as it was posted for Linux 6.11, says"
"""No lines of a kernel: 6.1 has no prefaults, and the later files were not opened."""


def is_in_no_slot(facts: Facts, answered: PreFaultAnswered) -> bool:
    return all(slot is None for slot in answered.slots)


@clause(
    id="ERR-8",
    title="A prefault in no slot fails with ENOENT",
    must="A prefault whose first frame is in no slot MUST fail with ENOENT, "
    "unless memory runs out.",
    known=Known(
        derived=f"{OF_THE_BOOK} ENOENT of a gpa outside of the slots",
    ),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=PreFaultAnswered,
    premise=is_in_no_slot,
    expected="refused ENOENT: no slot covers the first frame",
    operations=("PreFault",),
)
def hole_is_enoent(facts: Facts, answered: PreFaultAnswered) -> bool:
    reply = answered.reply
    return same_reply(Refused(Errno.ENOENT), reply) or reply == NO_MEMORY_FOR_IT


def has_mapped_pages(facts: Facts, answered: PreFaultAnswered) -> bool:
    return isinstance(answered.reply, PreFaulted)


@clause(
    id="ERR-9",
    title="A prefault counts pages of valid slots",
    must="A prefault that succeeds MUST have mapped one page at least and no more than "
    "it was asked for, and every page that it counts is in a slot that is not INVALID.",
    known=Known(
        derived=f"{OF_THE_BOOK} that it returns 0 if at least one page is processed, "
        "and hands back the range that is left",
    ),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=PreFaultAnswered,
    premise=has_mapped_pages,
    expected="as many pages as are asked for, or as come before one without a slot",
    operations=("PreFault",),
)
def counts_pages_of_slots(facts: Facts, answered: PreFaultAnswered) -> bool:
    reply, asked = answered.reply, answered.prefault
    return (
        isinstance(reply, PreFaulted)
        and 0 < reply.npages <= asked.npages
        and not lacks_a_slot(answered.tables, asked, reply.npages, by_all=True)
    )


def begins_in_a_slot(facts: Facts, answered: PreFaultAnswered) -> bool:
    limits = facts.limits
    return not limits.holes and all(
        slot is not None and not slot.invalid and slot.id < limits.user_slots
        for slot in answered.slots
    )


@clause(
    id="ERR-10",
    title="A prefault that has mapped a page succeeds",
    must="A prefault whose first frame is in a slot that is not INVALID, and on the "
    "host, MUST succeed, whatever a later page would meet, unless memory runs out.",
    known=Known(
        derived=f"{OF_THE_BOOK} that it returns 0 if at least one page is processed, "
        "and hands back the range that is left",
    ),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=PreFaultAnswered,
    premise=begins_in_a_slot,
    expected="success: the first page can be mapped",
    operations=("PreFault",),
)
def first_page_is_mapped(facts: Facts, answered: PreFaultAnswered) -> bool:
    return isinstance(answered.reply, PreFaulted) or answered.reply == NO_MEMORY_FOR_IT


@clause(
    id="ERR-11",
    title="What a prefault counts was mapped",
    must="For every page that a prefault counts an spte MUST have stood at some time "
    "between its call and its return.",
    known=Known(
        derived=f"{OF_THE_BOOK} that the pages it has processed are mapped, and what "
        "was mapped may have been zapped again since",
    ),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=PreFaultAnswered,
    premise=has_mapped_pages,
    expected="an spte for each page that is counted, at some time since the call",
    operations=("PreFault",),
    points=("SpteMapped", "SpteRemoved"),
)
def counted_is_mapped(facts: Facts, answered: PreFaultAnswered) -> bool:
    reply, at = answered.reply, answered.prefault.gfn
    end = at + (reply.npages if isinstance(reply, PreFaulted) else 0)
    for gfn, npages in sorted(answered.mapped):
        if gfn <= at:
            at = max(at, gfn + npages)
    return at >= end


@clause(
    id="ERR-12",
    title="A prefault of no range is refused",
    must="A prefault of no page, or of a range that wraps, MUST fail with EINVAL.",
    known=Known(derived=f"{OF_THE_BOOK} EINVAL of such a range"),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=NoRangePreFaulted,
    expected="refused EINVAL: this is no range of pages",
    operations=("PreFault",),
)
def no_range_is_einval(facts: Facts, answered: NoRangePreFaulted) -> bool:
    return same_reply(Refused(Errno.EINVAL), answered.reply)


CLAUSES: tuple[AnyClause, ...] = (
    hole_is_enoent,
    counts_pages_of_slots,
    first_page_is_mapped,
    counted_is_mapped,
    no_range_is_einval,
)
