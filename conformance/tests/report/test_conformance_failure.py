"""The text of a failure, line by line."""

from __future__ import annotations

import pytest

from memslot_conformance.report.failure import render_failure
from memslot_conformance.report.lanes import draw
from memslot_spec.history.events import Call, Event, Finished
from memslot_spec.history.points.srcu import SectionEntered
from memslot_spec.history.points.tables import TableLoaded, TableReclaimed
from memslot_spec.model.operations import TssBase

EVENTS: tuple[Event, ...] = (
    Call(1, TssBase()),
    SectionEntered(1, 0),
    TableLoaded(1, 10),
    TableReclaimed(0, 10),
    Finished(0, (1,)),
)


def rendered(
    *,
    step: int = 3,
    replay: str = "trace-5f1c.json",
    expected: str = "no open read section holds v0",
    color: bool = False,
) -> str:
    return render_failure(
        clause="SRCU-3",
        title="A replaced table outlives its readers",
        must="A table MUST NOT be reclaimed (freed or reused) while a read section "
        "that loaded it is open.",
        source="Linux Documentation/virt/kvm/locking.rst, section 3, `kvm->srcu`",
        expected=expected,
        observed="the section of T1 holds v0",
        step=step,
        events=EVENTS,
        replay=replay,
        width=76,
        color=color,
    )


def test_a_failure_names_clause_step_expected_observed_source_and_replay() -> None:
    picture, text = rendered().split("\n\n")
    assert picture == draw(EVENTS, 3, width=76)
    assert text.splitlines() == [
        "FAIL SRCU-3  A replaced table outlives its readers",
        "  must         A table MUST NOT be reclaimed (freed or reused) while a read",
        "               section that loaded it is open.",
        "  step 4 of 5  T0: reclaim table v0",
        "  expected     no open read section holds v0",
        "  observed     the section of T1 holds v0",
        "  source       Linux Documentation/virt/kvm/locking.rst, section 3,",
        "               `kvm->srcu`",
        "  again        memslots replay trace-5f1c.json",
    ]


def test_the_command_that_replays_it_can_be_pasted() -> None:
    line = rendered(replay="my traces/" + "x" * 100).splitlines()[-1]
    assert line == f"  again        memslots replay 'my traces/{'x' * 100}'"


def test_the_end_of_a_history_is_no_step_of_a_thread() -> None:
    assert "  step 5 of 5  stuck for ever: T1" in rendered(step=4).splitlines()


def test_a_part_with_nothing_to_say_keeps_its_place() -> None:
    assert "  expected" in rendered(expected="").splitlines()


def test_colour_where_it_is_asked_for() -> None:
    lines = [line for line in rendered(color=True).splitlines() if "\x1b" in line]
    assert lines == [
        "\x1b[1;31m>>    4  reclaim table v0\x1b[0m",
        "\x1b[1;31mFAIL SRCU-3  A replaced table outlives its readers\x1b[0m",
    ]
    assert "\x1b" not in rendered()


def test_refuses_a_step_outside_the_history() -> None:
    with pytest.raises(ValueError, match=r"must be 0\.\.4, got 5"):
        rendered(step=5)
