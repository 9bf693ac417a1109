"""What was recorded is judged by what it shows: histories and failures.

`golden/rejudged.txt` has the records that come of each. To change it on purpose, run
`make golden` and commit the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from golden_blocks import check_block, check_keys
from judged_histories import BLIND, HAVE_A, SIGHTED
from memslot_conformance.findings.failure_file import RecordedFailure, write_failure
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    TargetFailed,
    TargetFinished,
    TargetStarted,
    found_in,
)
from memslot_conformance.run.rejudge import Rejudged, judge_file
from memslot_conformance.run.stream import to_line
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.header import Capabilities, History
from memslot_spec.history.json_kinds import FileError
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.history.views import View
from memslot_spec.history.wire import HistoryError, history_to_json
from memslot_spec.judging.judgement import Finding
from memslot_spec.model.operations import GfnToHva, MemslotId, SetRegion
from memslot_spec.model.replies import Done, FoundHva, FoundId
from memslot_spec.model.values import EMPTY, Gfn, Hva, MemoryRegion, Slot, table_of

REJUDGED = Path(__file__).parent / "golden" / "rejudged.txt"

HEADER = replace(
    BLIND, capabilities=Capabilities(operations=("MemslotId", "SetRegion"))
)

HOLE = (Call(0, MemslotId(3)), Return(0, FoundId(None)))
NAMED = (Call(0, MemslotId(3)), Return(0, FoundId(7)))
END = Finished(0, ())
STRAY = Return(3, Done())
"""A reply that nobody asked for."""

WAYWARD = SetRegion(MemoryRegion(0, 1, 4097, 0x10_0001))
"""Neither its size nor its places are multiples of the page."""

OVERLAPPING: tuple[Event, ...] = (
    *(Call(i, SetRegion(MemoryRegion(i, i << 12, 0x1000, 0))) for i in range(7)),
    Call(9, GfnToHva(5)),
    Return(9, FoundHva(0)),
    *(Return(i, Done()) for i in range(7)),
)
"""Of these updates nobody can say in which of many orders they came."""


def some(*ids: str) -> tuple[AnyClause, ...]:
    return tuple(map(clause_by_id, ids))


ABOUT = some("REQ-1", "REQ-2", "LOOK-7", "SRCU-1")
"""Of these, the last needs points, which none of the histories has."""


@dataclass(frozen=True)
class Recorded:
    """Events as they stand in a file, of which the last characters are missing."""

    events: tuple[Event, ...]
    without: int = 0
    as_failure: bool = False

    def write(self, path: Path) -> History:
        """The history, as it would be without what is missing."""
        history = History(HEADER, self.events)
        path.write_text(history_to_json(history), encoding="utf-8")
        if self.as_failure:
            scenario = Scenario((MemslotId(3),))
            failure = RecordedFailure("t", "linux", "LOOK-7", scenario, (), history)
            write_failure(path, failure)
        whole = path.read_text("utf-8")
        path.write_text(whole[: len(whole) - self.without], encoding="utf-8")
        return history


CASES = {
    "whole": Recorded((*HAVE_A, *HOLE, END)),
    "whole, of a failure": Recorded((*HAVE_A, *HOLE, END), as_failure=True),
    "whole, without a line end": Recorded((*HAVE_A, *HOLE, END), without=1),
    "broken": Recorded((*HAVE_A, *NAMED, END)),
    "broken, of a failure": Recorded((*HAVE_A, *NAMED, END), as_failure=True),
    "broken twice at once": Recorded((Call(0, WAYWARD), Return(0, Done()), END)),
    "broken, then cut": Recorded((*NAMED, END), without=5),
    "cut in a line": Recorded((*HAVE_A, *HOLE, END), without=5),
    "cut in a line, of a failure": Recorded((*HOLE, END), without=5, as_failure=True),
    "without an end": Recorded((*HAVE_A, *HOLE)),
    "without an event": Recorded(()),
    "nothing but an end": Recorded((END,)),
    "undecided": Recorded((*OVERLAPPING, END)),
    "contradicts itself": Recorded((*HAVE_A, STRAY, END)),
    "contradicts itself, broken before": Recorded((*NAMED, STRAY, END)),
    "contradicts itself, cut": Recorded((STRAY, *HOLE), without=5),
}


def judged(path: Path, clauses: tuple[AnyClause, ...] | None = None) -> Rejudged:
    found = judge_file(path, clauses)
    assert isinstance(found, Rejudged)
    return found


def lines(rejudged: Rejudged) -> list[str]:
    """What it says, without the history: each finding has the one that was judged."""
    told = [f"failure {rejudged.is_failure}, by name {rejudged.by_name}"]
    told.append(f"cut: {rejudged.cut or 'no'}")
    for record in rejudged.records:
        if isinstance(record, Found):
            assert record.history is not None
            assert record.history.header == rejudged.header
            assert len(record.history.events) == rejudged.events
            told.append(to_line(replace(record, history=None)))
        else:
            told.append(to_line(record))
    return told


@pytest.mark.parametrize("case", CASES)
def test_what_comes_of_a_history_is_pinned(
    tmp_path: Path, case: str, *, write_golden: bool
) -> None:
    path = tmp_path / "h.ndjson"
    CASES[case].write(path)
    text = "\n".join(lines(judged(path, ABOUT)))
    check_block(REJUDGED, case, text, write=write_golden)


def test_what_is_pinned_is_of_these_histories(*, write_golden: bool) -> None:
    check_keys(REJUDGED, CASES, write=write_golden)


@pytest.mark.parametrize("as_failure", [False, True])
def test_the_history_that_is_judged_is_the_one_in_the_file(
    tmp_path: Path, *, as_failure: bool
) -> None:
    path = tmp_path / "h.ndjson"
    history = Recorded((*HAVE_A, *NAMED, END), as_failure=as_failure).write(path)
    assert history_of(judged(path)) == history
    cut = Recorded((*HAVE_A, *NAMED, END), without=5, as_failure=as_failure)
    assert history_of(judged(path)).events == cut.write(path).events
    assert history_of(judged(path)).events == history.events[:-1]


def history_of(rejudged: Rejudged) -> History:
    """The history of what was found in it."""
    (history,) = {
        record.history for record in rejudged.records if isinstance(record, Found)
    }
    assert history is not None
    return history


def test_a_history_is_read_to_its_end_after_what_was_found(tmp_path: Path) -> None:
    path = tmp_path / "h.ndjson"
    Recorded((*HAVE_A, *NAMED, END)).write(path)
    with path.open("a", encoding="utf-8") as file:
        file.write("{}\n")
    with pytest.raises(HistoryError, match=r"h.ndjson:\d+: expected"):
        judge_file(path)


def test_without_a_choice_a_history_is_judged_by_every_clause(tmp_path: Path) -> None:
    path = tmp_path / "h.ndjson"
    history = Recorded((*HAVE_A, *NAMED, END)).write(path)
    by_all = judged(path)
    assert by_all.clauses == CLAUSES
    assert not by_all.by_name
    started, found, done, finished = by_all.records
    assert isinstance(started, TargetStarted)
    assert isinstance(done, LayerDone)
    assert "SRCU-1" in started.not_applicable
    assert "LOOK-7" not in started.not_applicable
    assert all(started.not_applicable.values())
    assert not started.not_applicable.keys() & done.reached.keys()
    assert done.reached["LOOK-7"] == 1
    assert 0 not in done.reached.values()
    finding = Finding("LOOK-7", 3, "no slot id", "slot id 7")
    assert found == found_in(finding, history)
    assert finished == TargetFinished(target=HEADER.target, seconds=0.0)
    by_name = judged(path, some("REQ-1"))
    assert by_name.by_name
    assert by_name.clauses == some("REQ-1")
    assert Found not in map(type, by_name.records)


def test_a_contradiction_is_an_error_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "h.ndjson"
    CASES["contradicts itself"].write(path)
    (failed,) = (r for r in judged(path).records if isinstance(r, TargetFailed))
    assert failed == TargetFailed(
        target=HEADER.target,
        what="its history contradicts itself: thread 3 returned without a call",
        last=f"step {len(HAVE_A) + 2} of the history, or before",
    )


def test_a_contradiction_names_the_clauses_that_have_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "h.ndjson"
    region = MemoryRegion(0, 0x1000, 0x1000, 0)
    slot = Slot(0, Gfn(1), 1, Hva(0))
    events = (
        Call(0, SetRegion(region)),
        TablePublished(0, 1, table_of(slot)),
        Return(0, Done()),
        Observed(0, View(table=EMPTY)),
        END,
    )
    path.write_text(history_to_json(History(SIGHTED, events)), encoding="utf-8")
    rejudged = judge_file(path, some("LOOK-7", "PROG-1"))
    assert isinstance(rejudged, Rejudged)
    (failed,) = [r for r in rejudged.records if isinstance(r, TargetFailed)]
    assert failed.clauses == ("LOOK-7",)


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\n")


def no_text_later(path: Path) -> None:
    path.write_bytes(history_to_json(History(HEADER, HOLE)).encode() + b"\xff\n")


def empty(path: Path) -> None:
    path.touch()


def header_cut(path: Path) -> None:
    path.write_text(history_to_json(History(HEADER, ()))[:-9], encoding="utf-8")


def wrong_event_of_a_failure(path: Path) -> None:
    Recorded((*HAVE_A, END), as_failure=True).write(path)
    head, header, first, *_ = path.read_text("utf-8").splitlines()
    path.write_text(f"{head}\n{header}\n{first}\n{{}}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (no_text, ":1: expected text in UTF-8, got invalid start byte"),
        (no_text_later, ":4: expected text in UTF-8, got invalid start byte"),
        (empty, ": expected a header line, got an empty file"),
        (header_cut, ":1: the file ends in the middle of its header"),
        (wrong_event_of_a_failure, ":4: expected an object with the key 'e', got {}"),
    ],
)
def test_what_is_no_history_is_refused_by_its_place(
    tmp_path: Path, write: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "h.ndjson"
    write(path)
    with pytest.raises(FileError) as refusal:
        judge_file(path)
    assert str(refusal.value) == f"{path}{said}"
