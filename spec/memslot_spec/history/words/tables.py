"""Two tables in words: where one differs from the other, slot by slot."""

from __future__ import annotations

from memslot_spec.history.words import describe_reply
from memslot_spec.model.replies import FoundSlot
from memslot_spec.model.values import SlotTable


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
