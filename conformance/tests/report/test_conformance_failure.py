"""The text of a failure, line by line."""

from __future__ import annotations

import pytest

from memslot_conformance.findings.records import found_in
from memslot_conformance.report.failure import render_failure
from memslot_conformance.report.lanes import draw
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Finished
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.history.points.srcu import SectionEntered
from memslot_spec.history.points.tables import TableLoaded, TableReclaimed
from memslot_spec.judging.judgement import Finding
from memslot_spec.model.operations import TssBase
from memslot_spec.model.profile import Limits

EVENTS: tuple[Event, ...] = (
    Call(1, TssBase()),
    SectionEntered(1, 0),
    TableLoaded(1, 10),
    TableReclaimed(0, 10),
    Finished(0, (1,)),
)


HISTORY = History(
    Header(
        target="patch",
        profile="v2.6.34",
        limits=Limits(),
        capabilities=Capabilities(operations=("TssBase",)),
    ),
    EVENTS,
)
CLAUSE = clause_by_id("SRCU-3")


def rendered(
    *,
    step: int = 3,
    file: str = "trace-5f1c.json",
    expected: str = "no open read section holds v0",
    color: bool = False,
) -> str:
    observed = "the section of T1 holds v0"
    found = found_in(Finding("SRCU-3", step, expected, observed), HISTORY, file)
    return render_failure(found, width=76, color=color)


def test_a_failure_names_clause_step_expected_observed_source_and_replay() -> None:
    picture, text = rendered().split("\n\n")
    assert picture == draw(EVENTS, 3, width=76)
    first, *lines = text.splitlines()
    assert first == f"FAIL SRCU-3  {CLAUSE.title}"
    assert max(map(len, lines)) <= 76
    assert parts_of(lines) == [
        ("must", CLAUSE.must),
        ("step 4 of 5", "T0: reclaim table v0"),
        ("expected", "no open read section holds v0"),
        ("observed", "the section of T1 holds v0"),
        ("source", CLAUSE.source),
        ("again", "memslots replay trace-5f1c.json"),
    ]


def parts_of(lines: list[str]) -> list[tuple[str, str]]:
    """Each label, and the text beside it and below."""
    parts: list[tuple[str, str]] = []
    for line in lines:
        label, text = line[:15].strip(), line[15:]
        if label:
            parts.append((label, text))
        else:
            parts[-1] = parts[-1][0], f"{parts[-1][1]} {text}"
    return parts


def test_the_command_that_replays_it_can_be_pasted() -> None:
    line = rendered(file="my traces/" + "x" * 100).splitlines()[-1]
    assert line == f"  again        memslots replay 'my traces/{'x' * 100}'"


def test_the_end_of_a_history_is_no_step_of_a_thread() -> None:
    assert "  step 5 of 5  stuck for ever: T1" in rendered(step=4).splitlines()


def test_a_part_with_nothing_to_say_keeps_its_place() -> None:
    assert "  expected" in rendered(expected="").splitlines()


def test_colour_where_it_is_asked_for() -> None:
    lines = [line for line in rendered(color=True).splitlines() if "\x1b" in line]
    assert lines == [
        "\x1b[1;31m>>    4  reclaim table v0\x1b[0m",
        f"\x1b[1;31mFAIL SRCU-3  {CLAUSE.title}\x1b[0m",
    ]
    assert "\x1b" not in rendered()


def test_refuses_a_step_outside_the_history() -> None:
    with pytest.raises(ValueError, match=r"must be 0\.\.4, got 5"):
        rendered(step=5)


def test_a_clause_of_another_version_is_shown_by_its_id() -> None:
    found = found_in(Finding("SRCU-999", 3, "a", "b"), HISTORY)
    text = render_failure(found)
    assert "FAIL SRCU-999  (no clause of this version)" in text.splitlines()
    assert ">>    4  reclaim table v0" in text.splitlines()


def test_without_a_file_or_a_command_it_says_nothing_of_how_to_see_it_again() -> None:
    found = found_in(Finding("SRCU-3", 3, "a", "b"), HISTORY)
    assert "again" not in render_failure(found)
    asked = render_failure(found, again="memslots judge h.ndjson")
    assert asked.endswith("  again        memslots judge h.ndjson")
