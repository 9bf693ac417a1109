"""Facts about the arrays of slots, by the points: which table's slots have which."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.history.points.tables import Attached
from memslot_spec.model.values import SlotTable


@dataclass(slots=True)
class Lives:
    """The arrays that the slots of each published table have.

    `arrays` has an entry for each version of the table, which is empty where nobody
    can ask about it any more; `attached` are all that slots ever had. `had_arrays` says
    that some were ever allocated.
    """

    arrays: list[frozenset[int]] = field(default_factory=lambda: [frozenset()])
    attached: set[int] = field(default_factory=set[int])
    had_arrays: bool = False

    def published(self, slots: SlotTable, attached: tuple[Attached, ...]) -> None:
        """The slots of this table have these arrays."""
        known = slots.by_key()
        arrays = frozenset(
            [
                one.metadata
                for one in attached
                if one.metadata is not None and (one.as_id, one.slot_id) in known
            ]
        )
        self.arrays.append(arrays)
        self.attached |= arrays

    def arrays_readable(self, handle: int, grace_floor: int) -> bool:
        """A table that some reader may be using has the arrays."""
        return any(handle in has for has in self.arrays[grace_floor:])

    def arrays_attached(self, handle: int) -> bool:
        """Some published table had the arrays."""
        return handle in self.attached
