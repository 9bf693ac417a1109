"""A program from its first file to a finding that is replayed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import odd_programs
from command_line import go_into, memslots

PYTHON = f"{sys.executable} -S -E"
OVERLAP = '            return "EEXIST"\n'


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def test_an_adapter_to_begin_with_is_sound_at_once() -> None:
    written = memslots("new-adapter", "stdio", "mine")
    assert written.exit_code == 0, written.output
    assert "memslots smoke 'cmd:python3 stdio_adapter.py'" in written.output
    result = memslots("smoke", f"cmd:{PYTHON} mine/stdio_adapter.py")
    assert result.exit_code == 0, result.output
    assert "TO DO" in Path("mine/stdio_adapter.py").read_text("utf-8")
    again = memslots("new-adapter", "stdio", "mine")
    assert again.exit_code == 2
    assert "already" in again.output


@pytest.mark.parametrize("what", ["requests", "answers"])
def test_the_schema_of_what_is_spoken_is_printed(what: str) -> None:
    result = memslots("schema", what)
    assert result.exit_code == 0
    head = json.loads(result.output)["prefixItems"][0]
    assert head["properties"]["memslots_lines"] == {"const": 2}


def test_smoke_tells_a_broken_program_and_its_line() -> None:
    way = "a negative slot"
    result = memslots("smoke", f"cmd:{PYTHON} {odd_programs.__file__} '{way}'")
    assert result.exit_code == 3
    assert "the adapter is broken" in result.output
    words = " ".join(result.output.split())
    assert "of its standard output: answer" in words
    assert "npages: expected 0..2**64-1, got -3" in words


def test_smoke_tells_a_program_that_does_not_greet() -> None:
    command = f"cmd:{PYTHON} {odd_programs.__file__} 'another version'"
    result = memslots("smoke", command)
    assert result.exit_code == 3
    assert "expected a version from 1 to 2, got 3" in " ".join(result.output.split())


def test_a_wrong_implementation_is_found_made_small_and_replayed() -> None:
    memslots("new-adapter", "stdio", ".")
    file = Path("stdio_adapter.py")
    text = file.read_text("utf-8")
    assert OVERLAP in text
    file.write_text(text.replace(OVERLAP, "            pass\n"), "utf-8")
    target = f"cmd:{PYTHON} stdio_adapter.py"
    result = memslots("check", target, "--max-time", "60", "--seed", "1", "-x")
    assert result.exit_code == 1, result.output
    kept = sorted(Path("memslots-report").glob("*/failures/*.ndjson"))
    assert kept, result.output
    head = json.loads(kept[0].read_text("utf-8").splitlines()[0])
    assert head["target"] == target
    again = memslots("replay", str(kept[0]))
    assert again.exit_code == 1, again.output
    assert head["clause"] in again.output
    assert len(head["scenario"]["prefix"]) == 2
