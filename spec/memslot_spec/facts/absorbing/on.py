"""How a domain says what an event adds: the kind of event, with a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from memslot_spec.facts.facts import Facts, by_kind

E = TypeVar("E")

Absorb = Callable[[Facts, object], None]
"""Adds to the facts what an event of one kind tells."""

Additions = tuple[tuple[type, Absorb], ...]
"""What the events of some kinds add, each kind with its function."""


def on(kind: type[E], action: Callable[[Facts, E], None]) -> tuple[type, Absorb]:
    """An event of this kind adds what the function does."""
    return kind, by_kind(action)
