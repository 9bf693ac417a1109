"""Requests that overlap in time: they are carried out one after the other.

Where points tell from which table each request started, finer clauses judge it by
that table. Elsewhere its reply has to be what some order of the requests gives it.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.known import Known
from memslot_spec.moments.replies import Updated


def may_have_started_from_several(facts: Facts, update: Updated) -> bool:
    """Overlapping requests leave open which table it met, and no order was dropped."""
    unknown = update.base is None and not update.malformed
    return unknown and not facts.worlds.overflowed


def replies_of_some_order(facts: Facts, update: Updated) -> str:
    replies = facts.worlds.replies_of(update.thread)
    words = sorted({describe_reply(reply) for reply in replies})
    return f"{' or '.join(words)}, as some order of the requests has it"


@clause(
    id="REQ-29",
    title="Requests that overlap answer as one after the other",
    must="Requests that overlap in time MUST answer as they do one after the other, in "
    "some order in which each comes before those that were made once it had answered.",
    known=Known(
        read="patch, kvm_set_memory_region(); 6.1 virt/kvm/kvm_main.c:2047, "
        "kvm_set_memory_region(): mutex_lock(&kvm->slots_lock)",
        last_read="2026-11-27",
    ),
    rows=(32,),
    on=Updated,
    premise=may_have_started_from_several,
    expected=replies_of_some_order,
    unless="TablePublished",
    concurrent=True,
)
def fits_an_order(facts: Facts, update: Updated) -> bool:
    return facts.worlds.may_answer(update.thread, update.reply)


CLAUSES: tuple[AnyClause, ...] = (fits_an_order,)
