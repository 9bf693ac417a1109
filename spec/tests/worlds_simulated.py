"""Random histories of updaters and readers that really share a table."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from memslot_spec.model.operations import (
    GfnToHva,
    GuestAccess,
    IsVisibleGfn,
    MmuPages,
    Operation,
    SetRegion,
    TssBase,
)
from memslot_spec.model.plan import Outcome, plan
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.readers import accesses, answer
from memslot_spec.model.replies import Refused, Reply
from memslot_spec.model.values import (
    EMPTY,
    LOG_DIRTY_PAGES,
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)

LIMITS = Limits(largest_gfn=0xFF, user_slots=4)


@dataclass(frozen=True, slots=True)
class Begin:
    """A thread makes its call; `number` counts the calls of the history."""

    number: int
    thread: int
    operation: Operation


@dataclass(frozen=True, slots=True)
class End:
    """The call of this number has its reply."""

    number: int
    reply: Reply


Step = Begin | End


def region(rng: Random) -> SetRegion:
    """A request over two slots and a few frames, so that tables come back."""
    npages = rng.choice((0, 0, 2, 2, 2, 3))
    request = MemoryRegion(
        rng.choice((0, 0, 1)),
        rng.choice((0, 2, 4, 0xFF)) << 12,
        npages << 12,
        rng.choice((0, 0, 0x4000)),
        rng.choice((0, 0, 0, LOG_DIRTY_PAGES)),
    )
    return SetRegion(request, failure=rng.choice((None, None, None, *Failure)))


def reader(rng: Random) -> Operation:
    """A reader; accesses are those that may lag behind other readers."""
    gfn = rng.randrange(6)
    return rng.choice(
        (GfnToHva(gfn), IsVisibleGfn(gfn), TssBase(), MmuPages(), GuestAccess(gfn))
    )


def reply_of(
    rng: Random, table: SlotTable, operation: Operation, profile: Profile
) -> Reply:
    """What a reader that used this table says."""
    if isinstance(operation, GuestAccess):
        return rng.choice(accesses(table, operation, profile, LIMITS))
    assert isinstance(operation, GfnToHva | IsVisibleGfn | TssBase | MmuPages)
    return answer(table, operation, profile, LIMITS)


class Simulated:
    """Updaters, one at a time, and readers, over one table.

    With `corrupt`, some replies are those of a table that never was current
    meanwhile, or of none.
    """

    def __init__(self, rng: Random, profile: Profile, *, corrupt: float) -> None:
        self.rng = rng
        self.profile = profile
        self.corrupt = corrupt
        self.versions = [EMPTY]
        self.steps: list[Step] = []
        self.open: dict[int, Begin] = {}
        self.seen: dict[int, int] = {}
        self.holder: int | None = None
        self.outcome: Outcome | None = None
        self.left: list[SlotTable] = []

    def run(self, updaters: int, readers: int, moves: int) -> list[Step]:
        """So many moves of threads; the last calls may stay open."""
        threads = range(updaters + readers)
        for _ in range(moves):
            thread = self.rng.choice(threads)
            begun = self.open.get(thread)
            if begun is None:
                self.begin(thread, is_updater=thread < updaters)
            elif isinstance(begun.operation, SetRegion):
                self.update(thread, begun, begun.operation)
            else:
                self.read(thread, begun)
        return self.steps

    def begin(self, thread: int, *, is_updater: bool) -> None:
        operation = region(self.rng) if is_updater else reader(self.rng)
        number = sum(isinstance(step, Begin) for step in self.steps)
        begun = Begin(number, thread, operation)
        self.open[thread] = begun
        self.seen[thread] = len(self.versions) - 1
        self.steps.append(begun)

    def update(self, thread: int, begun: Begin, operation: SetRegion) -> None:
        """Take the lock, publish the next version, or answer."""
        if self.holder is None:
            self.holder = thread
            self.outcome = self.rng.choice(
                planned(self.versions[-1], operation, self.profile)
            )
            self.left = list(self.outcome.versions)
        elif self.holder == thread and self.left:
            self.versions.append(self.left.pop(0))
        elif self.holder == thread and self.outcome is not None:
            reply = self.outcome.reply
            if self.rng.random() < self.corrupt / 4:
                reply = Refused(self.rng.choice((None, Errno.EINVAL, Errno.EEXIST)))
            self.end(thread, begun, reply)
            self.holder = None

    def read(self, thread: int, begun: Begin) -> None:
        first = self.seen[thread]
        if self.rng.random() < self.corrupt:
            first = max(first - 3, 0)
        table = self.rng.choice(self.versions[first:])
        if self.rng.random() < self.corrupt / 3:
            table = table_of(Slot(0, Gfn(self.rng.randrange(5)), 2, Hva(0x4000)))
        reply = reply_of(self.rng, table, begun.operation, self.profile)
        self.end(thread, begun, reply)

    def end(self, thread: int, begun: Begin, reply: Reply) -> None:
        del self.open[thread]
        self.steps.append(End(begun.number, reply))


def planned(
    table: SlotTable, operation: SetRegion, profile: Profile
) -> tuple[Outcome, ...]:
    return plan(table, operation.region, profile, LIMITS, failure=operation.failure)
