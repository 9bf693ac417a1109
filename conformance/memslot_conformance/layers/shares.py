"""How the layers of a target share its work: in rounds, each of them a turn for each.

Work is counted in steps and not in seconds, so that a seed repeats the turns whatever
the machine. The rounds grow: what any layer finds at once is found at once, and later
no layer is interrupted often.
"""

from __future__ import annotations

from collections.abc import Collection

LAYERS = ("fixed", "sampled", "sequential")

SHARES = {"fixed": 0.6, "sampled": 0.24, "sequential": 0.16}
"""How the work of a round is divided where no layer reaches more than another."""

COSTS = {"fixed": 1.0, "sampled": 1.1, "sequential": 1.6}
"""What a step of each layer costs, measured on the reference: one of a machine is
drawn, and on one thread everything is looked at after each operation."""

FIRST_ROUND = 20_000
"""Work of the first round: some tenths of a second."""

GROWTH = 1.5
LONGEST_ROUND = 250_000
"""Work of the longest round: some seconds, of which no start of a machine is much."""

KEPT = 0.25
"""How much of an older turn counts at the next one: all layers reach most at first."""

BOOST = 2.0
"""How much more than its share the layer may get that reaches the most anew: so many
times it, where that is much; where it is less than a thing in a round, hardly more."""


class Rounds:
    """The rounds of one target, and what each layer got out of its turns.

    A layer's rate is what it reached anew for its work, of late more than before.
    """

    def __init__(self) -> None:
        self._work = float(FIRST_ROUND)
        self._new: dict[str, float] = dict.fromkeys(LAYERS, 0.0)
        self._done: dict[str, float] = dict.fromkeys(LAYERS, 1.0)

    def note(self, layer: str, steps: int, new: int) -> None:
        """A turn of so many steps reached so many new things."""
        self._new[layer] = self._new[layer] * KEPT + new
        self._done[layer] = self._done[layer] * KEPT + steps * COSTS[layer]

    def steps(self, layers: Collection[str], *, owing: bool) -> dict[str, int]:
        """The steps of each layer's turn in the next round.

        Where the fixed races are `owing` the least that they are to do, they keep
        their share whatever the others reach.
        """
        # What each could be expected to reach with all of the round.
        hopes = {
            layer: self._new[layer] / self._done[layer] * self._work for layer in layers
        }
        best = max(hopes.values(), default=0.0)
        weights = {
            layer: SHARES[layer] * (1 + BOOST * hope / (1 + best))
            for layer, hope in hopes.items()
        }
        if owing and len(weights) > 1:
            others = sum(weights.values()) - weights["fixed"]
            least = SHARES["fixed"] / (1 - SHARES["fixed"]) * others
            weights["fixed"] = max(weights["fixed"], least)
        whole, work = sum(weights.values()), self._work
        self._work = min(work * GROWTH, LONGEST_ROUND)
        return {
            layer: max(round(work * weight / whole / COSTS[layer]), 1)
            for layer, weight in weights.items()
        }
