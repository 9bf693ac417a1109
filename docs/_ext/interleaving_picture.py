"""Draws a history as lanes: threads side by side, time going down. SVG.

Colours and fonts are classes that `interleavings.css` gives a value, one for
light pages and one for dark ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from interleaving_rows import BARS, Bar, Row, Shown

WIDTH = 760
GUTTER = 34
GAP = 10
BAR = 4
"""The width of a bar; each kind has its own place at the left of a lane."""

INDENT = (BAR + 2) * len(BARS) + 2
EDGE = 4
"""What is left free at the right of a lane."""

LINE, PAD, SPACE = 15, 4, 5
CHARACTER = 6.7
"""What a character takes of the monospace font, with something to spare."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row at its place: its top, and its text in lines."""

    row: Row
    top: int
    lines: tuple[str, ...]

    @property
    def height(self) -> int:
        """Of the box around the text."""
        return len(self.lines) * LINE + 2 * PAD


def picture(shown: Shown, name: str, title: str) -> str:
    """The SVG, self-contained but for the colours; `name` is unique on the page."""
    lanes = len(shown.threads)
    lane = (WIDTH - GUTTER - GAP * max(lanes - 1, 0)) // max(lanes, 1)
    lefts = {t: GUTTER + i * (lane + GAP) for i, t in enumerate(shown.threads)}
    placed = tuple(_placed(shown, lane))
    bottom = placed[-1].top + placed[-1].height if placed else LINE
    legend = tuple(dict.fromkeys(bar.name for bar in shown.bars))
    height = bottom + SPACE + (LINE + SPACE if legend else 0)
    head = (
        f'<svg class="interleaving" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-words" '
        f'xmlns="http://www.w3.org/2000/svg">'
    )
    parts = [
        head,
        f'<title id="{name}-title">{escape(title)}</title>',
        *_lanes(shown, lefts, lane, placed, bottom),
        *_versions(placed),
        *(line for one in placed for line in _box(one, lefts, lane)),
        *(line for bar in shown.bars for line in _bar(bar, lefts, placed)),
        *_legend(legend, bottom + SPACE),
        "</svg>",
    ]
    return "\n".join(parts)


def _placed(shown: Shown, lane: int) -> Iterator[_Placed]:
    top = 0
    heads_are_due = True
    for row in shown.rows:
        if row.thread is not None and heads_are_due:
            top += LINE + 2 * SPACE
            heads_are_due = False
        width = _width(row, lane) - 2 * PAD
        lines = wrap(row.text, int(width / CHARACTER), break_on_hyphens=False)
        placed = _Placed(row, top, tuple(lines))
        yield placed
        top += placed.height + SPACE


def _width(row: Row, lane: int) -> int:
    """Of the box of a row."""
    return WIDTH - GUTTER if row.thread is None else lane - INDENT - EDGE


def _lanes(
    shown: Shown,
    lefts: Mapping[int, int],
    lane: int,
    placed: tuple[_Placed, ...],
    bottom: int,
) -> Iterator[str]:
    """The ground of each lane, with the thread's name at its head."""
    racing = [one for one in placed if one.row.thread is not None]
    if not racing:
        return
    top = racing[0].top - LINE - SPACE
    end = min(racing[-1].top + racing[-1].height + PAD, bottom)
    for thread in shown.threads:
        left = lefts[thread]
        yield (
            f'<rect class="lane" x="{left}" y="{top}" width="{lane}" '
            f'height="{end - top}" rx="4"/>'
        )
        yield f'<text class="head" x="{left + 4}" y="{top + 12}">T{thread}</text>'


def _versions(placed: tuple[_Placed, ...]) -> Iterator[str]:
    """A line across the lanes where a version becomes the current one."""
    for one in placed:
        if one.row.version is not None:
            y = one.top + one.height + SPACE / 2
            yield f'<path class="version" d="M{GUTTER} {y} H{WIDTH}"/>'
            yield (
                f'<text class="version" x="{WIDTH - 3}" y="{y - 3}" '
                f'text-anchor="end">v{one.row.version}</text>'
            )


def _bar(
    bar: Bar, lefts: Mapping[int, int], placed: tuple[_Placed, ...]
) -> Iterator[str]:
    """A bar from the first row while it holds to the last one."""
    within = [
        one
        for one in placed
        if one.row.thread is not None and bar.begin <= one.row.first <= bar.end
    ]
    top, end = within[0].top, within[-1].top + within[-1].height
    place = next(i for i, kind in enumerate(BARS) if kind[0] == bar.name)
    left = lefts[bar.thread] + 2 + place * (BAR + 2)
    yield (
        f'<rect class="bar bar-{place}" x="{left}" y="{top}" width="{BAR}" '
        f'height="{end - top}" rx="2"><title>{bar.name}</title></rect>'
    )


def _box(one: _Placed, lefts: Mapping[int, int], lane: int) -> Iterator[str]:
    """The number of a step, and its words in a box."""
    row = one.row
    left = GUTTER if row.thread is None else lefts[row.thread] + INDENT
    width = _width(row, lane)
    kind = f"step {row.kind}{' broken' if row.broken else ''}"
    yield (
        f'<text class="number" x="{GUTTER - 6}" y="{one.top + PAD + 11}" '
        f'text-anchor="end">{row.first + 1}</text>'
    )
    yield f'<g class="{kind}">'
    yield (
        f'<rect x="{left}" y="{one.top}" width="{width}" height="{one.height}" rx="3"/>'
    )
    for number, line in enumerate(one.lines):
        y = one.top + PAD + 11 + number * LINE
        yield f'<text x="{left + PAD}" y="{y}">{escape(line)}</text>'
    yield "</g>"


def _legend(names: tuple[str, ...], top: int) -> Iterator[str]:
    left = float(GUTTER)
    for place, (name, _, _) in enumerate(BARS):
        if name in names:
            yield (
                f'<rect class="bar bar-{place}" x="{left}" y="{top}" width="{BAR}" '
                f'height="12" rx="2"/>'
            )
            yield f'<text class="number" x="{left + 9}" y="{top + 10}">{name}</text>'
            left += 9 + (len(name) + 3) * CHARACTER
