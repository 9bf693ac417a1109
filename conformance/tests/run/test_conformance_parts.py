"""A target in several parts: what is found is the same, whoever plays them."""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    BoundEnded,
    Found,
    LayerDone,
    MeetingsCounted,
    Record,
    SearchEnded,
    TargetFailed,
    TargetFinished,
    latest,
)
from memslot_conformance.layers import fixed
from memslot_conformance.run import campaign
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.run.rejudge import RerunOutcome, replay_file
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Header
from part_records import STARTED, Send, found, layer, parts, search, timeless
from toy_workers import LITTLE, Gate

PLAN = TargetPlan(
    target="patch",
    profile=None,
    level="quick",
    seed=7,
    layers=("fixed", "sampled", "sequential"),
    clauses=tuple(clause.id for clause in CLAUSES),
    seconds=600.0,
    parts=3,
    scenarios=4,
)

RACES = frozenset(
    {"create, look up, delete", "two updates", "lookups of a slot that stays"}
)


@pytest.fixture(autouse=True)
def _few_races(monkeypatch: pytest.MonkeyPatch) -> None:
    def a_few(header: Header) -> tuple[FixedRace, ...]:
        return tuple(race for race in fixed_races(header) if race.name in RACES)

    monkeypatch.setattr(fixed, "fixed_races", a_few)


def run(plan: TargetPlan, jobs: int) -> list[Record]:
    records: list[Record] = []
    limits = WorkerLimits()
    campaign.run([plan], jobs=jobs, limits=limits, on_record=records.append)
    return records


def test_counted_scenarios_find_the_same_on_any_number_of_workers(
    tmp_path: Path,
) -> None:
    plan = replace(PLAN, failures_dir=str(tmp_path))
    one, three = run(plan, 1), run(plan, 3)
    assert timeless(one) == timeless(three)
    drawn = [r for r in one if isinstance(r, LayerDone) and r.layer != "fixed"]
    assert [layer.scenarios for layer in drawn] == [4, 4]
    assert all(layer.cut is None for layer in drawn)
    kept = [r for r in latest(one) if isinstance(r, Found)]
    assert len({record.clause for record in kept}) == len(kept) > 1
    for record in kept[:2]:
        assert record.file is not None
        assert replay_file(Path(record.file)).outcome is RerunOutcome.SAME
    other = run(replace(plan, seed=8, layers=("sampled",)), 3)
    assert timeless(other) != timeless(run(replace(plan, layers=("sampled",)), 3))


def test_the_races_in_parts_are_those_of_the_whole() -> None:
    plan = replace(PLAN, target="reference", layers=("fixed",))
    whole, divided = run(replace(plan, parts=1), 1), run(plan, 2)
    for kind in (LayerDone, BoundEnded, SearchEnded, MeetingsCounted):
        of_whole = timeless([r for r in whole if isinstance(r, kind)])
        of_parts = timeless([r for r in divided if isinstance(r, kind)])
        assert len(of_whole) == len(of_parts) > 0
        if kind in {BoundEnded, MeetingsCounted}:
            assert of_whole == of_parts
    (one,) = (r for r in whole if isinstance(r, LayerDone))
    (other,) = (r for r in divided if isinstance(r, LayerDone))
    assert Counter(one.reached) == Counter(other.reached)
    assert (one.schedules, one.steps) == (other.schedules, other.steps)
    assert (one.covered, one.met, one.cut) == (other.covered, other.met, None)


def test_the_first_finding_is_that_of_the_first_part_that_has_one() -> None:
    plan = replace(PLAN, stop_at_first=True)
    one, two = run(plan, 1), run(plan, 2)
    assert timeless(one) == timeless(two)
    assert {r.cut for r in one if isinstance(r, LayerDone)} == {fixed.STOPPED}
    (ended,) = (r for r in one if isinstance(r, SearchEnded))
    assert ended.why == "the first finding was enough"


@pytest.mark.parametrize("scenarios", [None, 9])
def test_a_part_that_dies_costs_its_own_part_and_is_said(scenarios: int | None) -> None:
    def dies(plan: TargetPlan, send: Send, crash: CrashRecord) -> None:
        crash.say("about to die")
        send(STARTED)
        if plan.part == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        send(layer())
        send(search(why="its time was over"))

    records: list[Record] = []
    plan = parts(3, scenarios)
    campaign.run([plan], jobs=2, limits=LITTLE, on_record=records.append, work=dies)
    (failed,) = (r for r in records if isinstance(r, TargetFailed))
    assert failed.what == "was killed by signal 9 (SIGKILL)"
    assert failed.last == "about to die\nin part 2 of 3"
    (done,) = (r for r in records if isinstance(r, LayerDone))
    assert (done.schedules, done.cut) == (4, "the target broke in 1 of its 3 parts")
    assert not [r for r in records if isinstance(r, TargetFinished)]


def test_the_first_finding_ends_the_other_parts_where_it_is_enough() -> None:
    def finds(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        send(layer())
        send(search())
        if plan.part == 0:
            gate.wait_until_open()
            send(found())
            send(found(small=True))
        else:
            gate.open()
            never.wait_until_open()

    records: list[Record] = []
    plan = replace(parts(2), stop_at_first=True)
    with Gate() as gate, Gate() as never:
        campaign.run(
            [plan], jobs=2, limits=LITTLE, on_record=records.append, work=finds
        )
    kinds = [type(record) for record in records]
    assert kinds == [Found, Found, LayerDone, SearchEnded, TargetFinished]
    (done,) = (r for r in records if isinstance(r, LayerDone))
    assert done.schedules == 4, "what the other had told until then counts"


def test_parts_end_together_where_nothing_new_comes() -> None:
    def goes_on(_: TargetPlan, send: Send, __: CrashRecord) -> None:
        send(layer())
        send(search(1_500, ("a", 1)))
        never.wait_until_open()

    records: list[Record] = []
    with Gate() as never:
        campaign.run(
            [parts(2)], jobs=2, limits=LITTLE, on_record=records.append, work=goes_on
        )
    done, ended, finished = records
    assert isinstance(done, LayerDone)
    assert (done.schedules, done.cut) == (4, None)
    assert isinstance(ended, SearchEnded)
    assert ended.why == "nothing new was reached"
    assert isinstance(finished, TargetFinished)


def test_a_later_part_knows_what_an_earlier_one_found() -> None:
    def finds(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        send(found("REQ-1" if plan.part == 0 else f"REQ-{len(plan.known) + 1}"))
        send(search())

    records: list[Record] = []
    plan = parts(2, 9)
    campaign.run([plan], jobs=1, limits=LITTLE, on_record=records.append, work=finds)
    assert [r.clause for r in records if isinstance(r, Found)] == ["REQ-1", "REQ-2"]
