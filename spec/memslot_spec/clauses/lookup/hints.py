"""Lookups that remember: the last slot found, a search over sorted slots.

Whatever they remember, the answer is that of a scan of the same table.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.clause import AnyClause, Clause
from memslot_spec.clauses.lookup.lookup import expects_answer, is_explained, only_table
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import GfnToMemslot, VcpuGfnToMemslot
from memslot_spec.model.profile import BOTH, ONLY_LINUX
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.replies import Answered

SEARCH = "search_memslots()"
SEARCHES = ("GfnToMemslot", "VcpuGfnToMemslot")


def _sought(answered: Answered) -> tuple[SlotTable, int, int] | None:
    """The one table that has to explain a search, the frame, the address space."""
    table, operation = only_table(answered), answered.operation
    if table is None:
        return None
    if isinstance(operation, GfnToMemslot):
        return table, operation.gfn, operation.as_id
    if isinstance(operation, VcpuGfnToMemslot):
        return table, operation.gfn, 0
    return None


def _search(
    number: int,
    *,
    title: str,
    must: str,
    source: str,
    premise: Callable[[Facts, Answered], bool],
) -> AnyClause:
    """A clause on a search for a slot, with a hint or without."""
    return Clause(
        id=f"LOOK-{number}",
        title=title,
        must=must,
        source=source,
        rows=(26,),
        profiles=BOTH,
        on=Answered,
        premise=premise,
        holds=is_explained,
        expected=expects_answer,
        any_operation=SEARCHES,
    )


def seeks_an_edge(facts: Facts, answered: Answered) -> bool:
    """The first or the last frame of a slot."""
    sought = _sought(answered)
    if sought is None:
        return False
    slot = gfn_to_memslot(*sought)
    return slot is not None and sought[1] in (slot.base, slot.base + slot.npages - 1)


FINDS_AT_THE_EDGE = _search(
    10,
    title="A search finds the first and the last frame",
    must=(
        "A search MUST find a slot from the first of its frames to the last, frame 0 "
        "included."
    ),
    source=f"{SEARCH}; commit efbeec7098ee",
    premise=seeks_an_edge,
)


def seeks_beside_the_slots(facts: Facts, answered: Answered) -> bool:
    """Below every slot, above every slot, or in the frame next to one."""
    sought = _sought(answered)
    if sought is None or gfn_to_memslot(*sought) is not None:
        return False
    table, gfn, as_id = sought
    slots = [slot for slot in table if slot.as_id == as_id]
    if not slots:
        return False
    return (
        gfn < min(slot.base for slot in slots)
        or gfn >= max(slot.base + slot.npages for slot in slots)
        or any(gfn in (slot.base - 1, slot.base + slot.npages) for slot in slots)
    )


FINDS_NOTHING_BESIDE = _search(
    11,
    title="A search finds nothing beside the slots",
    must=(
        "A search for a frame below all slots, above all slots, or next to one MUST "
        "find none."
    ),
    source=f"{SEARCH}; commit 0774a964ef56",
    premise=seeks_beside_the_slots,
)


def seeks_in_an_empty_table(facts: Facts, answered: Answered) -> bool:
    """The address space has no slot."""
    sought = _sought(answered)
    if sought is None:
        return False
    table, _, as_id = sought
    return all(slot.as_id != as_id for slot in table)


FINDS_NOTHING_IN_NOTHING = _search(
    12,
    title="A search of no slots finds none",
    must="A search in an address space that has no slot MUST find none.",
    source=f"{SEARCH}, with nothing used",
    premise=seeks_in_an_empty_table,
)


def _hinted(facts: Facts, answered: Answered) -> tuple[Slot | None, Slot | None] | None:
    """What a scan finds, and what the vCPU found last if it covers the frame."""
    table, operation = only_table(answered), answered.operation
    if table is None or not isinstance(operation, VcpuGfnToMemslot):
        return None
    hint = facts.cached.hints.get(operation.vcpu)
    if hint is not None and not hint.covers(operation.gfn):
        hint = None
    return gfn_to_memslot(table, operation.gfn), hint


def _hint(
    number: int,
    *,
    title: str,
    must: str,
    premise: Callable[[Facts, Answered], bool],
) -> AnyClause:
    """A clause on a lookup by way of a vCPU's hint."""
    return Clause(
        id=f"CACHE-{number}",
        title=title,
        must=must,
        source="kvm_vcpu_gfn_to_memslot()",
        rows=(26,),
        profiles=ONLY_LINUX,
        on=Answered,
        premise=premise,
        holds=is_explained,
        expected=expects_answer,
        operations=("VcpuGfnToMemslot",),
    )


def finds_by_hint(facts: Facts, answered: Answered) -> bool:
    """A slot covers the frame, and the vCPU has no other for it in mind."""
    found = _hinted(facts, answered)
    return found is not None and found[0] is not None and found[1] in (None, found[0])


HINT_FINDS = _hint(
    16,
    title="A vCPU's hint finds what a scan finds",
    must=(
        "kvm_vcpu_gfn_to_memslot of a covered frame MUST return the slot that a scan "
        "of the table finds."
    ),
    premise=finds_by_hint,
)


def misses_by_hint(facts: Facts, answered: Answered) -> bool:
    """No slot covers the frame, nor did the one that the vCPU found last."""
    found = _hinted(facts, answered)
    return found == (None, None)


HINT_MISSES = _hint(
    17,
    title="A vCPU's hint finds nothing in a hole",
    must=(
        "kvm_vcpu_gfn_to_memslot of a frame that no slot covers MUST return none, "
        "whatever the vCPU found before."
    ),
    premise=misses_by_hint,
)


def has_an_old_hint(facts: Facts, answered: Answered) -> bool:
    """The slot that the vCPU found last covers the frame, and is as it was no more."""
    found = _hinted(facts, answered)
    return found is not None and found[1] is not None and found[0] != found[1]


HINT_IS_DROPPED = _hint(
    18,
    title="A vCPU's hint does not outlive its table",
    must=(
        "kvm_vcpu_gfn_to_memslot MUST NOT return the slot of an earlier table, in "
        "which the vCPU found the frame before."
    ),
    premise=has_an_old_hint,
)


SEARCH_CLAUSES: tuple[AnyClause, ...] = (
    FINDS_AT_THE_EDGE,
    FINDS_NOTHING_BESIDE,
    FINDS_NOTHING_IN_NOTHING,
)

HINT_CLAUSES: tuple[AnyClause, ...] = (HINT_FINDS, HINT_MISSES, HINT_IS_DROPPED)
