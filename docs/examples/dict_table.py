"""A slot table as a small hypervisor might keep one: a dictionary by slot id.

It is written without a thought of memslots: addresses are bytes, a refusal is
an `OSError`, and there are no threads.
"""

import errno
from dataclasses import dataclass

PAGE = 4096
LOG_WRITES, READ_ONLY = 1, 2


@dataclass(frozen=True)
class Entry:
    """Guest memory from `guest` on, backed by host memory from `host` on."""

    guest: int
    size: int
    host: int
    flags: int

    def holds(self, address: int) -> bool:
        """The guest address lies in it."""
        return self.guest <= address < self.guest + self.size


class DictTable:
    """The slots of one guest."""

    ids = 64
    guest_end = 1 << 40
    host_end = (1 << 47) - PAGE

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        """Create, move, reflag or (size 0) delete a slot. Errors: `OSError`."""
        new = Entry(guest, size, host, flags)
        old = self.entries.get(slot)
        if not 0 <= slot < self.ids or not self.is_sound(new, old):
            raise OSError(errno.EINVAL, "no such slot, or not a sound request")
        if size == 0:
            del self.entries[slot]
            return
        if new == old:
            return
        if self.meets_another(slot, new):
            raise OSError(errno.EEXIST, "another slot is there")
        if guest + size > self.guest_end:
            raise OSError(errno.EINVAL, "beyond the end of guest memory")
        self.entries[slot] = new

    def entry_at(self, address: int) -> tuple[int, Entry] | None:
        """The id and the slot that hold a guest address."""
        for slot, entry in self.entries.items():
            if entry.holds(address):
                return slot, entry
        return None

    def is_sound(self, new: Entry, old: Entry | None) -> bool:
        """Nothing is wrong with it, wherever the other slots are."""
        aligned = (new.guest | new.size | new.host) % PAGE == 0
        in_range = new.guest + new.size <= 1 << 64 and new.size // PAGE < 1 << 31
        on_host = new.host + new.size <= self.host_end
        known = not new.flags & ~(LOG_WRITES | READ_ONLY)
        if not (aligned and in_range and on_host and known):
            return False
        if old is None:
            return new.size > 0
        same_memory = (new.size, new.host) == (old.size, old.host)
        same_access = not (new.flags ^ old.flags) & READ_ONLY
        return new.size == 0 or (same_memory and same_access)

    def meets_another(self, slot: int, new: Entry) -> bool:
        """Some other slot has a guest address in common with it."""
        return any(
            other.guest < new.guest + new.size and new.guest < other.guest + other.size
            for number, other in self.entries.items()
            if number != slot
        )
