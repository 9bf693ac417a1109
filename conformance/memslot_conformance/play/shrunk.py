"""What a failure is made to, by whoever makes it small, and what still is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.scenario import Scenario

StillFails = Callable[[Played], bool]
"""The play fails as the one did that is made small."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left of a failing scenario, and the play that shows it.

    Where no schedule repeats it, it `came_again` so often in so many `replays`.
    """

    scenario: Scenario
    played: Played
    replays: int = 0
    came_again: int = 0
