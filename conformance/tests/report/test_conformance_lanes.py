"""The picture of a history, line by line."""

from __future__ import annotations

from textwrap import dedent

import pytest

from memslot_conformance.report.lanes import draw, step_words
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
    Slept,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
)
from memslot_spec.history.views import View
from memslot_spec.model.operations import GfnToHva, GuestAccess, SetRegion
from memslot_spec.model.replies import Accessed, Done
from memslot_spec.model.values import EMPTY, Gfn, Hva, MemoryRegion, Slot, table_of

SLOT = Slot(0, Gfn(0), 4, Hva(0x1000))
ONE = table_of(SLOT)
GOING = table_of(SLOT.as_invalid())
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))

PREFIX: tuple[Event, ...] = (
    Call(0, SetRegion(MemoryRegion(0, 0, 0x4000, 0x1000))),
    TablePublished(0, 11, ONE),
    GracePeriodBegun(0),
    GracePeriodEnded(0),
    TableReclaimed(0, 10),
    Return(0, Done()),
    Observed(0, View(ONE)),
)
RACE: tuple[Event, ...] = (
    Call(0, DELETE),
    Call(1, GuestAccess(0)),
    SectionEntered(1, 0),
    TableLoaded(1, 11),
    TablePublished(0, 10, GOING),
    TableReclaimed(0, 11),
    TableRead(1, 11, "npages"),
    Return(1, Accessed(0x1000)),
    Finished(0, (0,)),
)
HISTORY = PREFIX + RACE
BROKEN = HISTORY.index(TableReclaimed(0, 11))


def picture(text: str) -> str:
    """The picture in the text, without the margin that a test gives it."""
    return dedent(text).strip("\n").replace("|", "")


def test_a_race_after_a_prefix() -> None:
    assert draw(HISTORY, BROKEN, width=80) == picture("""
        |   step  T0                                 T1
        |    1-7  set slot 0: gfn 0x0 +4 pages at hva 0x1000 -> done (publishes v1)
        |      8  delete slot 0
        |      9                                     fault gfn 0x0 (read)
        |     10                                     enter section (0)
        |     11                                     load table v1
        |     12  publish v2: slot 0 INVALID
        |>>   13  reclaim table v1
        |     14                                     read table v1 (reclaimed): npages
        |     15                                     -> reached hva 0x1000
        |     16  stuck for ever: T0
    """)


def test_the_operation_that_broke_the_clause_is_drawn_step_by_step() -> None:
    events = (*PREFIX, Call(0, GfnToHva(0)), TableLoaded(0, 11), TableLoaded(1, 11))
    assert draw(events, 6, width=72) == picture("""
        |   step  T0                              T1
        |      1  set slot 0: gfn 0x0 +4 pages
        |         at hva 0x1000
        |      2  publish v1: slot 0
        |      3  grace period begins
        |      4  grace period ends
        |      5  reclaim table v0
        |      6  -> done
        |>>    7  observe 1 slot
        |      8  hva of gfn 0x0
        |      9  load table v1
        |     10                                  load table v1
    """)


def test_a_history_of_one_thread_is_one_row_for_each_operation_before_the_mark() -> (
    None
):
    lookup = (Call(0, GfnToHva(0)), TableLoaded(0, 11), Return(0, Done()))
    assert draw((*PREFIX, *lookup, *lookup), 11) == picture("""
        |   step  T0
        |    1-7  set slot 0: gfn 0x0 +4 pages at hva 0x1000 -> done (publishes v1)
        |   8-10  hva of gfn 0x0 -> done
        |     11  hva of gfn 0x0
        |>>   12  load table v1
        |     13  -> done
    """)


def test_what_does_not_fit_its_lane_goes_on_below() -> None:
    events = [Call(thread, DELETE) for thread in range(4)]
    events[2] = Call(2, SetRegion(MemoryRegion(1, 0x10000, 0x4000, 0x7000)))
    assert draw(events, 2, width=72) == picture("""
        |   step  T0              T1              T2              T3
        |      1  delete slot 0
        |      2                  delete slot 0
        |>>    3                                  set slot 1:
        |                                         gfn 0x10 +4
        |                                         pages at hva
        |                                         0x7000
        |      4                                                  delete slot 0
    """)


@pytest.mark.parametrize(
    ("asked", "given"), [(10, 72), (72, 72), (120, 120), (1000, 160)]
)
def test_no_line_is_wider_than_the_width(asked: int, given: int) -> None:
    region = SetRegion(MemoryRegion(1, 2**63 + 1, 2**63 + 1, 2**63 + 1, 2**32 - 1))
    lines = draw((*PREFIX, *(Call(t, region) for t in range(4))), 9, width=asked)
    assert max(len(line) for line in lines.splitlines()) <= given


def test_many_threads_keep_lanes_that_can_be_read() -> None:
    last = draw([Call(t, DELETE) for t in range(9)], 0, width=72).splitlines()[-1]
    assert last.endswith("  delete slot 0")


def test_where_the_mark_is_the_last_row_the_limit_is_filled_with_those_before() -> None:
    drawn = draw(HISTORY, len(HISTORY) - 1, limit=8).splitlines()
    assert len(drawn) == 1 + 1 + 8
    assert drawn[1].strip() == "...  2 earlier rows are not drawn"
    assert drawn[-1].startswith(">>   16")


def test_an_operation_that_ended_just_before_the_mark_is_one_row() -> None:
    events = (*PREFIX, Call(0, GfnToHva(0)), Return(0, Done()))
    assert draw(events, len(PREFIX)) == picture("""
        |   step  T0
        |    1-7  set slot 0: gfn 0x0 +4 pages at hva 0x1000 -> done (publishes v1)
        |>>    8  hva of gfn 0x0
        |      9  -> done
    """)


def test_over_the_limit_the_rows_about_the_mark_are_drawn() -> None:
    assert draw(HISTORY, BROKEN, limit=4) == picture("""
        |   step  T0                          T1
        |    ...  3 earlier rows are not drawn
        |     10                              enter section (0)
        |     11                              load table v1
        |     12  publish v2: slot 0 INVALID
        |>>   13  reclaim table v1
        |    ...  3 later rows are not drawn
    """)


@pytest.mark.parametrize("marked", range(len(HISTORY)))
@pytest.mark.parametrize("limit", [0, 1, 2, 5, 9, 200])
def test_the_marked_step_is_always_drawn(marked: int, limit: int) -> None:
    lines = draw(HISTORY, marked, limit=limit).splitlines()
    assert [line.split()[1] for line in lines if line.startswith(">>")] == [
        str(marked + 1)
    ]


@pytest.mark.parametrize("marked", range(len(HISTORY)))
def test_every_step_is_drawn_once(marked: int) -> None:
    drawn: list[int] = []
    for line in draw(HISTORY, marked, width=160).splitlines()[1:]:
        first, _, last = line.removeprefix(">>").split()[0].partition("-")
        drawn.extend(range(int(first), int(last or first) + 1))
    assert drawn == list(range(1, len(HISTORY) + 1))


def test_a_call_that_never_returns_is_not_taken_for_an_operation_that_is_over() -> None:
    events = (Call(0, DELETE), Slept(0), *PREFIX, Slept(1))
    lines = draw(events, 9).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["1", "2", "3"]


def test_a_history_without_a_thread_has_no_lanes() -> None:
    assert draw([Finished(0, ())], 0) == "   step\n>>    1  all is done"


def test_names_and_colour_where_they_are_asked_for() -> None:
    drawn = draw(HISTORY, BROKEN, names={0: "updater"}, color=True).splitlines()
    assert drawn[0].split() == ["step", "T0", "updater", "T1"]
    assert [line for line in drawn if "\x1b" in line] == [
        "\x1b[1;31m>>   13  reclaim table v1\x1b[0m"
    ]
    assert "\x1b" not in draw(HISTORY, BROKEN)


@pytest.mark.parametrize("marked", [-1, 16])
def test_refuses_a_mark_outside_the_history(marked: int) -> None:
    with pytest.raises(ValueError, match=rf"marked must be 0\.\.15, got {marked}"):
        draw(HISTORY, marked)


def test_refuses_an_empty_history() -> None:
    with pytest.raises(ValueError, match="marked must be an index of an event"):
        draw((), 0)


def test_a_handle_that_is_used_again_names_the_newer_version() -> None:
    events = (
        TableLoaded(0, 10),
        TableWritten(0, 11),
        TablePublished(0, 11, EMPTY),
        TableReclaimed(0, 10),
        TableWritten(0, 10),
        TableRead(1, 10, "npages"),
        TablePublished(0, 10, EMPTY),
        TableRead(1, 10, "npages"),
        TableRead(1, 99, "npages"),
    )
    assert step_words(events) == [
        "load table v0",
        "write table not yet published",
        "publish v1: no slots",
        "reclaim table v0",
        "write table not yet published",
        "read table v0 (reclaimed): npages",
        "publish v2: no slots",
        "read table v2: npages",
        "read table v0: npages",
    ]
