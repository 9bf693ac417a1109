"""Lookups: what a reader of one table answers.

Each clause here speaks of an answer that a single table has to explain. Where
several tables may have been current, the clauses on readers speak instead.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.clause import AnyClause, Clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToMemslot,
    IsVisibleGfn,
    MemslotId,
)
from memslot_spec.model.profile import BOTH
from memslot_spec.model.readers import answer, gfn_to_memslot
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.replies import Answered


def only_table(answered: Answered) -> SlotTable | None:
    """The one table that has to explain the answer, if there is only one."""
    return answered.candidates[0] if len(answered.candidates) == 1 else None


def _covering(answered: Answered) -> tuple[SlotTable, Slot | None] | None:
    """The one table and the slot that covers the frame asked for in it."""
    table = only_table(answered)
    operation = answered.operation
    if table is None or not isinstance(
        operation, GfnToMemslot | GfnToHva | IsVisibleGfn | MemslotId
    ):
        return None
    as_id = operation.as_id if isinstance(operation, GfnToMemslot | GfnToHva) else 0
    return table, gfn_to_memslot(table, operation.gfn, as_id)


def finds_in_a_slot(facts: Facts, answered: Answered) -> bool:
    """`gfn_to_memslot` of a frame that a slot covers."""
    found = _covering(answered)
    return (
        isinstance(answered.operation, GfnToMemslot)
        and found is not None
        and found[1] is not None
    )


def is_explained(facts: Facts, answered: Answered) -> bool:
    """The table explains the answer."""
    return answered.explained


def expects_answer(facts: Facts, answered: Answered) -> str:
    """What the candidate tables answer."""
    from_tables = [
        describe_reply(answer(table, answered.operation, facts.profile, facts.limits))
        for table in answered.candidates
        if isinstance(answered.operation, TABLE_READERS)
    ]
    return " or ".join(dict.fromkeys(from_tables))


def _lookup(
    number: int,
    operation: str,
    row: int,
    *,
    title: str,
    must: str,
    source: str,
    premise: Callable[[Facts, Answered], bool],
) -> AnyClause:
    """A clause on the answer of one lookup."""
    return Clause(
        id=f"LOOK-{number}",
        title=title,
        must=must,
        source=source,
        rows=(row,),
        profiles=BOTH,
        on=Answered,
        premise=premise,
        holds=is_explained,
        expected=expects_answer,
        operations=(operation,),
    )


FINDS_SLOT = _lookup(
    1,
    "GfnToMemslot",
    21,
    title="A lookup finds the covering slot, INVALID or not",
    must=(
        "gfn_to_memslot MUST return the slot that covers the frame, also while "
        "that slot is INVALID."
    ),
    source="seed, gfn_to_memslot_unaliased: no test of INVALID",
    premise=finds_in_a_slot,
)


def finds_in_a_hole(facts: Facts, answered: Answered) -> bool:
    """`gfn_to_memslot` of a frame that no slot covers."""
    found = _covering(answered)
    return (
        isinstance(answered.operation, GfnToMemslot)
        and found is not None
        and found[1] is None
    )


FINDS_NONE = _lookup(
    2,
    "GfnToMemslot",
    21,
    title="A lookup in a hole finds nothing",
    must="gfn_to_memslot of a frame that no slot covers MUST return none.",
    source="seed, gfn_to_memslot_unaliased",
    premise=finds_in_a_hole,
)


def translates_unusable(facts: Facts, answered: Answered) -> bool:
    """`gfn_to_hva` of a frame in no slot, or in an INVALID one."""
    found = _covering(answered)
    return (
        isinstance(answered.operation, GfnToHva)
        and found is not None
        and (found[1] is None or found[1].invalid)
    )


NO_HVA = _lookup(
    3,
    "GfnToHva",
    22,
    title="No host address without a valid slot",
    must=(
        "gfn_to_hva of a frame in no slot, or in an INVALID one, MUST return the "
        "error value."
    ),
    source="seed, gfn_to_hva",
    premise=translates_unusable,
)


def translates_usable(facts: Facts, answered: Answered) -> bool:
    """`gfn_to_hva` of a frame in a valid, writable slot."""
    found = _covering(answered)
    return (
        isinstance(answered.operation, GfnToHva)
        and found is not None
        and found[1] is not None
        and not found[1].invalid
        and not found[1].readonly
    )


THE_HVA = _lookup(
    4,
    "GfnToHva",
    22,
    title="The host address is base plus offset",
    must=(
        "gfn_to_hva of a frame in a valid slot MUST return userspace_addr + "
        "(gfn - base) * 4096."
    ),
    source="seed, gfn_to_hva",
    premise=translates_usable,
)


def asks_visibility(facts: Facts, answered: Answered) -> bool:
    """`kvm_is_visible_gfn`, of any frame."""
    return (
        isinstance(answered.operation, IsVisibleGfn)
        and only_table(answered) is not None
    )


VISIBLE = _lookup(
    5,
    "IsVisibleGfn",
    24,
    title="Visible means a valid user slot",
    must=(
        "kvm_is_visible_gfn MUST be true if and only if a user slot that is not "
        "INVALID covers the frame."
    ),
    source="seed, kvm_is_visible_gfn",
    premise=asks_visibility,
)


def asks_id_in_a_slot(facts: Facts, answered: Answered) -> bool:
    """`memslot_id` of a frame that a slot covers."""
    found = _covering(answered)
    return (
        isinstance(answered.operation, MemslotId)
        and found is not None
        and found[1] is not None
    )


ID_OF_SLOT = _lookup(
    6,
    "MemslotId",
    25,
    title="The id is the covering slot's",
    must="memslot_id of a covered frame MUST be the covering slot's id.",
    source="seed, memslot_id; commit e36d96f7cfa",
    premise=asks_id_in_a_slot,
)


def asks_id_in_a_hole(facts: Facts, answered: Answered) -> bool:
    """`memslot_id` of a frame that no slot covers."""
    found = _covering(answered)
    return (
        isinstance(answered.operation, MemslotId)
        and found is not None
        and found[1] is None
    )


ID_OF_NOTHING = _lookup(
    7,
    "MemslotId",
    25,
    title="A hole has no slot id",
    must="memslot_id of a frame that no slot covers MUST NOT name a slot.",
    source="seed, memslot_id: returns the last index (derived)",
    premise=asks_id_in_a_hole,
)


CLAUSES: tuple[AnyClause, ...] = (
    FINDS_SLOT,
    FINDS_NONE,
    NO_HVA,
    THE_HVA,
    VISIBLE,
    ID_OF_SLOT,
    ID_OF_NOTHING,
)
