"""What draws for a target: one by slot ids and one by ranges are asked other things."""

from __future__ import annotations

from collections import Counter

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.races import Drawing, draw_race
from memslot_conformance.scenarios.drawn.range_drawing import RangeDrawing
from memslot_conformance.scenarios.drawn.requests import Palette
from memslot_conformance.scenarios.drawn.rounds import draw_round
from memslot_conformance.scenarios.scenario import Scenario


def drawing_of(palette: Palette, rng: Choices) -> Drawing | RangeDrawing:
    """What draws the operations of one scenario."""
    if palette.header.domain.ranges is None:
        return Drawing(palette, rng)
    return RangeDrawing(palette, rng)


def race_of(
    palette: Palette, rng: Choices, met: Counter[str], dealt: Counter[str]
) -> Scenario:
    """The next race of a target; `met` and `dealt` as in `draw_race`."""
    if palette.header.domain.ranges is None:
        return draw_race(palette, rng, met, dealt)
    return RangeDrawing(palette, rng).scenario()


def round_of(palette: Palette, rng: Choices) -> Scenario:
    """A race for threads that nobody steps."""
    if palette.header.domain.ranges is None:
        return draw_round(palette, rng)
    return RangeDrawing(palette, rng).round()
