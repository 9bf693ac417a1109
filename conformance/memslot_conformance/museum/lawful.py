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
    TargetPlan,
    latest,
)
from memslot_conformance.layers import layers
from memslot_conformance.museum.run import Settings
from memslot_conformance.run import campaign
from memslot_conformance.run.verdicts import Exit
from memslot_conformance.spelling import close_to
from memslot_conformance.targets.resolve import LAWFUL
from memslot_spec.clauses import CLAUSES


class Variant(Protocol):
    """An entry of the catalogue: one unusual implementation that is right."""

    @property
    def name(self) -> str:
        """What it is called after `lawful:`."""
        ...

    @property
    def base(self) -> str:
        """The reference that was changed."""
        ...

    @property
    def profile(self) -> str:
        """The name of the profile it is to be held to."""
        ...

    @property
    def source(self) -> str:
        """The code or the document that does the same, or the argument."""
        ...

    @property
    def tag(self) -> str:
        """How it is known to be right."""
        ...

    @property
    def clauses(self) -> tuple[str, ...]:
        """The ids of the clauses it is there to come close to."""
        ...

    @property
    def unusual(self) -> str:
        """What is unusual about it, in a sentence."""
        ...


class UnknownVariantError(Exception):
    """No such variant; the message says what there is."""


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
    """The variants of these names, or all. Errors: `UnknownVariantError`."""
    known = {variant.name: variant for variant in catalogue()}
    for name in names:
        if name not in known:
            hint = close_to(name, known)
            message = (
                f"no lawful variant {name!r}; `memslots museum --lawful --list` "
                f"names them.{hint}"
            )
            raise UnknownVariantError(message)
    return tuple(known[name] for name in dict.fromkeys(names or known))


def run(
    variants: Sequence[Variant],
    settings: Settings,
    on_hearing: Callable[[Hearing], None],
) -> list[Hearing]:
    """Hold every variant to every clause with every seed.

    A hearing is told as soon as its seed is over.
    """
    hearings: list[Hearing] = []
    for seed in range(settings.seed, settings.seed + settings.seeds):
        heard = _round(variants, settings, seed)
        for variant in variants:
            hearing = hearing_of(variant.name, seed, heard[f"lawful:{variant.name}"])
            hearings.append(hearing)
            on_hearing(hearing)
    return hearings


def _round(
    variants: Sequence[Variant], settings: Settings, seed: int
) -> dict[str, list[Record]]:
    heard: dict[str, list[Record]] = {f"lawful:{v.name}": [] for v in variants}

    def hear(record: Record) -> None:
        heard[str(getattr(record, "target", ""))].append(record)

    plans = [
        TargetPlan(
            target=f"lawful:{variant.name}",
            profile=variant.profile,
            level=settings.level,
            seed=seed,
            layers=settings.layers,
            clauses=tuple(clause.id for clause in CLAUSES),
            seconds=settings.seconds,
            blind=settings.blind,
        )
        for variant in variants
    ]
    campaign.run(
        plans,
        jobs=settings.jobs,
        limits=campaign.WorkerLimits(),
        on_record=hear,
        work=layers.run_target,
    )
    return heard


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
