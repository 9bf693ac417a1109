"""Verdicts, from records alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from memslot_conformance.findings.records import (
    ChoiceSeen,
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
    Verdict,
)
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.verdicts import (
    ClauseVerdict,
    TargetVerdicts,
    exit_status,
    headline,
)
from verdict_records import (
    ALL,
    FAILED,
    FINISHED,
    IN_PART,
    ONE,
    SKIPPED,
    TWO,
    found,
    judged,
    layer,
    started,
)


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


def test_a_skipped_target_has_its_reason_and_no_verdicts() -> None:
    (target,) = judged(SKIPPED)
    assert target.skipped == "not here"
    assert target.verdicts == ()


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("Traceback (most recent call last):\n  x\nOSError: no\n", "OSError: no"),
        ("exited\nit printed:\nx", "exited"),
        ("\n  \nexited\nx", "exited"),
        (
            "Traceback (most recent call last):\n  x\n  OSError: no\n\n \n",
            "OSError: no",
        ),
        (
            "Traceback (most recent call last):\n  x\nOSError: no\nmore\n of it\n",
            "OSError: no",
        ),
        (
            (
                "Traceback (most recent call last):\n  x\nKeyError: 1\n\nDuring:\n"
                "\nTraceback (most recent call last):\n  y\nOSError: no\n"
            ),
            "OSError: no",
        ),
        (
            (
                "  + Exception Group Traceback (most recent call last):\n  |   File x\n"
                "  | ExceptionGroup: several\n  +-+---- 1 ----\n    | ValueError: a\n"
            ),
            "ExceptionGroup: several",
        ),
        ("killed in Traceback\nx", "killed in Traceback"),
        ("Traceback", "Traceback"),
        ("", "it broke"),
        (" \n\n", "it broke"),
    ],
)
def test_a_headline_says_the_most(what: str, line: str) -> None:
    assert headline(what) == line


def verdict_of(*records: Record) -> ClauseVerdict:
    (target,) = judged(*records)
    return target.verdicts[0]


CUT, NEVER = "out of time", "its premise never held"
ONLY = "its premise held only in layers that were cut short"
HALF = layer({ONE.id: 3}, cut=CUT)


@pytest.mark.parametrize(
    ("records", "verdict", "reached", "reason"),
    [
        ((ALL, FINISHED), Verdict.PASS, 1, ""),
        ((ALL, HALF, FINISHED), Verdict.PASS, 4, ""),
        ((found(ONE.id), FINISHED), Verdict.FAIL, 1, "expected yes; observed no"),
        ((HALF, found(ONE.id)), Verdict.FAIL, 3, "expected yes; observed no"),
        (
            (HALF, found(TWO.id), found(ONE.id), FAILED),
            *(Verdict.FAIL, 3, "expected yes; observed no"),
        ),
        ((HALF, found(TWO.id), FAILED), Verdict.ERROR, 3, "ValueError: no"),
        ((HALF, FAILED, FINISHED), Verdict.ERROR, 3, "ValueError: no"),
        ((FAILED,), Verdict.ERROR, 0, "ValueError: no"),
        (
            (HALF, ALL),
            *(Verdict.INCONCLUSIVE, 4, "the run ended before the target did"),
        ),
        ((FINISHED,), Verdict.INCONCLUSIVE, 0, "no layer ran"),
        ((layer({TWO.id: 1}), FINISHED), Verdict.INCONCLUSIVE, 0, NEVER),
        (
            (layer({}), HALF, layer({}, cut="stopped"), FINISHED),
            *(Verdict.INCONCLUSIVE, 3),
            f"{ONLY} (cut-layer: out of time; cut-layer: stopped)",
        ),
        (
            (layer({}), layer({TWO.id: 1}, cut=CUT), FINISHED),
            *(Verdict.INCONCLUSIVE, 0),
            f"{NEVER}, and layers were cut short (cut-layer: out of time)",
        ),
    ],
)
def test_a_verdict_says_how_often_the_premise_held_and_why(
    records: Sequence[Record], verdict: Verdict, reached: int, reason: str
) -> None:
    expected = ClauseVerdict(ONE.id, verdict, reached, reason)
    assert verdict_of(started(), *records) == expected


def test_a_clause_that_does_not_apply_was_not_reached() -> None:
    expected = ClauseVerdict(ONE.id, Verdict.NOT_APPLICABLE, 0, "no points")
    not_here = started(**{ONE.id.replace("-", "_"): "no points"})
    for end in (FINISHED, FAILED):
        assert verdict_of(not_here, ALL, end) == expected
    assert verdict_of(not_here, found(ONE.id)).verdict is Verdict.FAIL


def test_each_failure_of_a_target_is_told_once() -> None:
    other = TargetFailed(target="one", what="it hung", last="")
    (target,) = judged(started(), ALL, FAILED, other, FAILED, FINISHED)
    assert target.failed == f"{FAILED.what}\nit hung"
    (target,) = judged(started(), ALL, FINISHED)
    assert target.failed is None


def test_every_record_of_a_run_has_its_place() -> None:
    run = RunStarted(
        version="",
        started="",
        level="quick",
        seed=1,
        targets=("two", "one"),
        clauses=2,
        host="",
    )
    seen = ChoiceSeen(target="one", choice="no-op", taken={"a": 1})
    over = RunFinished(exit_status=0, seconds=1.0)
    targets = judged(run, started(), ALL, seen, FINISHED, SKIPPED, over)
    assert [target.target for target in targets] == ["two", "one"]
    two, one = targets
    assert two == TargetVerdicts(target="two", verdicts=(), skipped="not here")
    assert one == TargetVerdicts(
        target="one",
        verdicts=(
            ClauseVerdict(ONE.id, Verdict.PASS, 1),
            ClauseVerdict(TWO.id, Verdict.PASS, 2),
        ),
    )


def test_verdicts_are_counted_of_all_clauses_or_of_some() -> None:
    (target,) = judged(started(), ALL, found(ONE.id), FINISHED)
    assert target.count(Verdict.PASS) == target.count(Verdict.FAIL) == 1
    assert target.count(Verdict.ERROR) == 0
    assert target.count(Verdict.PASS, [ONE.id]) == 0
    assert target.count(Verdict.FAIL, [ONE.id]) == 1
    assert target.count(Verdict.PASS, [ONE.id, TWO.id]) == 1
    assert target.count(Verdict.PASS, []) == 0


def test_an_error_of_some_clauses_leaves_the_others_their_verdicts() -> None:
    (told,) = judged(started(), ALL, IN_PART, FINISHED)
    assert [v.verdict for v in told.verdicts] == [Verdict.ERROR, Verdict.PASS]
    assert told.failed is None
    assert exit_status((told,)) is Exit.BROKE
