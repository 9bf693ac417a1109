"""What runs here: the installed version, and the processors."""

from __future__ import annotations

import os
from importlib import metadata


def version() -> str:
    """The version of the installed distribution."""
    try:
        return metadata.version("memslots")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def cpus() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))
