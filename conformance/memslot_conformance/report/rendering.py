"""Text set by rich: parts put together, and the lines that they give.

The one place that knows of columns, wrapping and colour. Nothing of the surroundings
has a say in it: the same parts give the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from memslot_conformance.report.console import printable

GAP = 2
"""Blanks between columns."""

NARROWEST_TEXT = 30
"""Columns of a text beside its label at least, even where that exceeds the width."""

LABEL = 9
"""Columns of the labels that begin a line, with the blanks after them."""

UNBOUND = 1 << 20
"""A width that nothing reaches: what is to be narrower has a width of its own."""

BROKEN = "bold red"
"""The style of what broke."""


def shown(text: str, style: str = "") -> Text:
    """Text that goes on below itself where it is too long; markup in it is text."""
    return Text(printable(text), style)


def line(text: str, style: str = "") -> Text:
    """Text that stays on its line, however long, so that it can be copied."""
    return Text(printable(text), style, overflow="ignore")


def labelled(label: str, text: str, style: str = "", *, column: int = LABEL) -> Text:
    """A line behind its label, which is as wide as all labels are."""
    return line(set_cell_size(label, column) + text, style)


def grid(widths: Sequence[int], *, gap: int = GAP, right: Sequence[int] = ()) -> Table:
    """A table without lines, its columns of these widths whatever room there is.

    The columns whose numbers are in `right` end under each other.
    """
    table = Table.grid(padding=(0, gap, 0, 0))
    # Rich takes a last column of no width, which has no blanks after it, for one of 1.
    sized = [*widths[:-1], *(max(width, 1) for width in widths[-1:])]
    for number, width in enumerate(sized):
        justify: JustifyMethod = "right" if number in right else "left"
        table.add_column(width=width, overflow="fold", justify=justify)
    table.width = sum(sized) + gap * (len(sized) - 1) if sized else None
    return table


def columns(
    rows: Sequence[Sequence[str]],
    *,
    indent: int = 0,
    least: Sequence[int] = (),
    right: Sequence[int] = (),
) -> RenderableType:
    """Rows of cells, every column as wide as its widest cell, or as `least` says."""
    told = [[*map(printable, row)] for row in rows]
    widths = [
        max(cell_len(part) for cell in column for part in cell.split("\n"))
        for column in zip(*told, strict=True)
    ]
    widths[: len(least)] = map(max, widths, least)
    left = [indent - GAP] * bool(indent)
    table = grid([*left, *widths], right=[number + len(left) for number in right])
    for row in told:
        table.add_row(*[""] * len(left), *map(shown, row))
    return table


def entries(rows: Sequence[Sequence[str]], width: int) -> RenderableType:
    """Labels under each other, and beside them texts that go on below themselves."""
    labels = [[*map(printable, row[:-1])] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*labels, strict=True)]
    room = width - GAP - sum(widths) - GAP * len(widths)
    table = grid([0, *widths, max(room, NARROWEST_TEXT)])
    for before, row in zip(labels, rows, strict=True):
        text = " ".join(row[-1].split("\n"))
        table.add_row("", *map(shown, before), shown(text))
    return table


def rendered(parts: Iterable[RenderableType], *, color: bool = False) -> list[str]:
    """The lines of the parts, which have their widths, without blanks at their ends."""
    out = StringIO()
    console = Console(
        file=out,
        width=UNBOUND,
        height=1,
        color_system="standard" if color else None,
        force_terminal=color,
        force_interactive=False,
        force_jupyter=False,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    for segments in Segment.split_lines(console.render(Group(*parts))):
        # What has one style from side to side is written as one.
        text = Text(overflow="ignore")
        for segment in Segment.simplify(segments):
            text.append(segment.text, segment.style)
        text.rstrip()
        console.print(text, soft_wrap=True)
    return out.getvalue().split("\n")[:-1]
