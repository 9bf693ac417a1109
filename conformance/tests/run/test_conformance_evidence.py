"""Evidence: what a run shows of each clause, and what of it is said where."""

from __future__ import annotations

import pytest

from evidence_records import IDS, PROVED, RUN, UNPROVED, WANTED, layer, started
from memslot_conformance.findings.records import LayerDone, Record
from memslot_conformance.report.evidence import (
    NO_CONTRACT,
    bound_words,
    confirmed_words,
    marks_of,
    rows,
    summary,
    unseen_words,
)
from memslot_conformance.report.rendering import rendered
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.evidence import (
    Bound,
    OnKernel,
    Sampled,
    Unseen,
    evidence_of,
    unseen,
)
from memslot_conformance.run.stream import from_line, to_line
from memslot_spec.proofs import rests_on


def test_the_greatest_bound_is_told_for_each_number_of_threads() -> None:
    proved, unproved = evidence_of(RUN, IDS)["one"]
    assert proved.bounds == (Bound(2, 3, 2, 2, 30, 7), Bound(1, 0, 9, 2, 30, 1))
    assert unproved.bounds == (Bound(3, 1, 3, 2, 30, 1), Bound(2, 3, 2, 2, 30, 30))


def test_what_no_bound_holds_is_sampled() -> None:
    proved, unproved = evidence_of(RUN, IDS)["one"]
    assert proved.sampled == Sampled(150 - 120, 1500 - 1200, 43 - 17)
    assert unproved.sampled is None


def test_the_running_kernel_is_named_with_its_requests() -> None:
    records = (started("one", "6.1.2"), layer("sequential", 5, {PROVED: 4}))
    proved, unproved = evidence_of(records, IDS)["one"]
    assert proved.kernel == OnKernel("6.1.2", 50, 8)
    assert proved.sampled is None
    assert unproved.kernel is None
    assert (proved.marks, unproved.marks) == ("C--K", "----")


def test_proofs_are_told_without_a_run() -> None:
    assert rests_on(PROVED)
    assert "ranges.wraps: 2 conditions confirmed" in confirmed_words(PROVED)[0]
    assert confirmed_words(UNPROVED) == [NO_CONTRACT]
    assert marks_of(None, PROVED) == "C"
    assert marks_of(None, UNPROVED) == "-"


def test_marks_are_of_all_targets_together() -> None:
    found = evidence_of(RUN, IDS)
    assert marks_of(found, PROVED) == "CBS-"
    assert marks_of(found, UNPROVED) == "-B--"
    assert marks_of(found, "PROG-1") == "----"


def test_a_clause_that_does_not_apply_has_no_evidence() -> None:
    assert [e.clause for e in evidence_of(RUN, IDS)["one"]] == [PROVED, UNPROVED]


def test_a_bound_says_its_whole_size() -> None:
    words = bound_words(Bound(3, 1, 4, 2, 1234, 56))
    assert words == (
        "every schedule of 3 threads, 4 operations, at most 1 preemption (2 races): "
        "premise in 56 of 1,234"
    )


def test_a_target_is_told_in_a_line_or_clause_by_clause() -> None:
    evidence = evidence_of(RUN, IDS)["one"]
    assert (
        summary(evidence) == "bounded 2 (1 with 3 threads, 1 with 2 threads), sampled 1"
    )
    head, first, second = rendered([rows(evidence)])
    assert head.split()[:2] == ["clause", "marks"]
    assert first.split() == f"{PROVED} CBS- 2, 2, 3 in 7; 1, 9, 0 in 1 26".split()
    assert second.split() == f"{UNPROVED} -B-- 3, 3, 1 in 1; 2, 2, 3 in 30 -".split()


def test_what_is_allowed_and_was_not_seen_is_told() -> None:
    found = unseen(RUN)
    assert found == {
        "one": (
            Unseen("no-op", ("b", "c"), met=True),
            Unseen("grace", ("a", "b"), met=False),
        )
    }
    assert unseen_words(found["one"]) == "no-op: b | c; never met: grace"


def test_the_report_shows_evidence_in_short_and_in_full() -> None:
    short, _ = report(RUN, WANTED, Look())
    full, _ = report(RUN, WANTED, Look(verbose=True))
    assert "  one  bounded 2 (1 with 3 threads, 1 with 2 threads), sampled 1" in short
    assert "  every target  1 of 3 rest on functions" in short
    assert "allowed, unseen\n  one  no-op: b | c; never met: grace" in short
    assert "CBS-" not in short
    assert f"    {PROVED}  " in full


OLD_LAYER = (
    '{"record": "LayerDone", "target": "one", "layer": "fixed", "scenarios": 1, '
    '"schedules": 1, "steps": 1, "seconds": 1.0, "covered": "", '
    '"reached": {"REQ-4": 3}, "cut": null}'
)


def test_an_older_stream_is_read_and_has_no_evidence() -> None:
    record = from_line(OLD_LAYER, "here")
    assert isinstance(record, LayerDone)
    assert record.histories == {}
    assert evidence_of((record,), IDS) == {}
    text, _ = report((record,), WANTED, Look())
    assert "evidence" not in text
    assert "allowed, unseen" not in text


@pytest.mark.parametrize("record", RUN, ids=lambda r: type(r).__name__)
def test_records_of_evidence_come_back_from_the_stream(record: Record) -> None:
    assert from_line(to_line(record), "here") == record
