"""How long a VM lives: a hundred operations most often, and at times thousands.

Whatever is counted goes round only in a long life: generations, roots, handles.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.weights import PACES


@dataclass(frozen=True, slots=True)
class Life:
    """How many times as many operations as usual a VM is asked."""

    pace: int = 1


def draw_life(rng: Choices) -> Life:
    """How long one VM lives."""
    return Life(rng.pick(PACES))
