"""Runs the museum: is every mutant detected by a clause that it names?

The catalogue belongs to the reference and is loaded by name. A mutant that is
broken only at clauses it does not name is judged once more by those it names
alone: the first broken clause ends a history, and may hide the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from memslot_conformance.targets.resolve import MUSEUM
from memslot_spec.clauses import CLAUSES


class Mutant(Entry, Protocol):
    """An entry of the museum: one bug. Its `clauses` are those that it breaks."""

    @property
    def kind(self) -> str:
        """Whether it is of the "museum", or "planted"."""
        ...

    @property
    def since(self) -> str:
        """In which kernels the bug was."""
        ...

    @property
    def wrong(self) -> str:
        """What is wrong with it, in a sentence."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run on one mutant with one seed.

    `detected_by` are the clauses broken that the mutant names, `others` those
    broken that it does not name. The rest is about the first of the former:
    where and how fast it came, and the size of the failure once it was shrunk.
    `cut` says why a layer ended before it had done the least it is to do.
    """

    mutant: str
    seed: int
    detected_by: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    layer: str | None = None
    seconds: float | None = None
    operations: int | None = None
    preemptions: int | None = None
    broke: str | None = None
    cut: str | None = None

    @property
    def outcome(self) -> str:
        """What came of it, in a word."""
        if self.detected_by:
            return "detected"
        if self.broke is not None:
            return "error"
        return "survived" if self.cut is None else "had no time"


def catalogue() -> tuple[Mutant, ...]:
    """Every mutant, in the museum's order. Errors: `ImportError` without one."""
    mutants: tuple[Mutant, ...] = importlib.import_module(MUSEUM).CATALOGUE
    return mutants


def chosen(names: Sequence[str]) -> tuple[Mutant, ...]:
    """The mutants of these names, or all. Errors: `UnknownEntryError`."""
    return by_name(
        catalogue(), names, kind="mutant", listed_by="memslots museum --list"
    )


def run(
    mutants: Sequence[Mutant],
    settings: Settings,
    on_attempt: Callable[[Attempt], None],
) -> list[Attempt]:
    """Run every mutant with every seed; an attempt is told as soon as it is over."""
    attempts: list[Attempt] = []
    every = tuple(clause.id for clause in CLAUSES)
    for seed in range(settings.seed, settings.seed + settings.seeds):
        first = _round(mutants, settings, seed, lambda _: every)
        missed = [
            m for m in mutants if first[m.name].others and not first[m.name].detected_by
        ]
        again = _round(missed, settings, seed, lambda mutant: mutant.clauses)
        for mutant in mutants:
            attempt = first[mutant.name]
            if mutant.name in again:
                attempt = replace(again[mutant.name], others=attempt.others)
            attempts.append(attempt)
            on_attempt(attempt)
    return attempts


def _round(
    mutants: Sequence[Mutant],
    settings: Settings,
    seed: int,
    clauses: Callable[[Mutant], tuple[str, ...]],
) -> dict[str, Attempt]:
    heard = play_round("museum:", mutants, settings, seed, clauses, stop_at_first=True)
    return {m.name: _attempt(m, seed, heard[m.name]) for m in mutants}


def _attempt(mutant: Mutant, seed: int, records: Sequence[Record]) -> Attempt:
    found = [record for record in latest(records) if isinstance(record, Found)]
    named = [f for f in found if f.clause in mutant.clauses]
    broke = [r.what for r in records if isinstance(r, TargetFailed)]
    first = named[0] if named else None
    return Attempt(
        mutant=mutant.name,
        seed=seed,
        detected_by=tuple(f.clause for f in named),
        others=tuple(f.clause for f in found if f not in named),
        layer=None if first is None else first.layer,
        seconds=None if first is None else round(first.seconds, 3),
        operations=None if first is None else first.operations,
        preemptions=None if first is None else first.preemptions,
        broke=broke[0] if broke else None,
        cut=None if found else _cut(records),
    )


def _cut(records: Sequence[Record]) -> str | None:
    """Why too little was played for the mutant to have survived it."""
    layers = [record for record in records if isinstance(record, LayerDone)]
    if not any(layer.schedules for layer in layers):
        return "nothing was played"
    return next((layer.cut for layer in layers if layer.cut is not None), None)


def exit_status(attempts: Sequence[Attempt]) -> Exit:
    """1 where one survived, or only broke other clauses; 3 where one broke itself.

    4 where one had no time: that says nothing of it.
    """
    outcomes = {attempt.outcome for attempt in attempts}
    if "survived" in outcomes:
        return Exit.DOES_NOT_CONFORM
    if "error" in outcomes:
        return Exit.BROKE
    if "had no time" in outcomes:
        return Exit.INCONCLUSIVE
    return Exit.CONFORMS if attempts else Exit.NOTHING_RAN
