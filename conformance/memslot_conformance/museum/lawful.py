"""Runs the lawful wing: is any variant accused by any clause?

The catalogue belongs to the reference and is loaded by name. Silence is worth
something only where something was played and judged, so a run says how much.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    latest,
)
from memslot_conformance.museum.entries import Entry, Settings, by_name, play_round
from memslot_conformance.run.exits import Exit
from memslot_conformance.targets.resolve import LAWFUL
from memslot_spec.clauses import CLAUSES


class Variant(Entry, Protocol):
    """An entry of the wing: one unusual implementation that is right.

    Its `clauses` are those that it is there to come close to.
    """

    @property
    def base(self) -> str:
        """The reference that was changed."""
        ...

    @property
    def unusual(self) -> str:
        """What is unusual about it, in a sentence."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One run on one variant with one seed.

    `accused_by` are the clauses broken. `schedules` is what was played, `judged`
    how many clauses were asked at least once; `cut` says which layers ended early,
    and why.
    """

    variant: str
    seed: int
    accused_by: tuple[str, ...] = ()
    schedules: int = 0
    judged: int = 0
    cut: tuple[str, ...] = ()
    broke: str | None = None

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        if self.accused_by:
            return f"accused by {', '.join(self.accused_by)}"
        if self.broke is not None:
            return f"error: {self.broke.partition(chr(10))[0]}"
        if not self.schedules or not self.judged:
            return "had no time"
        return "not accused"

    @property
    def status(self) -> Exit:
        """The exit status that it alone would have."""
        if self.accused_by:
            return Exit.DOES_NOT_CONFORM
        if self.broke is not None:
            return Exit.BROKE
        if not self.schedules or not self.judged:
            return Exit.INCONCLUSIVE
        return Exit.CONFORMS


def catalogue() -> tuple[Variant, ...]:
    """Every variant, in the wing's order. Errors: `ImportError` without one."""
    variants: tuple[Variant, ...] = importlib.import_module(LAWFUL).CATALOGUE
    return variants


def chosen(names: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of these names, or all. Errors: `UnknownEntryError`."""
    listed_by = "memslots museum --lawful --list"
    return by_name(catalogue(), names, kind="lawful variant", listed_by=listed_by)


def run(
    variants: Sequence[Variant],
    settings: Settings,
    on_hearing: Callable[[Hearing], None],
) -> list[Hearing]:
    """Hold every variant to every clause with every seed.

    A hearing is told as soon as its seed is over.
    """
    hearings: list[Hearing] = []
    every = tuple(clause.id for clause in CLAUSES)
    for seed in range(settings.seed, settings.seed + settings.seeds):
        heard = play_round("lawful:", variants, settings, seed, lambda _: every)
        for variant in variants:
            hearing = hearing_of(variant.name, seed, heard[variant.name])
            hearings.append(hearing)
            on_hearing(hearing)
    return hearings


def hearing_of(variant: str, seed: int, records: Sequence[Record]) -> Hearing:
    """What the records of one run on one variant say."""
    found = [r.clause for r in latest(records) if isinstance(r, Found)]
    done = [record for record in records if isinstance(record, LayerDone)]
    broke = [record.what for record in records if isinstance(record, TargetFailed)]
    reached = {c for record in done for c, times in record.reached.items() if times}
    return Hearing(
        variant=variant,
        seed=seed,
        accused_by=tuple(dict.fromkeys(found)),
        schedules=sum(record.schedules for record in done),
        judged=len(reached),
        cut=tuple(f"{r.layer}: {r.cut}" for r in done if r.cut is not None),
        broke=broke[0] if broke else None,
    )


def exit_status(hearings: Sequence[Hearing]) -> Exit:
    """1 where one was accused, 3 where one broke, 4 where one was not played."""
    said = {hearing.status for hearing in hearings}
    for status in (Exit.DOES_NOT_CONFORM, Exit.BROKE, Exit.INCONCLUSIVE):
        if status in said:
            return status
    return Exit.CONFORMS if said else Exit.INCONCLUSIVE
