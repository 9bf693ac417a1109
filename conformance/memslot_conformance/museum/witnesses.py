"""Witnesses: plays of a reference in which a clause's premise holds.

There the clause is asked, and accuses nobody. A clause without a witness may
never have been asked at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from memslot_conformance.findings.trial import Trial
from memslot_conformance.layers.in_order import in_order
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.drawings import drawing_of
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34

REFERENCES: tuple[tuple[str, str], ...] = (
    *(("reference", profile.name) for profile in PROFILES),
    ("reference-linux", LINUX.name),
    ("reference-ranges", LINUX.name),
)
"""The targets that keep every clause, each with a profile it is held to."""

BESIDE: tuple[tuple[str, str], ...] = (
    ("lawful:scans-user-slots", V2_6_34.name),
    ("lawful:covers-ranges", LINUX.name),
    ("lawful:cuts-ranges", LINUX.name),
)
"""Who comes to what no reference does: a user slot may lie over a private one, and
ranges may be removed by frames that cover them, or cut them."""

SEED = 1
DRAWN = 60
"""So many drawn races beside the fixed ones, from this seed."""

SCHEDULES = 3
"""Random schedules of each drawn race."""

PREEMPTIONS = 1
"""How deep the fixed races are explored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Where a reference came to a clause's premise.

    `layer` is "fixed" or "drawn", `race` the first race that reached it, `times`
    how often it was reached in all of the layer; `blind` with points removed.
    """

    clause: str
    target: str
    profile: str
    layer: str
    race: str
    blind: bool
    times: int


@dataclass(slots=True)
class _Count:
    """How often a premise held, and where first."""

    race: str
    times: int = 0


def witnesses(
    clauses: Sequence[AnyClause] = CLAUSES,
    references: Iterable[tuple[str, str]] = (*REFERENCES, *BESIDE),
    *,
    drawn: int = DRAWN,
) -> tuple[Witness, ...]:
    """Where the references come to these clauses: fixed races, then drawn ones.

    Errors: `ValueError` where a clause accuses a reference.
    """
    found: list[Witness] = []
    for name, profile in references:
        target = resolve(name, profile)
        found += _of_layer(target, "fixed", _fixed(target), clauses)
        found += _of_layer(target, "drawn", _drawn(target, drawn), clauses)
    place = {clause.id: number for number, clause in enumerate(clauses)}
    return tuple(sorted(found, key=lambda witness: place[witness.clause]))


def first_witnesses(clause: AnyClause) -> tuple[Witness, ...]:
    """The first play of each reference that comes to this clause, if one does.

    Where none does, that of the targets beside them.
    """
    return _first(clause, REFERENCES) or _first(clause, BESIDE)


def _first(
    clause: AnyClause, references: Iterable[tuple[str, str]]
) -> tuple[Witness, ...]:
    found: list[Witness] = []
    for name, profile in references:
        if profile not in clause.profiles:
            continue
        target = resolve(name, profile)
        for race, played in _fixed(target):
            seen = _of_layer(target, "fixed", ((race, played),), (clause,))
            if seen:
                found.append(seen[0])
                break
    return tuple(found)


def unwitnessed(
    clauses: Sequence[AnyClause] = CLAUSES,
    references: Sequence[tuple[str, str]] = (*REFERENCES, *BESIDE),
) -> tuple[str, ...]:
    """The clauses that no reference comes to in the fixed races.

    Plays no more than it takes to know. Errors: `ValueError` where a clause
    accuses a reference.
    """
    left = {clause.id: clause for clause in clauses}
    for deepest in range(PREEMPTIONS + 1):
        for name, profile in references:
            asked = [c for c in left.values() if profile in c.profiles]
            _strike_out(resolve(name, profile), deepest, asked, left)
    return tuple(left)


def _strike_out(
    target: Target,
    deepest: int,
    asked: Sequence[AnyClause],
    left: dict[str, AnyClause],
) -> None:
    """Take out of `left` what the target's races come to."""
    waiting = {clause.id for clause in asked}
    trials = tuple(Trial(target.header, tuple(asked), b) for b in (False, True))
    counts: dict[tuple[str, bool], _Count] = {}
    for _, race, played in in_order(target, deepest):
        if not waiting:
            return
        for trial in trials:
            _count(trial, race, played, counts)
        for clause, _blind in counts:
            waiting.discard(clause)
            left.pop(clause, None)


def _of_layer(
    target: Target,
    layer: str,
    plays: Iterable[tuple[str, Played]],
    clauses: Sequence[AnyClause],
) -> list[Witness]:
    counts: dict[tuple[str, bool], _Count] = {}
    trials = tuple(Trial(target.header, tuple(clauses), b) for b in (False, True))
    for race, played in plays:
        for trial in trials:
            _count(trial, race, played, counts)
    return [
        Witness(
            clause=clause,
            target=target.name,
            profile=target.profile.name,
            layer=layer,
            race=count.race,
            blind=is_blind,
            times=count.times,
        )
        for (clause, is_blind), count in counts.items()
    ]


def _count(
    trial: Trial,
    race: str,
    played: Played,
    counts: dict[tuple[str, bool], _Count],
) -> None:
    judgement = trial.judge(played)
    for finding in judgement.findings:
        message = f"{finding.clause} accuses {trial.header.target} in {race!r}"
        raise ValueError(message)
    for clause, times in judgement.reached.items():
        if times:
            key = clause, trial.is_blind
            counts.setdefault(key, _Count(race)).times += times


def _fixed(target: Target) -> Iterator[tuple[str, Played]]:
    for _, race, played in in_order(target, PREEMPTIONS):
        yield race, played


def _drawn(target: Target, races: int) -> Iterator[tuple[str, Played]]:
    """A pinned number of drawn races, each under a few random schedules."""
    rng = Random(SEED)
    palette = palette_of(target.header)
    for number in range(1, races + 1):
        scenario = drawing_of(palette, Seeded(rng)).scenario()
        for played in sampled(target.make, scenario, rng, SCHEDULES):
            yield f"drawn race {number}", played
