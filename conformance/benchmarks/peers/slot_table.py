"""The job that the tools are compared on: a slot table with eight bugs to plant.

It knows nothing of any tool. Addresses are bytes, frames are pages, a refusal is an
`OSError`; readers hold a section while they look, an update replaces the table by
pointer, waits for the readers of the old one, and clears it. A slot that goes is first
published as INVALID, then unmapped, then published as absent.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Protocol

PAGE = 4096
LOG, READONLY = 1, 2
SLOTS = 8
FRAMES = 1 << 20
HOST_END = (1 << 47) - PAGE

BUGS = {
    "overlap_of_one_page": "a slot may begin on the last page of another",
    "same_generation": "a new table has the generation of the old one",
    "no_invalid_step": "a slot is unmapped while it can still be found",
    "no_grace_period": "an update does not wait for readers",
    "no_read_lock": "readers do not enter a section",
    "torn_pair": "a reader finds in one table and translates by the next",
    "delete_leaves_mappings": "what a deleted slot has mapped stays mapped",
    "dirty_lost_at_get": "the dirty log is copied outside the lock it is cleared in",
}
"""What can be planted, by name."""


class Machine(Protocol):
    """Where the table runs: it is told of every step, and does the waiting."""

    def step(self, what: str, *facts: object) -> None:
        """Something that another thread can notice has just happened."""

    def wait(self, until: Callable[[], bool]) -> None:
        """Come back once `until()` is true."""


class OneThread:
    """A machine for one thread, which never has to wait; it counts steps."""

    steps = 0

    def step(self, what: str, *facts: object) -> None:  # noqa: ARG002
        """Count it."""
        self.steps += 1

    def wait(self, until: Callable[[], bool]) -> None:
        """Errors: `RuntimeError` where it would wait for ever."""
        if not until():
            message = "the only thread waits for itself"
            raise RuntimeError(message)


@dataclass(eq=False)
class Log:
    """The dirty pages of a slot, counted from its base."""

    pages: set[int] = field(default_factory=set[int])


@dataclass(frozen=True)
class Slot:
    """So many pages from the frame `base` on, at the host address `host`."""

    number: int
    base: int
    npages: int
    host: int
    flags: int
    log: Log | None = None
    invalid: bool = False

    def covers(self, gfn: int) -> bool:
        """The frame is one of its pages."""
        return self.base <= gfn < self.base + self.npages

    def address(self, gfn: int) -> int:
        """The host address of a frame."""
        return self.host + (gfn - self.base) * PAGE


@dataclass(eq=False)
class Table:
    """One version; nobody changes it once it is published."""

    name: int
    generation: int
    slots: dict[int, Slot]


class SlotTable:
    """The slots of one guest, its mappings, and the dirty logs."""

    def __init__(self, machine: Machine, bug: str | None = None) -> None:
        self.machine = machine
        self.bug = bug
        self.current = Table(0, 0, {})
        self.tables = 1
        self.readers: set[object] = set()
        self.update_lock, self.mmu_lock = Lock(), Lock()
        self.mapped: dict[int, tuple[int, bool]] = {}
        self.hints: dict[int, tuple[int, Slot]] = {}

    def set_region(
        self, number: int, guest: int, size: int, host: int, flags: int
    ) -> None:
        """Create, move, reflag or (size 0) delete a slot. Errors: `OSError`."""
        with self.held(self.update_lock, "update"):
            slots = dict(self.load().slots)
            old = slots.get(number)
            new = self.checked(slots, number, (guest, size, host, flags))
            if new == old:
                return
            if old is not None and (new is None or new.base != old.base):
                self.take_away(old)
            rest = {n: slot for n, slot in slots.items() if n != number}
            self.publish(rest if new is None else {**rest, number: new})

    def gfn_to_memslot(self, gfn: int) -> Slot | None:
        """The slot of a frame, INVALID or not."""
        with self.section():
            return self.find(self.load(), gfn)

    def vcpu_gfn_to_memslot(self, vcpu: int, gfn: int) -> Slot | None:
        """The same; where the vCPU found something last is tried first."""
        with self.section():
            table = self.load()
            generation, hint = self.hints.get(vcpu, (-1, None))
            if hint is not None and generation == table.generation and hint.covers(gfn):
                return hint
            slot = self.find(table, gfn)
            if slot is not None:
                self.hints[vcpu] = table.generation, slot
            return slot

    def gfn_to_hva(self, gfn: int) -> int | None:
        """The host address for writing to a frame; none in a slot on its way out."""
        with self.section():
            slot = self.find(self.load(), gfn)
            if slot is not None and self.bug == "torn_pair":
                slot = self.load().slots.get(slot.number)
            if slot is None or slot.invalid or slot.flags & READONLY:
                return None
            return slot.address(gfn)

    def access(self, gfn: int, *, write: bool) -> int | str:
        """A guest access: the host address that it reached, "mmio" or "retry"."""
        with self.section():
            slot = self.find(self.load(), gfn)
            host, writable = self.mapped.get(gfn, (None, False))
            if host is None or (write and not writable):
                if slot is None or (write and slot.flags & READONLY):
                    return "mmio"
                if slot.invalid:
                    return "retry"
                host = slot.address(gfn)
                with self.held(self.mmu_lock, "mmu"):
                    self.mapped[gfn] = host, not slot.flags & READONLY
            if write and slot is not None and slot.log is not None:
                with self.held(self.mmu_lock, "mmu"):
                    slot.log.pages.add(gfn - slot.base)
            return host

    def get_dirty_log(self, number: int) -> tuple[int, set[int]]:
        """How many pages it has, and those written since. Errors: `OSError`."""
        if not 0 <= number < SLOTS:
            raise OSError(errno.EINVAL, "no such slot")
        with self.held(self.update_lock, "update"):
            slot = self.load().slots.get(number)
            if slot is None or slot.log is None:
                raise OSError(errno.ENOENT, "no log")
            taken = set(slot.log.pages)
            with self.held(self.mmu_lock, "mmu"):
                if self.bug != "dirty_lost_at_get":
                    taken = slot.log.pages
                slot.log.pages = set()
            return slot.npages, taken

    def checked(
        self, slots: dict[int, Slot], number: int, asked: tuple[int, int, int, int]
    ) -> Slot | None:
        """The slot that a request asks for. Errors: `OSError`."""
        guest, size, host, flags = asked
        old = slots.get(number)
        sound = (
            0 <= number < SLOTS
            and not (guest | size | host) % PAGE
            and guest + size <= 1 << 64
            and host + size <= HOST_END
            and not flags & ~(LOG | READONLY)
        )
        if not sound or (old is None and not size):
            raise OSError(errno.EINVAL, "not a sound request")
        if not size:
            return None
        new = Slot(number, guest // PAGE, size // PAGE, host, flags, None)
        if new.npages >= 1 << 31:
            raise OSError(errno.EINVAL, "too large")
        if old is not None:
            same = (new.npages, new.host, new.flags & READONLY)
            if same != (old.npages, old.host, old.flags & READONLY):
                raise OSError(errno.EINVAL, "not while the slot lives")
        if any(self.meet(new, slot) for n, slot in slots.items() if n != number):
            raise OSError(errno.EEXIST, "another slot is there")
        if new.base + new.npages > FRAMES:
            raise OSError(errno.EINVAL, "beyond the end of guest memory")
        log = None
        if flags & LOG:
            log = old.log if old is not None and old.log is not None else Log()
        return replace(new, log=log)

    def meet(self, new: Slot, other: Slot) -> bool:
        """They have a frame in common."""
        last = other.base + other.npages - (self.bug == "overlap_of_one_page")
        return new.base < last and other.base < new.base + new.npages

    def take_away(self, old: Slot) -> None:
        """Nobody finds the slot any more as one to use, and nothing is mapped."""
        if self.bug != "no_invalid_step":
            slots = {**self.current.slots, old.number: replace(old, invalid=True)}
            self.publish(slots)
        if self.bug != "delete_leaves_mappings":
            with self.held(self.mmu_lock, "mmu"):
                for gfn in filter(old.covers, list(self.mapped)):
                    del self.mapped[gfn]
                self.machine.step("flushed", old.number)

    def publish(self, slots: dict[int, Slot]) -> None:
        """Replace the table, wait for its readers, clear it."""
        old = self.current
        generation = old.generation + (self.bug != "same_generation")
        self.current = Table(self.tables, generation, dict(slots))
        self.tables += 1
        self.machine.step("table published", self.current.name, dict(slots))
        if self.bug != "no_grace_period":
            self.wait_for_readers()
        old.slots.clear()
        self.machine.step("table reclaimed", old.name)

    def wait_for_readers(self) -> None:
        """Those who are in a section now have left it."""
        self.machine.step("grace period begun")
        inside = set(self.readers)
        self.machine.wait(lambda: not inside & set(self.readers))
        self.machine.step("grace period ended")

    def load(self) -> Table:
        """From here on this version is looked at."""
        table = self.current
        self.machine.step("table loaded", table.name)
        return table

    def find(self, table: Table, gfn: int) -> Slot | None:
        """The slot of a frame in one version."""
        self.machine.step("table read", table.name)
        found = (slot for slot in list(table.slots.values()) if slot.covers(gfn))
        return next(found, None)

    @contextmanager
    def section(self) -> Generator[None]:
        """What is loaded in here stays until the end."""
        if self.bug == "no_read_lock":
            yield
            return
        me = object()
        self.readers.add(me)
        self.machine.step("section entered")
        try:
            yield
        finally:
            self.readers.discard(me)
            self.machine.step("section left")

    @contextmanager
    def held(self, lock: Lock, name: str) -> Generator[None]:
        """Nobody else holds this lock."""
        self.machine.wait(lambda: not lock.locked())
        while not lock.acquire(blocking=False):
            self.machine.wait(lambda: not lock.locked())
        self.machine.step(f"{name} locked")
        try:
            yield
        finally:
            lock.release()
            self.machine.step(f"{name} unlocked")
