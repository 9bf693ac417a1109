"""What the terminal gives, and what it is given: columns, colour, printable text."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO


def report_width() -> int:
    """Columns for a report: the terminal's, between 80 and 120."""
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        columns = 100
    return max(80, min(columns, 120))


def wants_color(out: TextIO) -> bool:
    """A terminal, and nobody said NO_COLOR."""
    return out.isatty() and not os.environ.get("NO_COLOR")


STYLE = re.compile(r"(\x1b\[[0-9;]*m)")
"""What sets colour and weight, and nothing else of a terminal."""


def printable(text: str, *, styled: bool = False) -> str:
    """The text without what would steer a terminal; line ends stay.

    Of what is `styled`, what sets the style stays.
    """
    if styled:
        parts = STYLE.split(text)
        parts[::2] = map(printable, parts[::2])
        return "".join(parts)
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in text.replace("\t", "    ")
    )
