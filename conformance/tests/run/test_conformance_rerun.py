"""A failure that is run again: what came of it, and what of it is shown.

`golden/rerun.txt` has what came of each. To change it on purpose, run `make golden`
and commit the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from golden_blocks import check_block, check_keys
from memslot_conformance.findings.failure_file import (
    RecordedFailure,
    read_failure,
    write_failure,
)
from memslot_conformance.play.explore import replay
from memslot_conformance.run import rejudge
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.rejudge import Rerun, replay_file
from memslot_conformance.scenarios.scenario import Run, Scenario, Schedule
from memslot_conformance.targets.probe import (
    NoSuchTargetError,
    NotHereError,
    TargetBrokenError,
)
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.header import History
from memslot_spec.history.wire import HistoryError
from memslot_spec.model.operations import MemslotId, SetRegion
from memslot_spec.model.values import MemoryRegion

RERUN = Path(__file__).parent / "golden" / "rerun.txt"

HOLE = MemslotId(3)
WAYWARD = SetRegion(MemoryRegion(0, 1, 4097, 0x10_0001))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))

NOBODY = (Run(0, 1),)
"""A schedule that nobody can follow: this thread is in no race."""

PLAIN = "py:odd_adapters:Plain"
RAISES = "py:odd_adapters:RaisesOnDelete"
NAMES = "py:odd_adapters:NamesThenRaises"


@dataclass(frozen=True)
class Recorded:
    """A failure as it was recorded on one target, and is to be run on another.

    The recorded history is that of `before`, the operations that were asked then.
    """

    target: str
    clause: str
    asked: tuple[MemslotId | SetRegion, ...]
    recorded_on: str
    before: tuple[MemslotId | SetRegion, ...] = ()
    schedule: Schedule = ()
    is_blind: bool = False

    def write(self, path: Path) -> RecordedFailure:
        """Record it, and write it to this file."""
        target = resolve(self.recorded_on, "v2.6.34")
        played = replay(target.make, Scenario(self.before or self.asked), ())
        failure = RecordedFailure(
            self.target,
            "v2.6.34",
            self.clause,
            Scenario(self.asked),
            self.schedule,
            History(target.header, played.events),
            self.is_blind,
        )
        write_failure(path, failure)
        return failure


CASES = {
    "the same": Recorded("patch", "LOOK-7", (HOLE,), "patch"),
    "the same, of two": Recorded(PLAIN, "REQ-2", (WAYWARD,), PLAIN),
    "the same, before it raises": Recorded(NAMES, "LOOK-7", (HOLE, DELETE), NAMES),
    "the same, though not followed": Recorded(
        "patch", "LOOK-7", (HOLE,), "patch", schedule=NOBODY
    ),
    "at another step": Recorded(
        "patch", "LOOK-7", (HOLE,), "patch", before=(DELETE, HOLE)
    ),
    "recorded without it": Recorded("patch", "LOOK-7", (HOLE,), "reference"),
    "another": Recorded("patch", "REQ-1", (HOLE,), "patch"),
    "another, before it raises": Recorded(NAMES, "REQ-1", (HOLE, DELETE), NAMES),
    "another, and not followed": Recorded(
        "patch", "REQ-1", (HOLE,), "patch", schedule=NOBODY
    ),
    "held": Recorded("reference", "LOOK-7", (HOLE,), "patch"),
    "not followed": Recorded("reference", "LOOK-7", (HOLE,), "patch", schedule=NOBODY),
    "it raises": Recorded(RAISES, "LOOK-7", (DELETE,), "patch"),
    "not followed, and it raises": Recorded(
        RAISES, "LOOK-7", (DELETE,), "patch", schedule=NOBODY
    ),
}


def text(rerun: Rerun) -> str:
    """What came of it, without its history."""
    found = rerun.finding
    where = "" if found is None else f"{found.clause} at step {found.step}: "
    what = "" if found is None else f"expected {found.expected}, got {found.observed}"
    return (
        f"outcome:  {rerun.outcome.name}, {rerun.outcome.value}\n"
        f"status:   {rerun.status.name}\n"
        f"finding:  {where}{what or 'none'}\n"
        f"diverged: {rerun.diverged or 'no'}"
    )


@pytest.mark.parametrize("case", CASES)
def test_what_comes_of_a_failure_is_pinned(
    tmp_path: Path, case: str, *, write_golden: bool
) -> None:
    path = tmp_path / "f.ndjson"
    CASES[case].write(path)
    check_block(RERUN, case, text(replay_file(path)), write=write_golden)


def test_what_is_pinned_is_of_these_failures(*, write_golden: bool) -> None:
    check_keys(RERUN, CASES, write=write_golden)


def test_a_rerun_has_the_failure_and_the_history_that_it_left(tmp_path: Path) -> None:
    path = tmp_path / "f.ndjson"
    failure = CASES["held"].write(path)
    rerun = replay_file(path)
    assert rerun.failure == failure == read_failure(path)
    reference = resolve("reference", "v2.6.34")
    played = replay(reference.make, failure.scenario, ())
    assert rerun.history == History(reference.header, played.events)
    assert rerun.status is Exit.BROKE


def test_a_target_that_dies_is_said_to_have_died_in_the_replay(tmp_path: Path) -> None:
    path = tmp_path / "f.ndjson"
    Recorded("py:odd_adapters:dies_at_2", "LOOK-7", (HOLE,), "patch").write(path)
    with pytest.raises(TargetBrokenError) as death:
        replay_file(path)
    assert death.value.broken.last == f"replaying {path}"


def test_a_target_that_hangs_is_ended_after_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.ndjson"
    Recorded("py:odd_adapters:hangs", "LOOK-7", (HOLE,), "patch").write(path)
    assert rejudge.REPLAY_SECONDS == 60
    monkeypatch.setattr(rejudge, "REPLAY_SECONDS", 0.125)
    with pytest.raises(TargetBrokenError) as hung:
        replay_file(path)
    assert hung.value.broken.what == "did not finish within 0.125 seconds"


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("nobody", NoSuchTargetError),
        ("py:odd_adapters:Nobody", NoSuchTargetError),
        ("py:odd_adapters:not_here", NotHereError),
    ],
)
def test_a_failure_of_no_target_is_refused(
    tmp_path: Path, target: str, error: type[Exception]
) -> None:
    path = tmp_path / "f.ndjson"
    Recorded(target, "LOOK-7", (HOLE,), "patch").write(path)
    with pytest.raises(error):
        replay_file(path)


def test_what_is_no_failure_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.ndjson"
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(HistoryError, match=":1: expected the head of a failure file"):
        replay_file(path)
