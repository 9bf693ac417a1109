"""What was recorded of a whole run is read again with the clauses that it was about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from judged_histories import BLIND
from memslot_conformance.findings.records import (
    LayerDone,
    Record,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetStarted,
    found_in,
)
from memslot_conformance.run.rejudge import Reread, judge_file
from memslot_conformance.run.stream import StreamError, StreamWriter
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import Capabilities, History
from memslot_spec.judging.judgement import Finding
from memslot_spec.model.operations import MemslotId
from memslot_spec.model.replies import FoundId

HEADER = replace(
    BLIND, capabilities=Capabilities(operations=("MemslotId", "SetRegion"))
)

NAMED = (Call(0, MemslotId(3)), Return(0, FoundId(7)))
END = Finished(0, ())


def some(*ids: str) -> tuple[AnyClause, ...]:
    return tuple(map(clause_by_id, ids))


ABOUT = some("REQ-1", "REQ-2", "LOOK-7", "SRCU-1")
"""What the records are about, each by one of them."""

STARTED = RunStarted(
    version="0.1.0",
    started="2026-11-22T12:00:00+00:00",
    level="quick",
    seed=7,
    targets=("t",),
    clauses=4,
    host="Linux",
)
OF_ALL = replace(STARTED, clauses=len(CLAUSES))
UP = TargetStarted(
    target="t",
    profile="linux",
    description="",
    interleaving="none",
    operations=(),
    not_applicable={"SRCU-1": "it has no points"},
)
LAYER = LayerDone(
    target="t",
    layer="fixed",
    scenarios=1,
    schedules=1,
    steps=1,
    seconds=1.0,
    covered="",
    reached={"REQ-2": 1, "REQ-1": 3},
)
FOUND = found_in(Finding("LOOK-7", 1, "a", "b"), History(HEADER, (*NAMED, END)))
DONE = TargetFinished(target="t", seconds=1.0)
OVER = RunFinished(exit_status=0, seconds=2.0)


def written(path: Path, *records: Record) -> Path:
    with StreamWriter(path) as stream:
        for record in records:
            stream.write(record)
    return path


@pytest.mark.parametrize(
    ("records", "clauses"),
    [
        ((STARTED, UP, LAYER, FOUND, DONE, OVER), ABOUT),
        ((STARTED, UP, DONE, OVER), some("SRCU-1")),
        ((STARTED, LAYER, DONE, OVER), some("REQ-1", "REQ-2")),
        ((STARTED, FOUND, DONE, OVER), some("LOOK-7")),
        ((OF_ALL, LAYER, DONE, OVER), CLAUSES),
        ((STARTED, DONE, OVER), CLAUSES),
    ],
)
def test_a_report_is_read_again_with_the_clauses_that_it_was_about(
    tmp_path: Path, records: tuple[Record, ...], clauses: tuple[AnyClause, ...]
) -> None:
    path = written(tmp_path / "report.ndjson", *records)
    problem = None if records[-1] == OVER else "it ends before the run did"
    assert judge_file(path) == Reread(records, clauses, problem)
    asked = some("SRCU-8")
    assert judge_file(path, asked) == Reread(records, asked, problem)


def test_a_report_that_cannot_be_read_is_refused_as_a_report(tmp_path: Path) -> None:
    path = written(tmp_path / "report.ndjson", STARTED)
    path.write_text(path.read_text("utf-8") + "[]\n", encoding="utf-8")
    with pytest.raises(StreamError, match=":2: expected an object"):
        judge_file(path)
