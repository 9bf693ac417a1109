"""The floor judge, which keeps few worlds, against a search through all of them.

A random history is made by simulating updaters and readers that really share a
table; some of its replies are then made up. `Worlds` reads it once, from the
front. The search tries every order of the updates, every outcome of each, and
every table for each reader, and says at which event no way is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from memslot_spec.facts.worlds import HISTORY_KEPT, WORLD_CAP, Worlds
from memslot_spec.model.explain import explains
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
from memslot_spec.model.profile import LINUX, V2_6_34, Limits, Profile
from memslot_spec.model.readers import accesses, answer
from memslot_spec.model.replies import Done, Refused, Reply, same_reply
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
BLOCK = 500


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
        return rng.choice(accesses(table, operation, profile))
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


def said_by_worlds(steps: list[Step], profile: Profile) -> int | None:
    """The first step at which `Worlds` keeps no world; None if there is none."""
    worlds = Worlds(profile, LIMITS)
    begun: dict[int, Begin] = {}
    for position, step in enumerate(steps):
        if isinstance(step, Begin):
            begun[step.number] = step
            if isinstance(step.operation, SetRegion):
                worlds.update_called(step.thread, step.operation)
            else:
                worlds.reader_called(step.thread)
        elif not kept(worlds, begun[step.number], step.reply, profile):
            return position
    assert not worlds.overflowed
    return None


def kept(worlds: Worlds, begin: Begin, reply: Reply, profile: Profile) -> bool:
    """Some world is left after this answer."""
    operation = begin.operation
    if isinstance(operation, SetRegion):
        return worlds.update_answered(begin.thread, reply)
    may_lag = isinstance(operation, GuestAccess)

    def explaining(table: SlotTable) -> bool:
        return explains(table, operation, reply, profile, LIMITS)

    candidates = worlds.candidates(begin.thread, settled_only=may_lag)
    said = worlds.reader_answered(begin.thread, explaining, settled_only=may_lag)
    assert said == any(explaining(table) for table in candidates)
    return said


@dataclass(frozen=True, slots=True)
class Placed:
    """An order of updates: its versions, and for each update where it ends.

    `available[v]` is the step by which every update up to version `v` had been
    called, those that publish nothing among them, and `called` that of them all.
    """

    versions: tuple[SlotTable, ...] = (EMPTY,)
    available: tuple[int, ...] = (-1,)
    called: int = -1
    ends: tuple[tuple[int, int], ...] = ()


class Search:
    """Every way to explain the first `count` steps of a history."""

    def __init__(self, steps: list[Step], count: int, profile: Profile) -> None:
        self.profile = profile
        self.called: dict[int, int] = {}
        self.returned: dict[int, int] = {}
        self.calls: dict[int, Begin] = {}
        self.replies: dict[int, Reply] = {}
        for position, step in enumerate(steps[:count]):
            if isinstance(step, Begin):
                self.called[step.number] = position
                self.calls[step.number] = step
            else:
                self.returned[step.number] = position
                self.replies[step.number] = step.reply
        updates = {
            n for n, c in self.calls.items() if isinstance(c.operation, SetRegion)
        }
        self.updates = frozenset(updates)
        self.readers = tuple(n for n in self.returned if n not in updates)

    def explained(self) -> bool:
        """There is such a way."""
        return any(self.readers_fit(placed) for placed in self.orders())

    def orders(self) -> Iterator[Placed]:
        """Every order that time allows; updates still open may be left out."""
        yield from self.grown(Placed(), self.updates)

    def grown(self, placed: Placed, left: frozenset[int]) -> Iterator[Placed]:
        if not left & self.returned.keys():
            yield placed
        for update in sorted(left):
            before = {u for u in left if self.is_over_before(u, update)}
            if not before:
                for longer in self.with_update(placed, update):
                    yield from self.grown(longer, left - {update})

    def is_over_before(self, one: int, other: int) -> bool:
        """The call of the one had returned when the other was made."""
        return one in self.returned and self.returned[one] < self.called[other]

    def with_update(self, placed: Placed, update: int) -> Iterator[Placed]:
        operation = self.calls[update].operation
        assert isinstance(operation, SetRegion)
        called = max(placed.called, self.called[update])
        for outcome in planned(placed.versions[-1], operation, self.profile):
            reply = self.replies.get(update)
            if reply is None or same_reply(outcome.reply, reply):
                versions = placed.versions + outcome.versions
                yield Placed(
                    versions,
                    placed.available + (called,) * len(outcome.versions),
                    called,
                    (*placed.ends, (update, len(versions) - 1)),
                )

    def readers_fit(self, placed: Placed) -> bool:
        """Each finished reader can be given a table of this order."""
        return self.assigned(placed, 0, {})

    def assigned(self, placed: Placed, count: int, used: dict[int, int]) -> bool:
        if count == len(self.readers):
            return True
        reading = self.readers[count]
        for version in range(self.least(placed, reading, used), len(placed.versions)):
            if placed.available[version] > self.returned[reading]:
                break
            if self.explains(placed.versions[version], reading) and self.assigned(
                placed, count + 1, {**used, reading: version}
            ):
                return True
        return False

    def least(self, placed: Placed, reading: int, used: dict[int, int]) -> int:
        """The version that was settled, or seen by others, when it was called."""
        begun = self.called[reading]
        settled = [
            end
            for update, end in placed.ends
            if update in self.returned and self.returned[update] < begun
        ]
        seen = [
            version
            for other, version in used.items()
            if self.returned[other] < begun
            and not self.may_lag(other)
            and not self.may_lag(reading)
        ]
        return max((0, *settled, *seen))

    def may_lag(self, reading: int) -> bool:
        """An access goes through sptes, which other readers do not bind."""
        return isinstance(self.calls[reading].operation, GuestAccess)

    def explains(self, table: SlotTable, reading: int) -> bool:
        operation, reply = self.calls[reading].operation, self.replies[reading]
        if isinstance(operation, GuestAccess):
            return reply in accesses(table, operation, self.profile)
        assert isinstance(operation, GfnToHva | IsVisibleGfn | TssBase | MmuPages)
        return answer(table, operation, self.profile, LIMITS) == reply


def is_explained(steps: list[Step], count: int, profile: Profile) -> bool:
    """The first `count` steps have an explanation, by exhaustive search."""
    return Search(steps, count, profile).explained()


@dataclass(slots=True)
class Compared:
    """How many histories were compared, and how they came out."""

    histories: int = 0
    broken: int = 0
    false_alarms: tuple[int, ...] = ()
    missed: tuple[int, ...] = ()


def drawn(number: int, updaters: int) -> tuple[list[Step], Profile]:
    """The history of this number, always the same."""
    rng = Random(number * 2 + (updaters == 1))
    profile = rng.choice((LINUX, V2_6_34))
    corrupt = rng.choice((0.0, 0.2, 0.5))
    simulated = Simulated(rng, profile, corrupt=corrupt)
    moves = rng.randrange(8, 40 if updaters == 1 else 26)
    return simulated.run(updaters, rng.choice((1, 2, 3)), moves), profile


def compare(numbers: range, updaters: int) -> Compared:
    """Judge the histories of these numbers both ways.

    A false alarm: `Worlds` says no to a step that the search can explain. A miss:
    it says yes to a history that the search cannot explain to its end.
    """
    compared = Compared()
    for number in numbers:
        steps, profile = drawn(number, updaters)
        position = said_by_worlds(steps, profile)
        compared.histories += 1
        if position is None:
            if not is_explained(steps, len(steps), profile):
                compared.missed += (number,)
            continue
        compared.broken += 1
        if is_explained(steps, position + 1, profile):
            compared.false_alarms += (number,)
        elif not is_explained(steps, position, profile):
            compared.missed += (number,)
    return compared


@pytest.mark.parametrize("first", range(0, 5_000, BLOCK))
def test_one_updater_is_judged_exactly(first: int) -> None:
    compared = compare(range(first, first + BLOCK), updaters=1)
    assert compared.false_alarms == ()
    assert compared.missed == ()
    assert compared.histories == BLOCK
    assert BLOCK // 10 < compared.broken < BLOCK


@pytest.mark.parametrize("first", range(0, 2_000, BLOCK))
def test_overlapping_updates_give_no_false_alarm(first: int) -> None:
    compared = compare(range(first, first + BLOCK), updaters=2)
    assert compared.false_alarms == ()
    assert BLOCK // 10 < compared.broken < BLOCK


@pytest.mark.parametrize("first", range(0, 2_000, BLOCK))
def test_overlapping_updates_are_not_excused(first: int) -> None:
    assert compare(range(first, first + BLOCK), updaters=2).missed == ()


@pytest.mark.parametrize("updaters", [1, 2])
def test_sound_histories_are_all_explained(updaters: int) -> None:
    for number in range(300):
        rng = Random(number)
        simulated = Simulated(rng, LINUX, corrupt=0.0)
        steps = simulated.run(updaters, 2, 24)
        assert said_by_worlds(steps, LINUX) is None


def put(slot: int, gfn: int) -> SetRegion:
    return SetRegion(MemoryRegion(slot, gfn << 12, 0x1000, 0))


def test_no_world_is_lost_to_a_reply_that_none_explains() -> None:
    worlds = Worlds(LINUX, LIMITS)
    worlds.update_called(0, put(0, 1))
    worlds.reader_called(1)
    before = worlds.worlds
    assert not worlds.reader_answered(1, lambda _: False, settled_only=False)
    assert worlds.worlds == before
    assert not worlds.update_answered(0, Refused(Errno.EEXIST))
    assert worlds.tables() == (EMPTY,)


def test_a_long_history_at_rest_keeps_few_versions() -> None:
    worlds = Worlds(LINUX, LIMITS)
    for number in range(20):
        worlds.update_called(0, put(0, number))
        assert worlds.update_answered(0, Done())
    (world,) = worlds.worlds
    assert len(world.versions) == HISTORY_KEPT
    assert world.floor == world.settled == HISTORY_KEPT - 1
    worlds.reader_called(1)
    assert worlds.candidates(1, settled_only=False) == (world.table,)
    assert len(worlds.older(1, settled_only=False)) == HISTORY_KEPT - 1


def test_more_orders_than_the_cap_are_owned_up_to() -> None:
    worlds = Worlds(LINUX, Limits(user_slots=8))
    for thread in range(6):
        worlds.update_called(thread, put(thread, thread))
    worlds.reader_called(9)
    assert worlds.reader_answered(9, lambda t: len(t.slots) == 5, settled_only=False)
    assert worlds.overflowed
    assert len(worlds.worlds) == WORLD_CAP
