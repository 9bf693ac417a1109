"""What becomes of a finding: its record, its file, and what if there is no file."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.findings.collect import REPLAYS, SHRINK_SECONDS, Findings
from memslot_conformance.findings.failure_file import read_failure
from memslot_conformance.findings.records import Found, Record, latest
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import replay
from memslot_conformance.play.played import Played
from memslot_conformance.report.failure import render_failure
from memslot_conformance.run.stream import from_line, to_line
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.judging.judgement import Finding
from memslot_spec.model.operations import MemslotId, MmuPages, SetRegion, TssBase
from memslot_spec.model.replies import FoundId
from memslot_spec.model.values import MemoryRegion

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
    (record,) = latest(sent)
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


LONG = Scenario((*(TssBase(), MmuPages()) * 20, MemslotId(0x1234)))
"""The same after forty operations, in a hole that is not the lowest."""


def sent_of(
    target: Target, folder: Path | None, ceiling: Budget | None = None
) -> tuple[list[Record], Findings]:
    """The records that are sent of a long play, and who sends them."""
    sent: list[Record] = []
    trial = Trial(target.header, CLAUSES)
    collected = Findings(
        target, trial, sent.append, folder, ceiling=ceiling or Budget()
    )
    played = replay(PATCH.make, LONG, ())
    found = trial.try_play(played, LONG)
    with suppress(KeyboardInterrupt):
        collected.take(found, played, LONG, "sequential")
    return sent, collected


def test_a_finding_is_sent_as_it_was_met_and_again_when_it_is_small(
    tmp_path: Path,
) -> None:
    first, last = sent_of(PATCH, tmp_path)[0]
    assert isinstance(first, Found)
    assert isinstance(last, Found)
    assert (first.operations, first.replaces) == (LONG.operations, False)
    assert (last.operations, last.replaces) == (1, True)
    assert latest([first, last]) == (last,)
    assert first.seconds == last.seconds
    kept = read_failure(Path(last.file or ""))
    assert first.file == last.file
    assert kept.scenario == Scenario((MemslotId(0),))


@pytest.fixture
def interrupts() -> Iterator[None]:
    """SIGINT is the user's, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_what_kills_a_run_while_it_shrinks_loses_nothing(tmp_path: Path) -> None:
    made = 0

    def dies(hook: Hook) -> AnyImplementation:
        nonlocal made
        made += 1
        if made == 3:
            raise KeyboardInterrupt
        return PATCH.make(hook)

    (only,) = sent_of(replace(PATCH, make=dies), tmp_path)[0]
    assert isinstance(only, Found)
    assert only.operations == LONG.operations
    assert read_failure(Path(only.file or "")).scenario == LONG
    assert latest([only]) == (only,)


def test_a_finding_that_does_not_come_again_is_told_as_it_was_met() -> None:
    reference = resolve("reference", "v2.6.34")
    met, only = sent_of(replace(PATCH, make=reference.make), None)[0]
    assert isinstance(only, Found)
    assert only.operations == LONG.operations
    assert (only.came_again, only.replays) == (0, REPLAYS)
    assert latest([met, only]) == (only,)


def test_what_the_law_leaves_one_answer_for_is_told_with_how_often_it_came() -> None:
    """Every third VM names a slot in a hole: nothing is stepped, and nothing raced."""
    wrong, right = PATCH.make, resolve("reference", "v2.6.34").make
    made = count()

    def make(hook: Hook) -> AnyImplementation:
        return (right if next(made) % 3 else wrong)(hook)

    records = sent_of(replace(PATCH, make=make), None)[0]
    (only,) = latest(records)
    assert isinstance(only, Found)
    assert 0 < only.came_again < only.replays == REPLAYS
    again = f"it came again in {only.came_again} of {only.replays} replays"
    assert again in " ".join(render_failure(only).split())


def test_when_the_time_is_long_over_nothing_is_made_small() -> None:
    over = Budget(seconds=-2 * SHRINK_SECONDS, clock=lambda: 0.0)
    assert len(sent_of(PATCH, None, over)[0]) == 1
    just = Budget(seconds=0.0, clock=lambda: 0.0)
    assert len(sent_of(PATCH, None, just)[0]) == 2


def test_what_the_small_one_breaks_as_well_is_of_one_cause() -> None:
    target = resolve("patch", "v2.6.34")
    sent: list[Record] = []
    trial = Trial(target.header, CLAUSES)
    collected = Findings(target, trial, sent.append, None)
    move = Scenario(
        (
            SetRegion(MemoryRegion(0, 0x10000, 0x4000, 0x100000)),
            SetRegion(MemoryRegion(0, 0x40000, 0x4000, 0x100000)),
        )
    )
    played = replay(target.make, move, ())
    collected.take(trial.try_play(played, move), played, move, "fixed")
    played = replay(target.make, LONG, ())
    collected.take(trial.try_play(played, LONG), played, LONG, "fixed")
    found = [record for record in latest(sent) if isinstance(record, Found)]
    assert [(f.clause, f.cause) for f in found] == [
        ("MOVE-1", None),
        ("MOVE-4", "MOVE-1"),
        ("LOOK-7", None),
    ]


def test_the_last_of_two_records_stands_where_the_first_one_stood() -> None:
    first, last = sent_of(PATCH, None)[0]
    assert isinstance(last, Found)
    other = replace(last, clause="REQ-1", replaces=False)
    elsewhere = replace(last, target="another", replaces=True)
    told = [first, other, elsewhere, last]
    assert latest(told) == (last, other, elsewhere)
    # Two findings of one clause, as a recorded history may have them, both stand.
    assert latest([other, other]) == (other, other)
