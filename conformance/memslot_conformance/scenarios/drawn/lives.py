"""How long a VM lives: a hundred operations most often, and at times thousands.

Whatever is counted goes round only in a long life: generations, roots, handles.
"""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.scenario_weights import PACES

SHORTEST, LONGEST = 40, 250
"""Operations of a life at the usual pace."""


def draw_life(choices: Choices) -> int:
    """How many operations one VM is asked."""
    return choices.pick(PACES) * choices.between(SHORTEST, LONGEST)
