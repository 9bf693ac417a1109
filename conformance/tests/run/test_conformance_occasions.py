"""Occasions: which clauses have one, and what is said where it was met for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    LayerDone,
    Record,
    TargetStarted,
    Verdict,
)
from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.verdicts import (
    OCCASIONS,
    ClauseVerdict,
    exit_status,
    verdicts,
)
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_reference.museum import CATALOGUE
from memslot_spec.clauses import CLAUSES, clause_by_id
from verdict_records import FINISHED, found, layer, started

HAVE_ONE = ("SRCU-6", "SRCU-7")
"""Whoever adds a clause here says in it why it cannot be broken without its premise."""

CLAUSE = clause_by_id("SRCU-6")
OTHER = clause_by_id("SRCU-1")


def with_occasions(
    occasions: int, reached: dict[str, int] | None = None, cut: str | None = None
) -> Record:
    record = layer({OTHER.id: 1, **(reached or {})}, cut)
    assert isinstance(record, LayerDone)
    return replace(record, occasions={CLAUSE.id: occasions})


def verdict_on(*records: Record) -> ClauseVerdict:
    (target,) = verdicts((started(), *records, FINISHED), (CLAUSE,))
    return target.verdicts[0]


def test_these_clauses_have_an_occasion_and_an_argument() -> None:
    assert tuple(c.id for c in CLAUSES if c.occasion is not None) == HAVE_ONE
    for clause in map(clause_by_id, HAVE_ONE):
        assert clause.occasion is not None
        assert len(clause.occasion.because.split()) > 10


def test_met_often_enough_and_never_the_premise_does_not_apply() -> None:
    records = (with_occasions(OCCASIONS - 1), with_occasions(12_345 - OCCASIONS + 1))
    verdict = verdict_on(*records)
    assert verdict.verdict is Verdict.NOT_APPLICABLE
    assert verdict.reason == "no section loaded twice in 12,345"
    assert verdict.occasions == 12_345
    targets = verdicts((started(), *records, FINISHED), (CLAUSE, OTHER))
    assert exit_status(targets) is Exit.CONFORMS
    assert [v.clause for v in targets[0].never_met] == [CLAUSE.id]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((with_occasions(OCCASIONS - 1),), Verdict.INCONCLUSIVE),
        ((with_occasions(0),), Verdict.INCONCLUSIVE),
        ((with_occasions(OCCASIONS, cut="no time"),), Verdict.INCONCLUSIVE),
        ((with_occasions(OCCASIONS, {CLAUSE.id: 1}),), Verdict.PASS),
        ((with_occasions(OCCASIONS), found(CLAUSE.id)), Verdict.FAIL),
    ],
)
def test_in_all_other_cases_it_says_nothing(
    records: Sequence[Record], expected: Verdict
) -> None:
    verdict = verdict_on(*records)
    assert verdict.verdict is expected
    assert verdict.occasions == 0


@pytest.mark.parametrize(
    ("clause", "mutant"),
    [
        (clause, mutant.name)
        for clause in HAVE_ONE
        for mutant in CATALOGUE
        if clause in mutant.clauses
    ],
)
def test_every_mutant_of_such_a_clause_still_fails(clause: str, mutant: str) -> None:
    plan = TargetPlan(
        target=f"museum:{mutant}",
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed", "sampled"),
        clauses=(clause,),
        seconds=1.0,
        plays=4_000,
        stop_at_first=True,
    )
    records: list[Record] = []
    run_target(plan, records.append, CrashRecord(), clock=lambda: 0.0)
    (target,) = verdicts(records, [clause_by_id(clause)])
    assert [verdict.verdict for verdict in target.verdicts] == [Verdict.FAIL]


def test_every_such_clause_has_a_mutant() -> None:
    assert {c for m in CATALOGUE for c in m.clauses} >= set(HAVE_ONE)


def of_threads(overlapped: int) -> tuple[Record, ...]:
    up, done = started(), layer({OTHER.id: 3})
    assert isinstance(up, TargetStarted)
    assert isinstance(done, LayerDone)
    raced = replace(done, raced=1_234, overlapped=overlapped)
    return replace(up, interleaving="threads"), raced, FINISHED


def test_a_race_of_threads_that_never_overlapped_is_inconclusive() -> None:
    (never,) = verdicts(of_threads(0), (OTHER,))
    assert never.verdicts[0].verdict is Verdict.INCONCLUSIVE
    assert never.verdicts[0].reason == "no two calls overlapped in 1,234 races"
    (once,) = verdicts(of_threads(1), (OTHER,))
    assert once.verdicts[0].verdict is Verdict.PASS
