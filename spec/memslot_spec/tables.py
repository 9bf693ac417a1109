"""Facts about tables: versions in the order of publication, and their handles."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.values import EMPTY, Slot, SlotTable


@dataclass(slots=True)
class Tables:
    """Every version published so far; version 0 is the empty table.

    A handle names the version it last published. `replaced` gives the step at
    which a version stopped being the current one.
    """

    versions: list[SlotTable] = field(default_factory=lambda: [EMPTY])
    handles: dict[int, int] = field(default_factory=dict[int, int])
    replaced: dict[int, int] = field(default_factory=dict[int, int])
    reclaimed: set[int] = field(default_factory=set[int])
    closed: dict[tuple[int, int], Slot] = field(
        default_factory=dict[tuple[int, int], Slot]
    )

    @property
    def newest(self) -> int:
        """The version that is current."""
        return len(self.versions) - 1

    @property
    def current(self) -> SlotTable:
        """The table that is current."""
        return self.versions[-1]

    def loaded(self, handle: int) -> int:
        """The version behind a handle that was loaded.

        One never published is the table the VM was born with: version 0.
        """
        return self.handles.setdefault(handle, 0)

    def written(self, handle: int) -> None:
        """A store: into a reclaimed table only by one who makes a copy of it."""
        if handle in self.reclaimed:
            self.reclaimed.discard(handle)
            self.handles.pop(handle, None)

    def is_live(self, handle: int) -> bool:
        """Readers may hold the table: it was published and not reclaimed."""
        return handle in self.handles and handle not in self.reclaimed

    def publish(self, handle: int, slots: SlotTable, step: int) -> None:
        """A table becomes the current one."""
        self.replaced[self.newest] = step
        self.versions.append(slots)
        self.handles[handle] = self.newest
        self.reclaimed.discard(handle)
        for key in [key for key in self.closed if _is_valid(slots, key)]:
            del self.closed[key]

    def close(self, grace_floor: int) -> None:
        """After a grace period: the INVALID slots readers can see are closed."""
        for slot in self.versions[grace_floor]:
            if slot.invalid:
                self.closed[slot.as_id, slot.id] = slot

    def visible(self, grace_floor: int) -> tuple[SlotTable, ...]:
        """The tables that some reader may still be using."""
        return tuple(self.versions[grace_floor:])


def _is_valid(table: SlotTable, key: tuple[int, int]) -> bool:
    slot = table.find(*key)
    return slot is not None and not slot.invalid
