"""What becomes of a finding: its record, its file, and what if there is no file."""

from __future__ import annotations

from pathlib import Path

from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.failure_file import read_failure
from memslot_conformance.findings.records import Found, Record
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.explore import replay
from memslot_conformance.play.played import Played
from memslot_conformance.run.stream import from_line, to_line
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.judging.judge import Finding
from memslot_spec.model.operations import MemslotId
from memslot_spec.model.replies import FoundId

PATCH = resolve("patch", "v2.6.34")
LOOKUP = Scenario((MemslotId(0),))
"""A lookup in a hole, which the patch answers wrongly (LOOK-7)."""


def taken(
    folder: Path | None, played: Played, findings: tuple[Finding, ...] | None = None
) -> Found:
    """The one record that is sent of a play."""
    sent: list[Record] = []
    trial = Trial(PATCH.header, CLAUSES)
    collected = Findings(PATCH, trial, sent.append, folder)
    found = findings or trial.try_play(played, LOOKUP)
    collected.take(found, played, LOOKUP, "fixed")
    collected.take(found, played, LOOKUP, "sampled")
    assert collected.seen == {finding.clause: 2 for finding in found}
    (record,) = sent
    assert isinstance(record, Found)
    return record


def test_a_finding_carries_what_there_is_to_show_of_it(tmp_path: Path) -> None:
    played = replay(PATCH.make, LOOKUP, ())
    record = taken(tmp_path / "failures", played)
    assert (record.clause, record.layer, record.target) == ("LOOK-7", "fixed", "patch")
    assert (record.updates, record.readers, record.operations) == (0, 1, 1)
    assert record.history is not None
    assert record.history.header == PATCH.header
    assert record.history.events == played.events
    assert played.events[record.step] == Return(0, FoundId(-1))
    assert record.unkept is None
    kept = read_failure(Path(record.file or ""))
    assert (kept.history, kept.schedule) == (record.history, record.schedule)


def test_where_nobody_wants_files_there_is_nothing_to_say_of_them() -> None:
    record = taken(None, replay(PATCH.make, LOOKUP, ()))
    assert (record.file, record.unkept) == (None, None)
    assert record.history is not None


def test_a_file_that_cannot_be_written_leaves_the_finding(tmp_path: Path) -> None:
    folder = tmp_path / "failures"
    folder.write_text("a file in the place of the folder", encoding="utf-8")
    record = taken(folder, replay(PATCH.make, LOOKUP, ()))
    assert record.file is None
    assert "File exists" in (record.unkept or "")
    assert record.history is not None
    assert from_line(to_line(record), "here") == record


def test_a_disk_that_is_full_leaves_the_finding_and_no_part_of_a_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "patch-LOOK-7.part").symlink_to("/dev/full")
    record = taken(tmp_path, replay(PATCH.make, LOOKUP, ()))
    assert record.file is None
    assert record.unkept == "[Errno 28] No space left on device"
    assert not list(tmp_path.iterdir())


def test_a_history_that_no_json_can_tell_leaves_the_finding(tmp_path: Path) -> None:
    # A stranger may announce a point with whatever it likes in it.
    played = Played(
        (
            Call(0, MemslotId(3)),
            TableLoaded(0, table=True),
            Return(0, FoundId(-1)),
            Finished(0, ()),
        )
    )
    record = taken(tmp_path, played, (Finding("REQ-1", 2, "a", "b"),))
    assert record.history is None
    assert record.file is None
    assert record.unkept == "field table: expected an integer, got true"
    assert not list(tmp_path.iterdir())
    assert from_line(to_line(record), "here") == record
