"""What the machine and the terminal give: processors, columns, colour."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import TextIO


def version() -> str:
    """The version of the installed distribution."""
    try:
        return metadata.version("memslots")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def cpus() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))


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
