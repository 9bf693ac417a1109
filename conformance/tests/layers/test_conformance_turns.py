"""The turns of the layers: who gets how much, and why a target is played no longer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_conformance.findings import reached
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.reached import Reached
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    MeetingsCounted,
    Record,
    SearchEnded,
)
from memslot_conformance.layers import fixed, shares
from memslot_conformance.layers.layers import run_target
from memslot_conformance.layers.shares import (
    LAYERS,
    LONGEST_ROUND,
    SHARES,
    Rounds,
)
from memslot_conformance.scenarios.drawn.can_meet import can_be_met
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Header

PLAN = TargetPlan(
    target="reference",
    profile=None,
    level="quick",
    seed=7,
    layers=LAYERS,
    clauses=tuple(clause.id for clause in CLAUSES),
    seconds=100.0,
    plays=40,
)

ROUND, FIRST = shares.FIRST_ROUND, 2_000
"""Work of the first round, and here, so that it is over before two races are."""


RACES = frozenset({"lookups of a slot that stays", "two updates"})


@pytest.fixture(autouse=True)
def _few_races(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the fixed races, at no more than one preemption."""

    def a_few(header: Header) -> tuple[FixedRace, ...]:
        return tuple(race for race in fixed_races(header) if race.name in RACES)

    monkeypatch.setattr(fixed, "fixed_races", a_few)
    monkeypatch.setitem(fixed.BOUNDS, "quick", {1: 0, 2: 1, 3: 0, 4: 0})
    monkeypatch.setattr(shares, "FIRST_ROUND", FIRST)


class Going:
    """A clock that goes a little whenever it is asked."""

    def __init__(self, by: float) -> None:
        self.time, self.by = 0.0, by

    def __call__(self) -> float:
        self.time += self.by
        return self.time


def run(plan: TargetPlan, *, clock_goes: float = 0.0) -> list[Record]:
    """The records of a run; only counts end it, unless the clock goes."""
    records: list[Record] = []
    run_target(plan, records.append, CrashRecord(), clock=Going(clock_goes))
    return records


def layers_of(records: list[Record]) -> dict[str, LayerDone]:
    return {r.layer: r for r in records if isinstance(r, LayerDone)}


def ended(records: list[Record]) -> SearchEnded:
    (found,) = (r for r in records if isinstance(r, SearchEnded))
    return found


def test_a_seed_repeats_the_turns_by_counts_whatever_the_clock() -> None:
    first, second = run(PLAN), run(PLAN)
    assert first == second
    other = run(replace(PLAN, seed=8))
    assert layers_of(other)["sequential"] != layers_of(first)["sequential"]


def test_every_layer_has_a_turn_before_the_fixed_races_are_through() -> None:
    whole = layers_of(run(replace(PLAN, layers=("fixed",), plays=None)))["fixed"]
    assert whole.cut is None
    assert Rounds().steps(LAYERS, owing=True)["fixed"] < whole.steps / 2
    stopped = run(replace(PLAN, target="patch", plays=3, stop_at_first=True))
    assert list(layers_of(stopped)) == ["fixed"], "one without a turn is not told of"


def test_what_sequences_find_at_once_is_found_before_the_races_are_through() -> None:
    plan = replace(PLAN, target="museum:K36", profile="linux", stop_at_first=True)
    records = run(replace(plan, layers=("sequential",), plays=None))
    assert [r.clause for r in records if isinstance(r, Found)][:1] == ["GEN-4"]
    steps = layers_of(records)["sequential"].steps
    assert steps < ROUND * SHARES["sequential"] / shares.COSTS["sequential"]


def test_where_its_plays_are_spent_a_target_is_done() -> None:
    records = run(PLAN)
    assert [layer.schedules for layer in layers_of(records).values()] == [40, 40, 40]
    assert ended(records).why == "nothing was left to play"


def test_a_target_ends_when_its_time_is_over_and_says_so() -> None:
    records = run(replace(PLAN, plays=None), clock_goes=1.0)
    assert ended(records).why == "its time was over"
    assert layers_of(records)["fixed"].cut is not None


def test_a_target_ends_where_nothing_new_came_for_long_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reached, "LEAST", 10)
    monkeypatch.setattr(shares, "LONGEST_ROUND", FIRST)
    plan = replace(PLAN, target="py:odd_adapters:Shared", layers=("sequential",))
    records = run(replace(plan, plays=None))
    end = ended(records)
    assert end.why == "nothing new was reached"
    assert end.scenarios - end.newest >= max(end.newest, 10)
    assert {"broken clause", "premise"} <= set(end.reached)
    assert all(layer.cut is None for layer in layers_of(records).values())


def test_no_target_ends_for_want_of_news_while_the_races_owe_a_preemption(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Reached, "exhausted", True)
    records = run(replace(PLAN, layers=("fixed", "sampled"), plays=None))
    assert ended(records).why == "nothing new was reached"
    assert layers_of(records)["fixed"].cut is None


def test_what_no_layer_met_is_told_of_all_that_the_target_could_show() -> None:
    records = run(PLAN)
    (told,) = (r for r in records if isinstance(r, MeetingsCounted))
    met = {key for layer in layers_of(records).values() for key in layer.met}
    could = can_be_met(resolve(PLAN.target).header)
    assert set(told.never) == could - met
    assert sum(told.could.values()) == len(could)
    assert any(name.startswith("pair ") for name in told.never)
    alone = layers_of(records)["sequential"].met
    assert not {"kind SetRegion", "then SetRegion > SetRegion"} & set(told.never)
    assert any(name not in alone for name in met & could), "counts are of all layers"


def test_the_first_finding_ends_a_target_where_it_is_enough() -> None:
    records = run(replace(PLAN, target="patch", stop_at_first=True))
    assert ended(records).why == "the first finding was enough"


def test_a_round_is_shared_by_what_a_step_costs() -> None:
    steps = Rounds().steps(LAYERS, owing=False)
    work = {layer: steps[layer] * shares.COSTS[layer] for layer in LAYERS}
    for layer in LAYERS:
        assert work[layer] == pytest.approx(FIRST * SHARES[layer], rel=0.01)


def test_rounds_grow_to_a_longest_one() -> None:
    rounds = Rounds()
    sizes = [rounds.steps(("fixed",), owing=False)["fixed"] for _ in range(20)]
    assert sizes[:2] == [FIRST, FIRST * shares.GROWTH]
    assert sizes == sorted(sizes)
    assert sizes[-1] == LONGEST_ROUND


def test_the_layer_that_reaches_most_anew_gets_most_until_it_reaches_no_more() -> None:
    rounds = Rounds()
    before = rounds.steps(LAYERS, owing=False)
    rounds.note("sequential", 1_000, 50)
    rounds.note("fixed", 1_000, 1)
    after = rounds.steps(LAYERS, owing=False)
    grown = {layer: after[layer] / before[layer] for layer in LAYERS}
    assert grown["sequential"] > shares.GROWTH > grown["sampled"]
    for _ in range(30):
        for layer in LAYERS:
            rounds.note(layer, 1_000, 0)
    last = rounds.steps(LAYERS, owing=False)
    assert last["fixed"] / last["sequential"] == pytest.approx(
        before["fixed"] / before["sequential"], rel=0.01
    )


def test_races_that_owe_a_preemption_keep_their_share() -> None:
    rounds = Rounds()
    rounds.note("sequential", 1_000, 50)
    steps = rounds.steps(LAYERS, owing=True)
    assert steps["fixed"] == pytest.approx(FIRST * SHARES["fixed"], rel=0.01)
    assert rounds.steps(("fixed",), owing=True)["fixed"] > 0
    assert rounds.steps((), owing=False) == {}
