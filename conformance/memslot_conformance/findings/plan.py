"""What a worker is to do, as its supervisor tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlan:
    """What one worker does: a target, held to some clauses by some layers.

    `seconds` bounds the whole target, `plays` what each of its layers plays, where
    it is given. `layers` are names out of
    `layers.LAYERS`; `blind` judges the same schedules with points removed.
    `engine`, out of `layers.ENGINES`, draws for the sequential layer.

    A target may be played in `parts`: `part` says which of them, counted from 0. With
    `scenarios`, each drawn layer of the target plays so many in all, the fixed races
    come to their least depth, and no clock ends anything; `seconds` is then what a
    part may take before it hangs. A finding that breaks only `known` clauses is not
    made small, for another part has.
    """

    target: str
    profile: str | None
    level: str
    seed: int
    layers: tuple[str, ...]
    clauses: tuple[str, ...]
    seconds: float
    failures_dir: str | None = None
    blind: bool = False
    stop_at_first: bool = False
    engine: str = "seeded"
    plays: int | None = None
    parts: int = 1
    part: int = 0
    scenarios: int | None = None
    known: tuple[str, ...] = ()

    @property
    def share(self) -> int | None:
        """The scenarios that each drawn layer plays in this part; None without end."""
        if self.scenarios is None:
            return None
        before = self.scenarios * self.part // self.parts
        return self.scenarios * (self.part + 1) // self.parts - before

    @property
    def is_whole(self) -> bool:
        """It is all of its target's work."""
        return self.parts == 1
