"""Hostile programs: each ends as what it is, and costs nobody else a verdict.

Nothing that one sends is evaluated, unpickled, or put on the terminal as it is.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

import hostile_programs
from command_line import go_into, memslots
from hostile_ends import BROKEN, ENDS, SOUND
from memslot_conformance.run.stream import read_stream

PROGRAM = f"{sys.executable} -S -E {hostile_programs.__file__}"

QUICK = ("exits", "escapes in a text")
"""Those that `make test` judges too; `make hostile` judges all."""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def words_of(output: str) -> str:
    return " ".join(output.split())


def is_clean(output: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in output)


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("way", ENDS)
def test_smoke_says_what_a_hostile_program_did(way: str) -> None:
    status, said = ENDS[way]
    result = memslots("smoke", f"cmd:{PROGRAM} '{way}' once")
    assert result.exit_code == status, result.output
    assert said in words_of(result.output)
    assert is_clean(result.output)
    assert not Path(hostile_programs.TOUCHED).exists()
    if status == BROKEN and way in hostile_programs.WAYS:
        assert '"do": "' in result.output, "what was last asked"


def test_every_hostile_program_is_tried() -> None:
    assert set(ENDS) == {*hostile_programs.WAYS, *hostile_programs.GREETINGS}


def test_a_child_that_is_left_behind_does_not_outlive_the_worker() -> None:
    memslots("smoke", f"cmd:{PROGRAM} 'leaves a child' once")
    assert is_gone(int(Path(hostile_programs.PID).read_text("utf-8")))


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(way, marks=() if way in QUICK else pytest.mark.hostile)
        for way in ENDS
    ],
)
def test_check_judges_the_others_beside_a_hostile_program(way: str) -> None:
    """It turns on the suite in the middle, and another target beside it is sound."""
    hostile, other = f"cmd:{PROGRAM} '{way}'", f"cmd:{PROGRAM} sound"
    asked = ("--max-time", "3", "--seed", "1", "--report-dir", "r")
    result = memslots("check", hostile, other, *asked)
    assert is_clean(result.output)
    assert is_clean(Path("r/report.ndjson").read_text("utf-8"))
    assert not Path(hostile_programs.TOUCHED).exists()
    stream = read_stream(Path("r/report.ndjson"))
    assert stream.complete
    assert f"{other}  " in result.output
    if ENDS[way][0] == SOUND:
        assert result.exit_code != BROKEN, result.output
    else:
        assert result.exit_code == BROKEN, result.output
        assert "ERROR" in result.output
