"""What the slot table should answer, as its tester writes it down in an afternoon.

One thread updates, any number look. A reader's answer has to come from a state that
was current at some moment between its call and its return: the states are a list, and
a delete or a move adds one in which the slot is on its way out. A page whose write has
returned has to be in the next dirty log. The harnesses for Hypothesis, for the walk and
for the threads all use this and nothing else; what is due is noted under its own lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from threading import Lock

from slot_table import LOG, PAGE, Machine, SlotTable

SLOTS, FRAMES = 4, 16
"""Of the slots and frames of the table so many are used: what is near, meets."""

HOST = 0x1000_0000


class Wrong(AssertionError):  # noqa: N818
    """The table did what it should not."""


@dataclass(frozen=True)
class Region:
    """A slot, in pages; `host` is a page too."""

    base: int
    npages: int
    host: int
    flags: int
    gone: bool = False


State = dict[int, Region]


@dataclass
class Checked:
    """A slot table and what it should be; each method is an operation and its check."""

    table: SlotTable
    states: list[State] = field(default_factory=lambda: [{}])
    settled: int = 0
    due: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    logs: list[tuple[int, set[int]]] = field(default_factory=list[tuple[int, set[int]]])
    operations: int = 0
    book: Lock = field(default_factory=Lock)

    def update(self, number: int, region: Region) -> None:
        """Create, move, reflag or (no pages) delete a slot."""
        self.operations += 1
        state = self.states[-1]
        refused = self.refused(state, number, region)
        if not refused:
            self.states += self.states_of(state, number, region)
        try:
            self.table.set_region(
                number,
                region.base * PAGE,
                region.npages * PAGE,
                HOST + region.host * PAGE,
                region.flags,
            )
        except OSError as error:
            if not refused:
                message = f"refused: {number} {region}: {error}"
                raise Wrong(message) from error
            return
        if refused:
            message = f"accepted: {number} {region}"
            raise Wrong(message)
        self.settled = len(self.states) - 1
        old = state.get(number)
        if not (old and region.npages and old.flags & region.flags & LOG):
            self.due[number] = set()

    def look(self, kind: str, gfn: int, vcpu: int = 0) -> None:
        """A lookup or an access of one frame."""
        self.operations += 1
        first, logs = self.settled, len(self.logs)
        got = self.ask(kind, gfn, vcpu)
        allowed = [self.answer(kind, state, gfn) for state in self.states[first:]]
        if got not in allowed:
            message = f"{kind} of {gfn}: {got}, and not one of {allowed}"
            raise Wrong(message)
        if kind == "write" and isinstance(got, int) and len(allowed) == 1:
            with self.book:
                self.wrote(gfn, self.states[first], self.logs[logs:])

    def wrote(
        self, gfn: int, state: dict[int, Region], told: list[tuple[int, set[int]]]
    ) -> None:
        """A write is due in the next log, unless one told of it meanwhile."""
        for number, region in state.items():
            page = gfn - region.base
            was_told = any(n == number and page in log for n, log in told)
            if region.flags & LOG and 0 <= page < region.npages and not was_told:
                self.due.setdefault(number, set()).add(page)

    def get_log(self, number: int) -> None:
        """The dirty log; by the thread that updates."""
        self.operations += 1
        region = self.states[-1].get(number)
        due = set(self.due.get(number, ()))
        try:
            _, got = self.table.get_dirty_log(number)
        except OSError as error:
            if region and region.flags & LOG:
                message = f"no log of {number}: {error}"
                raise Wrong(message) from error
            return
        if not due <= got:
            message = f"lost in the log of {number}: {due - got}"
            raise Wrong(message)
        with self.book:
            self.logs.append((number, got))
            self.due.setdefault(number, set()).difference_update(got)

    def ask(self, kind: str, gfn: int, vcpu: int) -> object:
        """The table's answer, in pages."""
        if kind in {"read", "write"}:
            return self.table.access(gfn, write=kind == "write")
        if kind == "hva":
            return self.table.gfn_to_hva(gfn)
        if kind == "memslot":
            slot = self.table.gfn_to_memslot(gfn)
        else:
            slot = self.table.vcpu_gfn_to_memslot(vcpu, gfn)
        if slot is None:
            return None
        host = (slot.host - HOST) // PAGE
        return slot.number, Region(
            slot.base, slot.npages, host, slot.flags, slot.invalid
        )

    @staticmethod
    def answer(kind: str, state: State, gfn: int) -> object:
        """The answer in one state."""
        for number, region in state.items():
            if 0 <= gfn - region.base < region.npages:
                if kind in {"memslot", "vcpu"}:
                    return number, region
                if region.gone:
                    return None if kind == "hva" else "retry"
                return HOST + (region.host + gfn - region.base) * PAGE
        return "mmio" if kind in {"read", "write"} else None

    @staticmethod
    def refused(state: State, number: int, region: Region) -> bool:
        """The request is refused in this state."""
        old = state.get(number)
        if not region.npages:
            return old is None
        if old and (old.npages, old.host) != (region.npages, region.host):
            return True
        mine = set(range(region.base, region.base + region.npages))
        return any(
            n != number and mine & set(range(other.base, other.base + other.npages))
            for n, other in state.items()
        )

    @staticmethod
    def states_of(state: State, number: int, region: Region) -> list[State]:
        """What the request makes of it, one after the other."""
        old = state.get(number)
        rest = {n: other for n, other in state.items() if n != number}
        states = [{**rest, number: region} if region.npages else rest]
        if old and (not region.npages or region.base != old.base):
            states.insert(0, {**rest, number: replace(old, gone=True)})
        return states


KINDS = ("memslot", "vcpu", "hva", "read", "write")


def drawn_update(checked: Checked, rng: Random) -> None:
    """A request, or now and then the dirty log of a slot."""
    number = rng.randrange(SLOTS)
    old = checked.states[-1].get(number)
    what = rng.choice(("create", "move", "flags", "delete", "log", "log"))
    if what == "log":
        checked.get_log(number)
    elif old is None or what == "create":
        base, npages = rng.randrange(FRAMES - 4), rng.randrange(1, 5)
        flags = rng.choice((0, LOG))
        checked.update(number, Region(base, npages, rng.randrange(64), flags))
    elif what == "move":
        checked.update(number, replace(old, base=rng.randrange(FRAMES - 4)))
    elif what == "flags":
        checked.update(number, replace(old, flags=old.flags ^ LOG))
    else:
        checked.update(number, replace(old, npages=0))


def drawn_look(checked: Checked, rng: Random, vcpu: int) -> None:
    """A lookup or an access."""
    checked.look(rng.choice(KINDS), rng.randrange(FRAMES), vcpu)


def new(machine: Machine, bug: str | None) -> Checked:
    """A table without slots, and what it should be."""
    return Checked(SlotTable(machine, bug))
