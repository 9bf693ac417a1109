"""Moments of operations on one gfn: the reply, and the slots that it depends on."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    IsVisibleGfn,
    MemslotId,
    VcpuGfnToMemslot,
)
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered

Lookup = (
    GfnToMemslot | GfnToHva | GfnToHvaProt | VcpuGfnToMemslot | IsVisibleGfn | MemslotId
)
"""The operations whose answer is what one table says of one gfn."""


@dataclass(slots=True)
class GfnAnswered:
    """A lookup of a gfn, or a guest access to one, has answered.

    `tables` are those that may explain the reply, `slots` what covers the gfn in
    each of them, None for a hole. `loaded` says that a table was looked at: an
    access through an spte that was there does not.
    """

    operation: Lookup | GuestAccess
    as_id: int
    reply: Reply
    loaded: bool
    tables: tuple[SlotTable, ...]
    slots: tuple[Slot | None, ...]
    explained: bool


@dataclass(slots=True)
class LookedUp:
    """A lookup has answered that one table alone has to explain.

    `slot` covers the gfn there; None is a hole. `hint` is the slot that the vCPU found
    last, where it looks by way of one that covers the gfn.
    """

    operation: Lookup
    gfn: int
    as_id: int
    reply: Reply
    table: SlotTable
    slot: Slot | None
    hint: Slot | None


@dataclass(slots=True)
class Covered:
    """Such a lookup, of a gfn that a slot covers."""

    operation: Lookup
    gfn: int
    as_id: int
    reply: Reply
    table: SlotTable
    slot: Slot
    hint: Slot | None


@dataclass(slots=True)
class HintUsed:
    """A lookup by way of a vCPU's hint has answered, no other of this vCPU beside it.

    `slot` is what a scan of the table finds, `hint` the slot that the vCPU found
    last, where that covers the gfn.
    """

    reply: Reply
    slot: Slot | None
    hint: Slot | None


def _of_gfn(_: Facts, answered: Answered) -> GfnAnswered | None:
    operation, tables = answered.operation, answered.candidates
    if not isinstance(operation, Lookup | GuestAccess):
        return None
    as_id = 0
    if isinstance(operation, GfnToMemslot | GfnToHva | GuestAccess):
        as_id = operation.as_id
    return GfnAnswered(
        operation,
        as_id,
        answered.reply,
        bool(answered.call.loaded),
        tables,
        tuple(gfn_to_memslot(table, operation.gfn, as_id) for table in tables),
        answered.explained,
    )


def _looked_up(facts: Facts, found: GfnAnswered) -> LookedUp | None:
    operation = found.operation
    if isinstance(operation, GuestAccess) or len(found.tables) != 1:
        return None
    return LookedUp(
        operation,
        operation.gfn,
        found.as_id,
        found.reply,
        found.tables[0],
        found.slots[0],
        _hint(facts, operation),
    )


def _hint(facts: Facts, operation: Lookup) -> Slot | None:
    if not isinstance(operation, VcpuGfnToMemslot):
        return None
    hint = facts.cached.hints.get(operation.vcpu)
    return hint if hint is not None and hint.covers(operation.gfn) else None


def _covered(_: Facts, found: LookedUp) -> Covered | None:
    slot = found.slot
    if slot is None:
        return None
    return Covered(
        found.operation,
        found.gfn,
        found.as_id,
        found.reply,
        found.table,
        slot,
        found.hint,
    )


def _hint_used(facts: Facts, found: LookedUp) -> HintUsed | None:
    operation = found.operation
    if not isinstance(operation, VcpuGfnToMemslot):
        return None
    if operation.vcpu in facts.cached.vcpus_mixed:
        return None
    return HintUsed(found.reply, found.slot, found.hint)


MAKINGS: Makings = (
    Making(GfnAnswered, Answered, _of_gfn),
    Making(LookedUp, GfnAnswered, _looked_up),
    Making(Covered, LookedUp, _covered),
    Making(HintUsed, LookedUp, _hint_used),
)
