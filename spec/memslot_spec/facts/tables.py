"""Facts about tables: versions in the order of publication, and their handles."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.model.values import EMPTY, Slot, SlotTable


@dataclass(slots=True)
class Tables:
    """Every version published so far; version 0 is the empty table.

    A version is the VM's whole picture, though each address space may have a table
    of its own. A handle names the last version that the table behind it was part
    of, so far as is known; `current_of` gives the handle current in an address
    space, `born` the version in which its first table was replaced. `replaced`
    gives the step at which a version stopped being the current one, `creates` has
    the versions that a CREATE published. Of those below `forgotten` nobody can ask any
    more: in place of all but the `spared` is the empty table.
    """

    versions: list[SlotTable] = field(default_factory=lambda: [EMPTY])
    handles: dict[int, int] = field(default_factory=dict[int, int])
    replaced: dict[int, int] = field(default_factory=dict[int, int])
    reclaimed: set[int] = field(default_factory=set[int])
    creates: set[int] = field(default_factory=set[int])
    closed: dict[tuple[int, int], Slot] = field(
        default_factory=dict[tuple[int, int], Slot]
    )
    current_of: dict[int, int] = field(default_factory=dict[int, int])
    born: dict[int, int] = field(default_factory=dict[int, int])
    forgotten: int = 0
    spared: list[int] = field(default_factory=list[int])

    @property
    def newest(self) -> int:
        """The version that is current."""
        return len(self.versions) - 1

    @property
    def current(self) -> SlotTable:
        """The table that is current."""
        return self.versions[-1]

    def loaded(self, handle: int, as_id: int = 0) -> int:
        """The version behind a handle that was loaded.

        The current table of an address space is part of the newest version, also
        where only another space has published since. A handle never published is
        the table with which the space was born.
        """
        version = self.version_loaded(handle, as_id)
        self.handles[handle] = version
        return version

    def version_loaded(self, handle: int, as_id: int) -> int:
        """The version that `loaded` answers for the handle."""
        if handle == self.current_of.get(as_id):
            return self.newest
        if handle not in self.handles or as_id not in self.current_of:
            return self.born.get(as_id, self.newest)
        return self.handles[handle]

    def written(self, handle: int) -> None:
        """A store: into a reclaimed table only by one who makes a copy of it."""
        if handle in self.reclaimed:
            self.reclaimed.discard(handle)
            self.handles.pop(handle, None)

    def is_live(self, handle: int) -> bool:
        """Readers may hold the table: it was published and not reclaimed."""
        return handle in self.handles and handle not in self.reclaimed

    def publish(self, handle: int, slots: SlotTable, step: int, as_id: int = 0) -> None:
        """A table becomes the current one of its address space."""
        current = self.current_of.get(as_id)
        if current is None:
            self.born[as_id] = self.newest
        else:
            self.handles[current] = self.newest
        self.current_of[as_id] = handle
        self.replaced[self.newest] = step
        self.versions.append(slots)
        self.handles[handle] = self.newest
        self.reclaimed.discard(handle)
        for key in [key for key in self.closed if _is_valid(slots, key)]:
            del self.closed[key]

    def unfreed(self) -> tuple[int, ...]:
        """The tables that were published or loaded, and not reclaimed since."""
        return tuple(sorted(self.handles.keys() - self.reclaimed))

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
