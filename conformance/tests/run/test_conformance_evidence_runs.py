"""Evidence of real runs: a search that ended is a bound, and one cut short is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest

from memslot_conformance.clock import Clock
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    LayerDone,
    Record,
)
from memslot_conformance.layers import fixed
from memslot_conformance.layers.layers import run_target
from memslot_conformance.play.bounded import bounded
from memslot_conformance.scenarios.fixed import fixed_races, looked_at
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.choice import can_be_seen
from memslot_spec.choices import CHOICES
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Header

RACES = ("lookups of a slot that stays", "two updates", "create, look up, delete")


@pytest.fixture
def few_races(monkeypatch: pytest.MonkeyPatch) -> Target:
    """Three of the fixed races, at no more than one preemption."""
    target = resolve("reference")
    few = tuple(r for r in fixed_races(target.header) if r.name in RACES)
    assert len(few) == len(RACES)

    def a_few(_: Header) -> tuple[FixedRace, ...]:
        return few

    monkeypatch.setattr(fixed, "fixed_races", a_few)
    monkeypatch.setitem(fixed.BOUNDS, "quick", {1: 0, 2: 1, 3: 1, 4: 1})
    return target


def standing_still() -> float:
    """A clock by which no time passes: only counts end a search."""
    return 0.0


def run(plays: int | None = None, clock: Clock = standing_still) -> list[Record]:
    heard: list[Record] = []
    plan = TargetPlan(
        target="reference",
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=300.0,
        plays=plays,
    )
    run_target(plan, heard.append, CrashRecord(), clock=clock)
    return heard


def test_a_search_that_ended_counts_every_schedule_of_its_races(
    few_races: Target,
) -> None:
    records = run()
    (whole,) = (r for r in records if isinstance(r, LayerDone))
    bounds = [r for r in records if isinstance(r, BoundEnded)]
    header = few_races.header
    races = [race for race in fixed_races(header) if race.name in RACES]
    played, left = Counter[str](), 0
    looked = [looked_at(header, race) for race in races if race.scenario.threads]
    for race in (*races, *looked):
        search = bounded(few_races.make, race.scenario, 1, reduced=True)
        played[race.name] += sum(1 for _ in search)
        left += sum(1 for _ in search.left_out())
    sizes = {(b.threads, b.operations, b.preemptions): b.schedules for b in bounds}
    assert sizes[2, 2, 1] == played["two updates"]
    assert sizes[2, 3, 1] == played["lookups of a slot that stays"]
    assert sum(sizes.values()) == sum(played.values()) == whole.schedules - left
    assert whole.left_out == 0 < left
    total: Counter[str] = Counter()
    for bound in bounds:
        assert bound.orders == bound.schedules
        total.update(bound.histories)
    assert sum(bound.steps for bound in bounds) < whole.steps
    assert set(total) == set(whole.histories)
    assert whole.orders == sum(sizes.values())
    assert total["SRCU-8"] > 0
    assert all(0 < n <= whole.histories[name] for name, n in total.items())


def by_plays() -> list[Record]:
    return run(plays=300)


def by_the_clock() -> list[Record]:
    seconds = count()
    return run(clock=lambda: float(next(seconds)))


@pytest.mark.usefixtures("few_races")
@pytest.mark.parametrize("cut_short", [by_plays, by_the_clock])
def test_a_search_that_did_not_end_is_no_bound(
    monkeypatch: pytest.MonkeyPatch, cut_short: Callable[[], list[Record]]
) -> None:
    monkeypatch.setitem(fixed.BOUNDS, "quick", {1: 0, 2: 9, 3: 9, 4: 9})
    records = cut_short()
    bounds = [r for r in records if isinstance(r, BoundEnded)]
    (whole,) = (r for r in records if isinstance(r, LayerDone))
    assert all(bound.preemptions < 9 for bound in bounds)
    assert sum(bound.schedules for bound in bounds) < whole.schedules


@pytest.mark.usefixtures("few_races")
def test_every_choice_that_can_be_seen_is_recorded_with_every_option() -> None:
    header = resolve("reference").header
    seen = [r for r in run() if isinstance(r, ChoiceSeen)]
    shown = [choice for choice in CHOICES if can_be_seen(choice, header)]
    assert [(s.choice, tuple(s.taken)) for s in seen] == [
        (choice.id, choice.options) for choice in shown
    ]
    counts = {s.choice: s.taken for s in seen}
    assert counts["flush-extent"]["every slot"] > 0
    assert counts["flush-extent"]["the slot alone"] == 0
