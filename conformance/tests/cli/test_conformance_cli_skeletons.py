"""The skeleton in Python is sound at once, and `smoke` names the turn that is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import odd_turns
from command_line import go_into, memslots

WAIT = 'self.hook.wait(lambda: not self.readers, "the readers")'


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "my_adapter", raising=False)


def test_an_adapter_in_python_is_stepped_and_sound_at_once() -> None:
    written = memslots("new-adapter", "python", ".")
    assert written.exit_code == 0, written.output
    text = Path("my_adapter.py").read_text("utf-8")
    assert len(text.splitlines()) < 100
    assert all(f"TO DO {number}" in text for number in (1, 2, 3))
    result = memslots("smoke", "py:my_adapter:Adapter")
    assert result.exit_code == 0, result.output
    assert "not checked" not in result.output
    assert "no operation comes to" not in result.output


def test_a_race_planted_in_it_is_found_and_replayed() -> None:
    memslots("new-adapter", "python", ".")
    file = Path("my_adapter.py")
    text = file.read_text("utf-8")
    assert WAIT in text
    file.write_text(text.replace(WAIT, "pass"), "utf-8")
    asked = ("--scenarios", "300", "--seed", "1", "-x", "--report-dir", "r")
    result = memslots("check", "py:my_adapter:Adapter", *asked)
    assert result.exit_code == 1, result.output
    (kept,) = Path("r/failures").glob("*.ndjson")
    assert memslots("replay", str(kept)).exit_code == 1


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("another thread", "turn.thread: expected thread 1, whose turn it is, got 2"),
        ("runs over a stop", "expected a turn that ends at each of its stops"),
        ("no turn", "no turn was told of, and thread 1 could take one"),
    ],
)
def test_smoke_says_what_is_wrong_with_a_gate(way: str, said: str) -> None:
    program = f"cmd:{sys.executable} -S -E {odd_turns.__file__} '{way}'"
    result = memslots("smoke", program)
    assert result.exit_code == 3, result.output
    assert said in " ".join(result.output.split())
    assert "the adapter is broken" in result.output
