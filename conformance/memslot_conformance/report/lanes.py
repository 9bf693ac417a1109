"""Draws a failing history: a column for each thread, a row for each step.

        step  T0                           T1
         1-9  set slot 0: gfn 0x0 +4 pages at hva 0x1000 -> done (publishes v1)
          10  delete slot 0
          11                               load table v1
          12  publish v2: slot 0 INVALID
    >>    13  reclaim table v1

Steps count from 1. Tables go by their versions: v0 is the empty table of a new
VM, and every publication makes the next. Pure: the width is the caller's to find.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile

from rich.cells import cell_len
from rich.console import RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table

from memslot_conformance.report.rendering import BROKEN, GAP, grid, rendered, shown
from memslot_spec.history.events import Call, Event, Finished, Return
from memslot_spec.history.points.caches import GenerationSet
from memslot_spec.history.points.tables import (
    TablePublished,
    TableReclaimed,
    TableWritten,
)
from memslot_spec.history.words import describe_event

NARROWEST, WIDEST = 72, 160
"""Columns of a drawing; a width outside these is taken as the nearer one."""

NARROWEST_LANE = 14
"""Columns of a lane at least, even where so many threads exceed the width."""

ROWS = 200
"""Rows drawn unless the caller wants more; a row may take several lines."""

MARK = ">>"


@dataclass(slots=True)
class _Versions:
    """Which version each table handle stands for at the present step.

    A table that was written to is private until it is published, whether it is new
    or was read under an older version.
    """

    of: dict[int, int] = field(default_factory=dict[int, int])
    reclaimed: set[int] = field(default_factory=set[int])
    private: set[int] = field(default_factory=set[int])
    published: int = 0

    def write(self, table: int) -> None:
        """A store: into a table that no one can read yet, unless it is a bug."""
        if table not in self.of or table in self.reclaimed:
            self.private.add(table)

    def publish(self, table: int) -> None:
        """Give the handle, new or used before, the next version."""
        self.published += 1
        self.of[table] = self.published
        self.reclaimed.discard(table)
        self.private.discard(table)

    def name_made(self, table: int) -> str:
        """As `name`, for one who makes the table: it has no version yet."""
        return "not yet published" if table in self.private else self.name(table)

    def name(self, table: int) -> str:
        """The version's name; what nobody published is what a VM is born with."""
        reclaimed = " (reclaimed)" if table in self.reclaimed else ""
        return f"v{self.of.get(table, 0)}{reclaimed}"


def step_words(events: Sequence[Event]) -> list[str]:
    """Each event in words, with its tables by version."""
    versions = _Versions()
    words: list[str] = []
    for event in events:
        if isinstance(event, TablePublished):
            versions.publish(event.table)
        if isinstance(event, TableWritten):
            versions.write(event.table)
        made = isinstance(event, TableWritten | GenerationSet)
        name = versions.name_made if made else versions.name
        words.append(describe_event(event, name))
        if isinstance(event, TableReclaimed):
            versions.reclaimed.add(event.table)
    return words


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: in the lane of `thread`, or across all lanes where it is None."""

    step: str
    thread: int | None
    text: str
    marked: bool = False


def draw(
    history_events: Sequence[Event],
    marked: int | None,
    *,
    width: int = 100,
    limit: int = ROWS,
    names: Mapping[int, str] | None = None,
    color: bool = False,
) -> str:
    """The lines of the picture of a history. Errors: as `drawing`."""
    picture = drawing(history_events, marked, width=width, limit=limit, names=names)
    return "\n".join(rendered([picture], color=color))


def within(width: int) -> int:
    """The width asked for, or the nearest that a drawing can have."""
    return max(NARROWEST, min(width, WIDEST))


def drawing(
    history_events: Sequence[Event],
    marked: int | None,
    *,
    width: int = 100,
    limit: int = ROWS,
    names: Mapping[int, str] | None = None,
) -> RenderableType:
    """The picture of a history whose event at index `marked` broke a clause.

    What the first thread did before any other began takes one row for each
    operation. Of more rows than `limit`, those about the marked one are drawn, or the
    last ones where none is marked. `names` says more of a thread than its number.
    Errors: `ValueError` where no event has the index.
    """
    if not history_events:
        message = f"marked must be an index of an event, got {marked} and no events"
        raise ValueError(message)
    about = len(history_events) - 1 if marked is None else marked
    if not 0 <= about < len(history_events):
        message = f"marked must be 0..{len(history_events) - 1}, got {marked}"
        raise ValueError(message)
    rows = _around_the_mark(list(_rows(history_events, about)), limit)
    if marked is None:
        rows = [replace(row, marked=False) for row in rows]
    called = names or {}
    threads = {
        thread: f"T{thread} {called.get(thread, '')}".rstrip()
        for thread in sorted(
            {e.thread for e in history_events if not isinstance(e, Finished)}
        )
    }
    return _layout(rows, threads, within(width)).table(rows, threads)


def _rows(events: Sequence[Event], marked: int) -> Iterator[_Row]:
    words = step_words(events)
    drawn = 0
    for start, end in _whole_operations(events, marked):
        yield _Row(f"{start + 1}-{end}", None, _in_one_line(events, words, start, end))
        drawn = end
    for index in range(drawn, len(events)):
        event = events[index]
        thread = None if isinstance(event, Finished) else event.thread
        yield _Row(str(index + 1), thread, words[index], marked=index == marked)


def _whole_operations(events: Sequence[Event], marked: int) -> list[tuple[int, int]]:
    """The operations that were over before the mark and before a second thread."""
    first = events[0].thread
    race = next(
        (i for i, event in enumerate(events) if event.thread != first), len(events)
    )
    calls = [i for i in range(race) if isinstance(events[i], Call)]
    bounds = [0, *calls[1:], race]

    def is_over(bound: tuple[int, int]) -> bool:
        start, end = bound
        return end <= marked and any(isinstance(e, Return) for e in events[start:end])

    return list(takewhile(is_over, pairwise(bounds)))


def _in_one_line(
    events: Sequence[Event], words: list[str], start: int, end: int
) -> str:
    """A whole operation: its call, its reply, and the versions it published."""
    said = [words[i] for i in range(start, end) if isinstance(events[i], Call | Return)]
    before = sum(isinstance(e, TablePublished) for e in events[:start])
    after = sum(isinstance(e, TablePublished) for e in events[:end])
    versions = ", ".join(f"v{version}" for version in range(before + 1, after + 1))
    return " ".join(said) + (f" (publishes {versions})" if versions else "")


def _around_the_mark(rows: list[_Row], limit: int) -> list[_Row]:
    """At most `limit` rows, three quarters of them before the mark."""
    if len(rows) <= limit:
        return rows
    mark = next(i for i, row in enumerate(rows) if row.marked)
    size = max(limit, 1)
    start = max(0, min(mark - size * 3 // 4, len(rows) - size))
    end = start + size
    return [
        *_left_out(rows[:start], "earlier"),
        *rows[start:end],
        *_left_out(rows[end:], "later"),
    ]


def _left_out(rows: list[_Row], which: str) -> Iterator[_Row]:
    if rows:
        yield _Row("...", None, f"{len(rows)} {which} rows are not drawn")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand: columns of the step, of a lane, and of the whole."""

    step: int
    lane: int
    across: int
    order: Mapping[int, int]

    def table(self, rows: Sequence[_Row], threads: Mapping[int, str]) -> Table:
        """The lanes under their names; what a lane cannot hold goes on below."""
        lanes = len(threads) * (self.lane + GAP) - GAP
        # Beside the mark and the step stands one blank, beside the lanes one more.
        table = grid(
            [len(MARK), self.step, 1 + max(self.across, lanes)], gap=1, right=[1]
        )
        heads = grid([self.lane] * len(threads))
        heads.add_row(*map(shown, threads.values()))
        table.add_row("", "step", Padding(heads, (0, 0, 0, 1)))
        for row in rows:
            mark, style = (MARK, BROKEN) if row.marked else ("", "")
            table.add_row(mark, row.step, self._in_its_lane(row), style=style)
        return table

    def _in_its_lane(self, row: _Row) -> RenderableType:
        lane = self.across if row.thread is None else self.lane
        left = 0 if row.thread is None else self.order[row.thread]
        text = Constrain(shown(row.text), lane)
        return Padding(text, (0, 0, 0, 1 + left * (self.lane + GAP)))


def _layout(rows: list[_Row], threads: Mapping[int, str], width: int) -> _Layout:
    """Lanes as wide as their longest text, if the width has room for that."""
    step = max(len("step"), *(len(row.step) for row in rows))
    across = width - len(MARK) - 1 - step - GAP
    texts = [row.text for row in rows if row.thread is not None]
    longest = max(map(cell_len, (*texts, *threads.values())), default=0)
    room = (across + GAP) // max(len(threads), 1) - GAP
    lane = max(min(room, longest), NARROWEST_LANE)
    order = {thread: column for column, thread in enumerate(threads)}
    return _Layout(step, lane, across, order)
