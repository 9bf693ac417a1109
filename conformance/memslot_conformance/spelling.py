"""A name that is none, and the known one that it is nearest to."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def close_to(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest of the known names, if any is near."""
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
