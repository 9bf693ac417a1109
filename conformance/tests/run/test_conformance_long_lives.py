"""A bug that shows late in a long life is kept, made small, and played again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from long_lives import WRAPS_AT
from memslot_conformance.findings import collect
from memslot_conformance.findings.collect import LONGEST_TOLD, Findings
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
)
from memslot_conformance.findings.trial import Trial
from memslot_conformance.layers import sequences
from memslot_conformance.layers.layers import run_target
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.fewer import LONG
from memslot_conformance.play.played import Played
from memslot_conformance.play.scheduler import Play, play
from memslot_conformance.play.stepping import STEP_LIMIT
from memslot_conformance.run.rejudge import RerunOutcome, replay_file
from memslot_conformance.scenarios.notation import delete, put
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.judge import Judge
from memslot_spec.judging.judgement import Finding
from memslot_spec.model.operations import GfnToHva, GuestAccess, Operation, SetRegion

A_LIFE: Operations = (
    put(0, 16, 4, 0x1000),
    GuestAccess(17),
    GfnToHva(18),
    delete(0),
)

FEW_PLAYS = 8
"""Of what is long, this is all that there is time for; here the clock stands still."""


@dataclass(frozen=True)
class Late:
    """A life up to the operation that breaks a clause."""

    target: Target
    trial: Trial
    scenario: Scenario
    played: Played
    findings: tuple[Finding, ...]

    def taken(self, folder: Path, ceiling: Budget) -> list[Found]:
        """The records that are sent of it."""
        sent: list[Record] = []
        collected = Findings(
            self.target, self.trial, sent.append, folder, ceiling=ceiling
        )
        collected.take(self.findings, self.played, self.scenario, "sequential")
        return [record for record in sent if isinstance(record, Found)]


@pytest.fixture(scope="module")
def late() -> Late:
    target = resolve("py:long_lives:Wraps", "linux")
    trial = Trial(target.header, CLAUSES)
    judge, life, seen = Judge(trial.applicable), Play(target.make), 0
    asked: list[Operation] = []
    for operation in cycle(A_LIFE):
        asked.append(operation)
        assert life.alone((operation,)), life.fault
        judge.see_all(life.events[seen:])
        seen = len(life.events)
        if judge.findings:
            break
    scenario = Scenario(prefix=tuple(asked))
    return Late(target, trial, scenario, life.played(), judge.findings)


def test_a_long_life_is_played_again_as_it_was(late: Late) -> None:
    assert late.scenario.operations > LONG
    assert len(late.played.events) > max(STEP_LIMIT, LONGEST_TOLD)
    assert [finding.clause for finding in late.findings] == ["GEN-1"]
    assert play(late.target.make, late.scenario) == late.played


def test_what_has_no_time_to_get_small_is_kept_whole(
    late: Late, tmp_path: Path
) -> None:
    (only,) = late.taken(tmp_path, Budget(seconds=0.0, clock=lambda: 0.0))
    assert only.operations == late.scenario.operations
    assert only.history is None, "the file alone has it"
    assert replay_file(Path(only.file or "")).outcome is RerunOutcome.SAME


@pytest.mark.parametrize("seconds", [1.0, None])
def test_what_counts_updates_is_left_with_updates_alone(
    late: Late, tmp_path: Path, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "SHRINK_PLAYS", FEW_PLAYS)
    monkeypatch.setattr(collect, "LONG_PLAYS", FEW_PLAYS)
    monkeypatch.setattr(collect, "LONG_OPERATIONS", 1)
    first, last = late.taken(tmp_path, Budget(seconds=seconds, clock=lambda: 0.0))
    assert (first.history, last.replaces) == (None, True)
    rerun = replay_file(Path(last.file or ""))
    assert rerun.outcome is RerunOutcome.SAME
    left = rerun.failure.scenario
    assert {type(operation) for operation in left.prefix} == {SetRegion}
    assert WRAPS_AT / 2 < left.operations < late.scenario.operations


def test_a_vm_that_is_old_enough_is_asked_no_more_and_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sequences, "LONGEST_LIFE", 30)
    records: list[Record] = []
    plan = TargetPlan(
        target="py:odd_adapters:Sound",
        profile=None,
        level="quick",
        seed=7,
        layers=("sequential",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=100.0,
        plays=20,
    )
    run_target(plan, records.append, CrashRecord())
    (layer,) = (record for record in records if isinstance(record, LayerDone))
    assert layer.cut is None
    assert layer.schedules == 20
    assert layer.steps <= 20 * (30 + 3)
