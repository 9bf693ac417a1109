"""Reduction: no partial order is lost at any bound, and the rest is played later."""

from __future__ import annotations

from random import Random

import pytest

from memslot_conformance.play.bounded import Bounded, bounded
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.orders import PartialOrder
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Event
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import MmuPages
from toys import Locks

TWO = Scenario(threads=((MmuPages(),), (MmuPages(),)))
THREE = Scenario(threads=((MmuPages(),), (MmuPages(),), (MmuPages(),)))
REFERENCE = resolve("reference")
RACES = {
    race.name: race.scenario
    for race in fixed_races(REFERENCE.header)
    if len(race.scenario.threads) > 1
}
SOME = tuple(RACES)[::9]


def order_of(events: tuple[Event, ...]) -> int:
    """The partial order of a play, event by event."""
    order = PartialOrder()
    for event in events:
        if event.thread:
            order.add(event.thread, (event,), waits=False)
    return order.key


def reached(target: Target, plays: list[Played]) -> set[str]:
    """The premises that hold in some of them."""
    applicable = ApplicableClauses(target.header, tuple(CLAUSES))
    judged = [judge_events(applicable, played.events) for played in plays]
    return {c for j in judged for c, count in j.reached.items() if count}


@pytest.mark.parametrize("name", SOME)
def test_no_partial_order_is_lost_at_any_number_of_preemptions(name: str) -> None:
    for bound in (0, 1):
        full = list(bounded(REFERENCE.make, RACES[name], bound))
        search = bounded(REFERENCE.make, RACES[name], bound, reduced=True)
        reduced = list(search)
        assert search.complete
        assert {order_of(p.events) for p in reduced} == {
            order_of(p.events) for p in full
        }
        assert reached(REFERENCE, reduced) == reached(REFERENCE, full)


@pytest.mark.parametrize("scenario", [TWO, THREE])
def test_with_what_was_left_out_every_schedule_is_played_once(
    scenario: Scenario,
) -> None:
    for bound in range(4):
        full = [p.schedule for p in bounded(Locks, scenario, bound)]
        search = bounded(Locks, scenario, bound, reduced=True)
        played = [p.schedule for p in search]
        played += [p.schedule for p in search.left_out()]
        assert search.left == 0
        assert sorted(played, key=repr) == sorted(full, key=repr)


def test_a_schedule_of_a_partial_order_that_was_played_says_so() -> None:
    name = next(name for name in RACES if left(RACES[name]).left)
    search = left(RACES[name])
    assert sum(p.repeats for p in search) < search.played
    assert all(p.repeats for p in search.left_out())


def left(scenario: Scenario) -> Bounded:
    """A reduced search that was made."""
    search = bounded(REFERENCE.make, scenario, 1, reduced=True)
    list(search)
    return search


def test_hardly_any_partial_order_is_drawn_twice() -> None:
    drawn, distinct = 0, 0
    for name in SOME:
        plays = sampled(REFERENCE.make, RACES[name], Random(3), 16, repeats=False)
        orders = [order_of(p.events) for p in plays]
        drawn += len(orders)
        distinct += len(set(orders))
    # Event by event: the pieces of two plays may be cut at other places.
    assert 0.95 * drawn <= distinct


def test_a_race_of_which_everything_was_drawn_is_left() -> None:
    drawn = list(sampled(Locks, TWO, Random(3), 1_000, repeats=False))
    assert 1 < len(drawn) < 20
