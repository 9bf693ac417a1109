"""What is asked of the terminal: how wide it is, and whether it shows colour."""

from __future__ import annotations

import io
import os
import sys
import termios
from collections.abc import Generator
from typing import TextIO

import pytest

from memslot_conformance.report.console import report_width, wants_color


@pytest.fixture
def terminal() -> Generator[TextIO]:
    """The program's end of a terminal."""
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as out:  # noqa: PTH123 - a descriptor
        yield out
    os.close(ours)


@pytest.mark.parametrize(
    ("columns", "width"), [(20, 80), (80, 80), (81, 81), (119, 119), (500, 120)]
)
def test_a_report_is_as_wide_as_the_terminal_within_bounds(
    monkeypatch: pytest.MonkeyPatch, terminal: TextIO, columns: int, width: int
) -> None:
    termios.tcsetwinsize(terminal.fileno(), (24, columns))
    monkeypatch.setattr(sys, "stdout", terminal)
    assert report_width() == width


def test_a_report_to_no_terminal_has_a_width_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert report_width() == 100
    read, write = os.pipe()
    with open(write, "w", encoding="utf-8") as out:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", out)
        assert report_width() == 100
    os.close(read)


def test_colour_is_for_a_terminal_where_nobody_said_no_color(
    monkeypatch: pytest.MonkeyPatch, terminal: TextIO
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_color(terminal)
    assert not wants_color(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "")
    assert wants_color(terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_color(terminal)
