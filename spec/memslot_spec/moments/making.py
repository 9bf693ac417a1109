"""How a moment is made: of which event, or of which other moment, and by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from memslot_spec.facts.facts import Facts

S_contra = TypeVar("S_contra", contravariant=True)
M_co = TypeVar("M_co", covariant=True)

MakeMoment = Callable[[Facts, object], object | None]
"""Makes a moment of an event of its source, or None where there is none."""


@dataclass(frozen=True, slots=True)
class Making(Generic[S_contra, M_co]):
    """A kind of moment: what it is made of (`source`), and how (`make`).

    `make` sees the facts before the event, as a clause does, and gives None where
    the event is no such moment.
    """

    kind: type[M_co]
    source: type[S_contra]
    make: Callable[[Facts, S_contra], M_co | None]


AnyMaking = Making[Any, object]
"""How a moment of any kind is made."""

Makings = tuple[AnyMaking, ...]
"""How the moments of one domain are made."""
