"""The floor judge, which keeps few worlds, against a search through all of them.

A random history is made by simulating updaters and readers that really share a
table; some of its replies are then made up. `Worlds` reads it once, from the
front. The search tries every order of the updates, every outcome of each, and
every table for each reader, and says at which event no way is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest

from memslot_spec.facts.world import HISTORY_KEPT
from memslot_spec.facts.worlds import WORLD_CAP, Worlds
from memslot_spec.model.explain import explains
from memslot_spec.model.operations import GuestAccess, SetRegion
from memslot_spec.model.profile import LINUX, V2_6_34, Limits, Profile
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import EMPTY, Errno, MemoryRegion, SlotTable
from worlds_search import is_explained
from worlds_simulated import LIMITS, Begin, Simulated, Step

BLOCK = 500


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
    for thread in range(7):
        worlds.update_called(thread, put(thread, thread))
    worlds.reader_called(9)
    assert worlds.reader_answered(9, lambda t: len(t.slots) == 6, settled_only=False)
    assert worlds.overflowed
    assert len(worlds.worlds) == WORLD_CAP


def test_orders_that_leave_the_same_are_one_world() -> None:
    worlds = Worlds(LINUX, Limits(user_slots=8))
    for thread in range(6):
        worlds.update_called(thread, put(thread, thread))
    assert worlds.update_answered(0, Done())
    # The others came before it, or have yet to come.
    assert len(worlds.worlds) == 2**5
    for thread in range(1, 6):
        assert worlds.update_answered(thread, Done())
    assert len(worlds.worlds) == 1
    assert not worlds.overflowed


def test_a_merged_world_calls_stale_what_each_of_its_orders_had() -> None:
    worlds = Worlds(LINUX, LIMITS)
    worlds.update_called(0, put(0, 0))
    worlds.update_called(1, put(1, 1))
    worlds.update_called(2, put(2, 2))
    assert worlds.update_answered(0, Done())
    assert worlds.update_answered(1, Done())
    worlds.reader_called(9)
    stale = {
        tuple(slot.id for slot in table)
        for table in worlds.older(9, settled_only=False)
    }
    assert {(0,), (1,)} <= stale
