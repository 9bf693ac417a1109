"""Verdicts and exit statuses, from records alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    RunStarted,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
    Verdict,
)
from memslot_conformance.run.verdicts import (
    Exit,
    TargetVerdicts,
    exit_status,
    headline,
    verdicts,
)
from memslot_spec.clauses import CLAUSES

ONE, TWO = CLAUSES[:2]


def started(target: str = "one", **not_applicable: str) -> Record:
    return TargetStarted(
        target=target,
        profile="linux",
        description="",
        interleaving="none",
        operations=(),
        not_applicable={k.replace("_", "-"): v for k, v in not_applicable.items()},
    )


def layer(reached: dict[str, int], cut: str | None = None) -> Record:
    return LayerDone(
        target="one",
        layer="cut-layer" if cut else "fixed",
        scenarios=1,
        schedules=1,
        steps=1,
        seconds=1.0,
        covered="",
        reached=reached,
        cut=cut,
    )


def found(clause: str, target: str = "one") -> Record:
    return Found(
        target=target,
        clause=clause,
        layer="fixed",
        seconds=0.0,
        updates=0,
        readers=0,
        preemptions=0,
        operations=0,
        step=0,
        expected="yes",
        observed="no",
        history=None,
    )


FINISHED = TargetFinished(target="one", seconds=1.0)
FAILED = TargetFailed(target="one", what="Traceback\n  x\nValueError: no", last="")
IN_PART = TargetFailed(target="one", what="sptes differ", last="", clauses=(ONE.id,))
SKIPPED = TargetSkipped(target="two", reason="not here")
ALL = layer({ONE.id: 1, TWO.id: 2})


def judged(*records: Record) -> tuple[TargetVerdicts, ...]:
    return verdicts(records, (ONE, TWO))


@pytest.mark.parametrize(
    ("records", "verdict", "reason"),
    [
        ((started(), ALL, FINISHED), Verdict.PASS, ""),
        ((started(), ALL, found(ONE.id), FINISHED), Verdict.FAIL, "expected yes; obs"),
        ((found(ONE.id), FAILED), Verdict.FAIL, "expected yes; observed no"),
        ((started(), ALL, FAILED), Verdict.ERROR, "ValueError: no"),
        ((FAILED, FINISHED), Verdict.ERROR, "ValueError: no"),
        ((started(), ALL, IN_PART, FINISHED), Verdict.ERROR, "sptes differ"),
        ((started(), ALL, found(ONE.id), IN_PART), Verdict.FAIL, "expected yes; obs"),
        ((started(), ALL), Verdict.INCONCLUSIVE, "the run ended before the target"),
        ((started(), FINISHED), Verdict.INCONCLUSIVE, "no layer ran"),
        ((started(), layer({}), FINISHED), Verdict.INCONCLUSIVE, "its premise never h"),
        (
            (started(), layer({ONE.id: 0, TWO.id: 2}), FINISHED),
            Verdict.INCONCLUSIVE,
            "its premise never held",
        ),
        (
            (started(), layer({ONE.id: 9}, cut="out of time"), FINISHED),
            Verdict.INCONCLUSIVE,
            (
                "its premise held only in layers that were cut short "
                "(cut-layer: out of time)"
            ),
        ),
        (
            (started(), layer({}, cut="out of time"), FINISHED),
            Verdict.INCONCLUSIVE,
            (
                "its premise never held, and layers were cut short "
                "(cut-layer: out of time)"
            ),
        ),
        (
            (started(), layer({ONE.id: 9}, cut="out of time"), ALL, FINISHED),
            Verdict.PASS,
            "",
        ),
        (
            (started(**{ONE.id.replace("-", "_"): "no points"}), ALL, FINISHED),
            Verdict.NOT_APPLICABLE,
            "no points",
        ),
    ],
)
def test_a_clause_gets_the_verdict(
    records: Sequence[Record], verdict: Verdict, reason: str
) -> None:
    (target,) = judged(*records)
    first = target.verdicts[0]
    assert first.verdict is verdict
    assert first.reason.startswith(reason)
    assert (first.reason == "") == (verdict is Verdict.PASS)


def test_the_premises_of_all_layers_are_counted() -> None:
    (target,) = judged(started(), ALL, ALL, FINISHED)
    assert [v.reached for v in target.verdicts] == [2, 4]


def test_a_target_that_the_run_never_came_to_is_inconclusive() -> None:
    run = RunStarted(
        version="",
        started="",
        level="quick",
        seed=1,
        targets=("one", "two"),
        clauses=2,
        host="",
    )
    one, two = judged(run, started(), ALL, FINISHED)
    assert one.count(Verdict.PASS) == 2
    assert two.count(Verdict.INCONCLUSIVE) == 2
    assert exit_status((one, two)) is Exit.INCONCLUSIVE


NOT_APPLICABLE = started(**{c.id.replace("-", "_"): "" for c in (ONE, TWO)})


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ((started(), ALL, FINISHED), Exit.CONFORMS),
        ((started(), ALL, FINISHED, SKIPPED), Exit.CONFORMS),
        ((started(), found(ONE.id), FAILED), Exit.DOES_NOT_CONFORM),
        ((FAILED, started("two"), found(ONE.id, "two")), Exit.DOES_NOT_CONFORM),
        ((started(), ALL, FAILED), Exit.BROKE),
        ((started("two"), FAILED), Exit.BROKE),
        ((NOT_APPLICABLE, FAILED), Exit.BROKE),
        ((started(), layer({ONE.id: 1}), FINISHED), Exit.INCONCLUSIVE),
        ((NOT_APPLICABLE, ALL, FINISHED), Exit.NOTHING_RAN),
        ((SKIPPED,), Exit.NOTHING_RAN),
        ((), Exit.NOTHING_RAN),
    ],
)
def test_the_first_status_that_applies_is_the_exit_status(
    records: Sequence[Record], status: Exit
) -> None:
    assert exit_status(judged(*records)) is status


def test_strictly_a_skip_is_a_failure() -> None:
    targets = judged(started(), ALL, FINISHED, SKIPPED)
    assert exit_status(targets, strict=True) is Exit.DOES_NOT_CONFORM


def test_a_skipped_target_has_its_reason_and_no_verdicts() -> None:
    (target,) = judged(SKIPPED)
    assert target.skipped == "not here"
    assert target.verdicts == ()


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("Traceback (most recent call last):\n  x\nOSError: no\n", "OSError: no"),
        ("exited\nit printed:\nx", "exited"),
        ("", "it broke"),
    ],
)
def test_a_headline_says_the_most(what: str, line: str) -> None:
    assert headline(what) == line


def test_an_error_of_some_clauses_leaves_the_others_their_verdicts() -> None:
    (told,) = judged(started(), ALL, IN_PART, FINISHED)
    assert [v.verdict for v in told.verdicts] == [Verdict.ERROR, Verdict.PASS]
    assert told.failed is None
    assert exit_status((told,)) is Exit.BROKE
