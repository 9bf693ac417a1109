"""An error of the operating system is status 3 in one line, and never a verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import History
from memslot_spec.history.wire import history_to_json
from memslot_spec.model.operations import MemslotId
from memslot_spec.model.replies import FoundId

PATHS = os.pathsep.join(path for path in sys.path if Path(path).is_absolute())


def shell(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    """Run this in a shell, where `memslots` is the command line."""
    command = f'memslots() {{ "{sys.executable}" -m memslots "$@"; }}; {words}'
    return subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        check=False,
    )


def write_history(folder: Path) -> None:
    """One that breaks LOOK-7."""
    header = resolve("patch").header
    events = (Call(0, MemslotId(3)), Return(0, FoundId(-1)), Finished(0, ()))
    text = history_to_json(History(header, events))
    (folder / "h.ndjson").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ulimit -n 5; memslots smoke reference", "Too many open files"),
        ("memslots judge h.ndjson >/dev/full", "No space left on device"),
        ("memslots schema report >/dev/full", "No space left on device"),
        ("memslots --help >/dev/full", "No space left on device"),
        ("memslots clauses --json | sleep 0; exit ${PIPESTATUS[0]}", "nobody reads"),
        ("memslots --help | sleep 0; exit ${PIPESTATUS[0]}", "nobody reads what it"),
        ("memslots judge h.ndjson >&-", "standard output is closed"),
        ("memslots check reference >&-", "standard output is closed"),
    ],
)
def test_what_cannot_be_said_is_no_verdict(
    tmp_path: Path, words: str, said: str
) -> None:
    write_history(tmp_path)
    ended = shell(tmp_path, words)
    assert ended.returncode == 3, ended
    (line,) = ended.stderr.splitlines()
    assert line.startswith("exit 3   ")
    assert said in line


def test_a_command_without_an_error_stream_ends_as_is_due(tmp_path: Path) -> None:
    write_history(tmp_path)
    ended = shell(tmp_path, "memslots judge h.ndjson 2>&-")
    assert ended.returncode == 1, ended
    assert "FAIL LOOK-7" in ended.stdout


KEEPS_ALL = "py:odd_adapters:KeepsAll --clauses REQ-14 --layers fixed"
"""What breaks its clause at once, and has no races that take their time."""


def test_what_was_found_is_told_where_the_report_cannot_be_written(
    tmp_path: Path,
) -> None:
    ended = shell(tmp_path, f"ulimit -f 4; memslots check {KEEPS_ALL} --seed 1")
    assert ended.returncode == 1, ended
    assert "FAIL REQ-14" in ended.stdout
    assert "INCOMPLETE  the run stopped: [Errno 27] File too large" in ended.stdout
    assert "Traceback" not in ended.stderr
