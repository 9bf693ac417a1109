"""What may be drawn for one target, and one operation of it."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.corner import draw_corner
from memslot_conformance.scenarios.drawn.kinds import BY_NAME
from memslot_conformance.scenarios.drawn.regions import draw_set_region
from memslot_conformance.scenarios.drawn.scenario_weights import KINDS_OF_A_RACE
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_spec.history.header import Header
from memslot_spec.model.operations import Operation, SetRegion

REQUEST = SetRegion.__name__

LAST_OF_ALL = "DestroyVm"
"""Drawn by nobody: nothing may be asked after it. The fixed scenarios have it."""


@dataclass(frozen=True, slots=True)
class Palette:
    """What may be drawn for one target.

    `kinds` names each kind of operation as often as it is to be drawn.
    """

    header: Header
    kinds: tuple[str, ...]

    def situation(self, rng: Choices) -> Situation:
        """A corner of an empty VM."""
        return Situation(
            rng=rng, header=self.header, corner=draw_corner(rng, self.header)
        )

    def draw(self, rng: Choices) -> Operation:
        """One operation on an empty VM."""
        return self.draw_in(self.situation(rng))

    def draw_request(self, rng: Choices) -> SetRegion:
        """One request to an empty VM."""
        return draw_set_region(self.situation(rng))

    def draw_in(self, draw: Situation) -> Operation:
        """One operation in a situation."""
        return self.draw_kind(draw, draw.rng.choice(self.kinds))

    def draw_kind(self, draw: Situation, kind: str) -> Operation:
        """One operation of this kind in a situation."""
        return BY_NAME[kind].draw(draw)


def palette_of(header: Header) -> Palette:
    """Everything that the target supports."""
    kinds: list[str] = []
    for name in header.capabilities.operations:
        if name != LAST_OF_ALL:
            kinds.extend([name] * BY_NAME[name].weight)
    return Palette(header, tuple(kinds))


def narrowed(palette: Palette, rng: Choices) -> Palette:
    """A palette of one to three kinds of the other, requests always among them.

    Races of few kinds are met more often than races of all.
    """
    others = [kind for kind in palette.kinds if kind != REQUEST]
    if not others:
        return palette
    chosen = tuple({rng.choice(others) for _ in range(rng.choice(KINDS_OF_A_RACE))})
    return Palette(palette.header, (REQUEST, *sorted(chosen) * 2))
