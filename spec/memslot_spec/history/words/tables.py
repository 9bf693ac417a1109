"""Two tables in words: where one differs from the other, slot by slot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from memslot_spec.history.words.names import describe_slot, slot_name
from memslot_spec.history.words.replies import describe_reply
from memslot_spec.model.replies import FoundSlot
from memslot_spec.model.values import SlotTable


def describe_at(table: SlotTable, as_id: int, slot_id: int) -> str:
    """The slot of this id with all that the table says of it, or that it is absent."""
    slot = table.find(as_id, slot_id)
    return describe_slot(slot) if slot else f"{slot_name(slot_id, as_id)} absent"


def describe_apart(table: SlotTable, *others: SlotTable) -> str:
    """What `table` has where one of the others has something else."""
    keys = {(slot.as_id, slot.id) for one in (table, *others) for slot in one}
    return "; ".join(
        describe_at(table, *key)
        for key in sorted(keys)
        if any(table.find(*key) != other.find(*key) for other in others)
    )


def describe_difference(wanted: SlotTable, found: SlotTable) -> str:
    """What `wanted` has where `found` has something else, and what that is."""
    keys = {(slot.as_id, slot.id) for table in (wanted, found) for slot in table}
    pairs = [(wanted.find(*key), found.find(*key)) for key in sorted(keys)]
    differing = (
        f"{describe_reply(FoundSlot(mine))} instead of {describe_reply(FoundSlot(its))}"
        for mine, its in pairs
        if mine != its
    )
    return "; ".join(differing) or "no difference"


def describe_ranges(table: SlotTable) -> str:
    """The ranges of a table by ranges, in the order of their frames."""
    return "; ".join(map(describe_slot, table)) or "no ranges"


class Mapped(NamedTuple):
    """What an spte maps, from which frame to which host address."""

    gfn: int
    level: int
    hva: int


def describe_sptes(sptes: Mapping[tuple[int, int], Mapped]) -> str:
    """Sptes by their page and index there, each with what it maps."""
    named = (
        f"spte {page}[{index}] of gfn {gfn:#x} at level {level}, hva {hva:#x}"
        for (page, index), (gfn, level, hva) in sorted(sptes.items())
    )
    return ", ".join(named) or "no spte"
