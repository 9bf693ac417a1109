"""The window of a delete, met by one who maps pages ahead of their first access."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.prefaults import NO_MEMORY_FOR_IT
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import PreFaulted, Refused, same_reply
from memslot_spec.model.values import Errno
from memslot_spec.moments.prefaults import PreFaultAnswered


def finds_its_slot_invalid(facts: Facts, answered: PreFaultAnswered) -> bool:
    return all(slot is not None and slot.invalid for slot in answered.slots)


@clause(
    id="DEL-18",
    title="A prefault of an INVALID slot is told to try again",
    must="A prefault that finds the slot of its first frame INVALID MUST fail with "
    "EAGAIN, unless an spte of that frame still stands or memory runs out.",
    known=Known(
        derived="the message of commit 3ccbf6f47098 says EAGAIN, for a retry inside "
        "the section would wait for the update that waits for it",
    ),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=PreFaultAnswered,
    premise=finds_its_slot_invalid,
    expected="refused EAGAIN: the slot of the first frame is INVALID",
    operations=("PreFault",),
    points=("TableLoaded", "TablePublished", "SpteMapped", "SpteRemoved"),
    concurrent=True,
)
def window_is_eagain(facts: Facts, answered: PreFaultAnswered) -> bool:
    reply = answered.reply
    first = answered.prefault.gfn
    if isinstance(reply, PreFaulted):
        return any(0 <= first - gfn < npages for gfn, npages in answered.mapped)
    return same_reply(Refused(Errno.EAGAIN), reply) or reply == NO_MEMORY_FOR_IT


CLAUSES: tuple[AnyClause, ...] = (window_is_eagain,)
