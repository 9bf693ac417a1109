"""What comes from elsewhere: a file names what is there, and steers no terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import Result

from command_line import go_into, memslots
from import_graph import PACKAGES
from memslot_conformance.cli.options import FILE, STDIN
from memslot_conformance.report.console import printable

STEERING = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e"
"""Clears the screen, sets the title, and turns the text round."""

TESTS = Path(__file__).parents[1]
FAILURE = TESTS / "findings" / "golden" / "failure-1.ndjson"
STREAM = TESTS / "run" / "golden" / "report-1.ndjson"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def failure(
    head: Mapping[str, object], header: Mapping[str, object] | None = None
) -> str:
    """A failure file of the patch with this in its head, and in its header."""
    first, second, *rest = FAILURE.read_text("utf-8").splitlines()
    told = {**json.loads(first), **head}, {**json.loads(second), **(header or {})}
    Path("f.ndjson").write_text(
        "\n".join((*map(json.dumps, told), *rest, "")), encoding="utf-8"
    )
    return "f.ndjson"


def history(header: Mapping[str, object]) -> str:
    """The history of that failure with this in its header."""
    lines = Path(failure({}, header)).read_text("utf-8").splitlines()[1:]
    Path("h.ndjson").write_text("\n".join((*lines, "")), encoding="utf-8")
    return "h.ndjson"


def stream(old: str, new: str) -> str:
    text = STREAM.read_text("utf-8")
    assert json.dumps(old) in text
    text = text.replace(json.dumps(old), json.dumps(new))
    Path("s.ndjson").write_text(text, encoding="utf-8")
    return "s.ndjson"


def assert_steers_nothing(result: Result) -> None:
    assert printable(result.output) == result.output
    assert "\\x1b[2J" in result.output or "\\u001b[2J" in result.output


def test_a_name_in_a_history_steers_no_terminal() -> None:
    result = memslots("judge", history({"target": STEERING}))
    assert result.exit_code == 1
    assert_steers_nothing(result)


def test_a_name_in_a_stream_steers_no_terminal() -> None:
    result = memslots("judge", stream("patch", STEERING))
    assert result.exit_code == 1
    assert_steers_nothing(result)


@pytest.mark.parametrize("verb", ["judge", "replay"])
def test_a_field_that_is_refused_steers_no_terminal(verb: str) -> None:
    result = memslots(verb, failure({STEERING: 1}))
    assert result.exit_code == 2
    assert_steers_nothing(result)


@pytest.mark.parametrize("name", ["target", "profile", "clause", "fault"])
def test_what_is_replayed_steers_no_terminal(name: str) -> None:
    told = {"clause": "", name: STEERING} if name == "fault" else {name: STEERING}
    result = memslots("replay", failure(told))
    assert printable(result.output) == result.output


def test_what_the_user_gives_steers_no_terminal() -> None:
    result = memslots("clauses", STEERING)
    assert result.exit_code == 2
    assert_steers_nothing(result)


def test_colour_is_what_may_stay_of_what_steers_a_terminal() -> None:
    text = f"\x1b[1;31mred\x1b[0m {STEERING}"
    assert printable(text, styled=True) == f"\x1b[1;31mred\x1b[0m {printable(STEERING)}"


def test_commands_print_in_one_way_only() -> None:
    folder = PACKAGES["memslot_conformance"] / "cli"
    printing = [
        file.name
        for file in folder.glob("*.py")
        if any(word in file.read_text("utf-8") for word in ("echo(", "print("))
    ]
    assert printing == ["output.py"]


def test_replay_says_that_it_runs_what_the_file_names() -> None:
    said = " ".join(memslots("replay", "--help").output.split())
    assert "py:MODULE:FACTORY is imported and called" in said
    assert "where you would run code from where it comes" in said


@pytest.mark.parametrize("verb", ["judge", "replay"])
@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"clause": "SRCU-99"}, "clause: expected the id of a clause that"),
        ({"clause": "SRCU-99"}, 'this version knows, got "SRCU-99". Did you mean'),
        ({"clause": ""}, "clause: expected the id of a clause"),
        ({"profile": "v9"}, 'profile: expected one of v2.6.34, linux, got "v9"'),
        ({"memslots_failure": 99}, "memslots_failure: expected at most 2"),
        ({"schedule": [[7, 1]]}, "schedule[0].thread: expected a thread of the "),
        ({"schedule": [[7, 1]]}, "scenario, 0..2, got 7"),
        ({"schedule": [[-1, 1]]}, "schedule[0].thread: expected 0..2**64-1, got -1"),
        ({"schedule": [[1, -5]]}, "schedule[0].points: expected 0..2**64-1, got -5"),
        ({"schedule": [[1, 1 << 64]]}, "schedule[0].points: expected 0..2**64-1"),
    ],
)
def test_a_head_that_names_what_is_not_there_is_refused(
    verb: str, head: dict[str, object], said: str
) -> None:
    result = memslots(verb, failure(head))
    assert result.exit_code == 2
    assert "f.ndjson:1: field " in result.output
    assert said in result.output


@pytest.mark.parametrize("verb", ["judge", "replay"])
def test_a_key_given_twice_in_a_head_is_refused(verb: str) -> None:
    text = FAILURE.read_text("utf-8")
    Path("f.ndjson").write_text('{"target": "x", ' + text[1:], encoding="utf-8")
    result = memslots(verb, "f.ndjson")
    assert result.exit_code == 2
    assert "f.ndjson:1: expected each key once in an object, got target, " in (
        result.output
    )


def test_a_schedule_that_was_not_followed_is_told() -> None:
    followed = memslots("replay", str(FAILURE))
    assert followed.output.endswith("exit 1   the same finding came again\n")
    first = json.loads(FAILURE.read_text("utf-8").partition("\n")[0])
    runs = [*first["schedule"], [2, 10**9]]
    result = memslots("replay", failure({"schedule": runs}))
    assert "thread 2 cannot go on for another " in result.output.splitlines()[-1]


@pytest.mark.parametrize("verb", ["judge", "replay"])
def test_what_comes_from_a_pipe_is_read_as_a_file_is(verb: str) -> None:
    out, into = os.pipe()
    os.write(into, FAILURE.read_bytes())
    os.close(into)
    result = memslots(verb, f"/proc/self/fd/{out}")
    os.close(out)
    assert result.exit_code == 1
    assert "FAIL SRCU-1" in result.output


def test_a_dash_is_the_standard_input() -> None:
    assert FILE.convert("-", None, None) == STDIN
