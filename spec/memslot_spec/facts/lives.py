"""Facts about what is allocated, by the points: what is gone, and what slots have had.

A handle may be given out again once what it named was freed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.facts.host import METADATA, Resource
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.values import SlotTable


@dataclass(slots=True)
class Lives:
    """Bitmaps and arrays that were freed, and the arrays of every published table.

    `gone` was allocated and freed, and its handle not given out again. `arrays` has,
    for each version of the table, the arrays that its slots have. `had_arrays` says
    that some were allocated.
    """

    gone: set[Resource] = field(default_factory=set[Resource])
    arrays: list[frozenset[int]] = field(default_factory=lambda: [frozenset()])
    had_arrays: bool = False

    def allocated(self, resource: Resource) -> None:
        """It is there, under a handle that another may have had."""
        self.gone.discard(resource)
        self.had_arrays |= resource[0] == METADATA

    def freed(self, resource: Resource) -> None:
        """It is gone."""
        self.gone.add(resource)

    def published(self, slots: SlotTable, attached: tuple[Attached, ...]) -> None:
        """The slots of this table have these arrays."""
        self.arrays.append(
            frozenset(
                one.metadata
                for one in attached
                if one.metadata is not None and slots.find(one.as_id, one.slot_id)
            )
        )

    def arrays_readable(self, handle: int, grace_floor: int) -> bool:
        """A table that some reader may be using has the arrays."""
        return any(handle in has for has in self.arrays[grace_floor:])

    def arrays_attached(self, handle: int) -> bool:
        """Some published table had the arrays."""
        return self.arrays_readable(handle, 0)
