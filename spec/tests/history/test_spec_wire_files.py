"""History files: what is none is refused by its line, and a cut one is read in part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.history.header import History
from memslot_spec.history.wire import HistoryError, HistoryRead, read_history
from written_history import HEADER, HISTORY, TEXT


@given(st.data())
def test_a_cut_leaves_the_whole_events_before_it(data: st.DataObject) -> None:
    header_size = TEXT.index("\n") + 1
    size = data.draw(st.integers(header_size, len(TEXT)), label="size")
    found = read_history(
        TEXT[:size].splitlines(keepends=True), "h", allow_truncated=True
    )
    whole = TEXT[:size].count("\n") - 1
    assert found.history.events[:whole] == HISTORY.events[:whole]
    line_ends_here = size == len(TEXT) or TEXT[size] == "\n" or TEXT[size - 1] == "\n"
    assert found.complete == line_ends_here


LINES = TEXT.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "h: expected a header line, got an empty file"),
        (["\n"], "h: expected a header line, got an empty file"),
        (LINES[1:], "h:1: expected a header with the key 'memslots_history', got "),
        ([LINES[0][:9]], "h:1: the file ends in the middle of its header"),
        (
            [*LINES[:3], LINES[3][:-4]],
            "h:4: the file ends in the middle of a line, after 2 whole events",
        ),
        (
            [*LINES[:3], LINES[3][:-4] + "\n"],
            "h:4: expected JSON, got Expecting value at column 55",
        ),
        (
            [LINES[0], "not JSON\n", *LINES[1:]],
            "h:2: expected JSON, got Expecting value at column 1",
        ),
        ([LINES[0], "[" * 10**6], "h:2: expected JSON that is less deeply nested"),
        ([LINES[0], "9" * 5000], "h:2: expected JSON that can be held, got "),
        (
            [LINES[0], '{"e": "Slept", "thread": 1, "thread": 2}'],
            "h:2: expected each key once in an object, got e, thread, thread",
        ),
        (
            ['{"memslots_history": 2}'],
            "h:1: field memslots_history: expected at most 1 (a newer memslots ",
        ),
        (
            ['{"memslots_history": true}'],
            "h:1: field memslots_history: expected a version from 1 on, got true",
        ),
        (
            ['{"memslots_history": 1}'],
            "h:1: field target: is missing (Header has target, profile, limits, ",
        ),
    ],
)
def test_refuses_a_file(lines: list[str], said: str) -> None:
    with pytest.raises(HistoryError) as caught:
        read_history(lines, "h")
    assert str(caught.value).startswith(said)


def test_refuses_a_profile_that_is_not_known() -> None:
    with pytest.raises(HistoryError) as caught:
        read_history([LINES[0].replace('"linux"', '"linus"')], "h")
    assert str(caught.value) == (
        'h:1: field profile: expected one of v2.6.34, linux, got "linus"'
    )


def test_refuses_what_is_no_text() -> None:
    def lines() -> Iterator[str]:
        yield LINES[0]
        yield b"\xff".decode()

    with pytest.raises(HistoryError, match="h: expected text in UTF-8"):
        read_history(lines(), "h")


def test_refuses_a_cut_in_the_header_even_where_a_cut_is_allowed() -> None:
    with pytest.raises(HistoryError, match="in the middle of its header"):
        read_history([LINES[0][:9]], "h", allow_truncated=True)


def test_what_is_whole_is_offered_where_a_cut_is_allowed() -> None:
    found = read_history([*LINES[:3], LINES[3][:-4]], "h", allow_truncated=True)
    whole = History(HEADER, HISTORY.events[:2])
    assert found == HistoryRead(whole, complete=False)
    assert read_history(LINES, "h", allow_truncated=True) == HistoryRead(
        HISTORY, complete=True
    )


def test_lines_that_are_blank_count_and_say_nothing() -> None:
    assert read_history([LINES[0], "\n", *LINES[1:]], "h") == HISTORY
    with pytest.raises(HistoryError, match="h:3: "):
        read_history([LINES[0], "\n", "{}\n"], "h")


def test_what_is_nested_is_refused_at_every_depth() -> None:
    for depth in range(900, 1100):
        deep = "[" * depth + "]" * depth
        for line in (deep, f'{{"memslots_history": 1, "target": {deep}}}'):
            with pytest.raises(HistoryError, match=r"^h:1: "):
                read_history([line], "h")
