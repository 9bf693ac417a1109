"""Lawful neighbours: how close to a clause does what is lawful come?

A variant is a neighbour of a clause in a race in which its reference comes to the
clause. The clause is asked about the variant too, accuses nothing, and what its check
reads of the variant's history is in no history that the reference makes of the race,
at any schedule of as many preemptions. A clause that only knew the reference by heart
would accuse it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from random import Random

from memslot_conformance.findings.trial import Trial
from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.layers.in_order import LEVEL
from memslot_conformance.museum import exempt
from memslot_conformance.museum.lawful import Variant
from memslot_conformance.museum.reads import Reads, Recorded, reads
from memslot_conformance.museum.witnesses import DRAWN, PREEMPTIONS, SEED
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.explore import replay
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.drawings import drawing_of
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.isolation import isolated
from memslot_conformance.targets.resolve import Target, resolve
from memslot_conformance.targets.worker import Send
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.json_form import JsonForm

SCHEDULES = 4
"""So many of a race's schedules, spread over all of them, a variant is played with;
beside them it is those in which its reference comes to a clause for the first time."""

SECONDS = 600.0
"""After so long a group of variants is taken to hang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A variant comes close to a clause: in which race, first."""

    clause: str
    variant: str
    race: str
    preemptions: int


NEIGHBOUR: JsonForm[Neighbour] = JsonForm(Neighbour)


class AccusedError(Exception):
    """A clause accuses a variant, or it broke, or it could not be played."""


@dataclass(frozen=True, slots=True)
class _Race:
    """A race, and up to how many preemptions it is explored."""

    name: str
    scenario: Scenario
    bound: int


class _Reference:
    """What a reference does in one race, at every schedule within the bound."""

    def __init__(self, target: Target, race: _Race, trials: Sequence[Trial]) -> None:
        plays = tuple(bounded(target.make, race.scenario, race.bound))
        asked = tuple(_asked(trials, played) for played in plays)
        self.schedules = tuple(plays[at].schedule for at in _telling(asked))
        self.reached = frozenset[str]().union(*asked)
        self._recorded = tuple(Recorded(played.events) for played in plays)
        self._seen: dict[Reads, frozenset[Hashable]] = {}

    def makes(self, recorded: Recorded, what: Reads) -> bool:
        """Such a check sees in one of its histories what it sees in this one."""
        seen = self._seen.get(what)
        if seen is None:
            every = (one.as_read(what) for one in self._recorded)
            seen = self._seen[what] = frozenset(every)
        return recorded.as_read(what) in seen


@dataclass(slots=True)
class _Candidate:
    """A variant, and the clauses that it has not come close to yet."""

    target: Target
    trials: tuple[Trial, ...]
    lacking: set[str] = field(default_factory=set[str])


def neighbours_of(
    variants: Sequence[Variant], *, drawn: int = DRAWN
) -> tuple[Neighbour, ...]:
    """Where these variants, all of one base and profile, come close to clauses.

    Every clause is asked, and those that are exempt are not looked for.
    Errors: `AccusedError`.
    """
    base = resolve(variants[0].base, variants[0].profile)
    read = {c.id: reads(c) for c in CLAUSES if c.id not in exempt.IDS}
    trials = _trials(base)
    candidates: list[_Candidate] = []
    for variant in variants:
        target = resolve(f"lawful:{variant.name}")
        candidates.append(_Candidate(target, _trials(target), set(read)))
    found: list[Neighbour] = []
    for race in _races(base, drawn):
        reference = _Reference(base, race, trials)
        for candidate in candidates:
            found += _close_in(race, reference, candidate, read)
    return tuple(found)


def _close_in(
    race: _Race, reference: _Reference, candidate: _Candidate, read: dict[str, Reads]
) -> Iterator[Neighbour]:
    make, lacking = candidate.target.make, candidate.lacking
    for schedule in reference.schedules:
        wanted = reference.reached & lacking
        if not wanted:
            return
        played = replay(make, race.scenario, schedule)
        if played.preemptions > race.bound:
            continue
        recorded = Recorded(played.events)
        new = [c for c in wanted if not reference.makes(recorded, read[c])]
        if not new:
            continue
        asked = _asked(candidate.trials, played)
        for clause in sorted(asked.intersection(new)):
            lacking.discard(clause)
            yield Neighbour(
                clause=clause,
                variant=candidate.target.name.removeprefix("lawful:"),
                race=race.name,
                preemptions=played.preemptions,
            )


def _asked(trials: Sequence[Trial], played: Played) -> frozenset[str]:
    """The clauses that were asked about a play. Errors: `AccusedError`."""
    asked: set[str] = set()
    for trial in trials:
        judgement, name = trial.judge(played), trial.header.target
        for finding in judgement.findings:
            message = f"{finding.clause} accuses {name}: {finding.observed}"
            raise AccusedError(message)
        if played.error is not None:
            message = f"{name} broke: {played.error.message}"
            raise AccusedError(message)
        asked.update(c for c, times in judgement.reached.items() if times)
    return frozenset(asked)


def _trials(target: Target) -> tuple[Trial, ...]:
    return tuple(Trial(target.header, CLAUSES, b) for b in (False, True))


def _races(target: Target, drawn: int) -> Iterator[_Race]:
    """The fixed races, and a pinned number of drawn ones without preemption."""
    for race in fixed_races(target.header):
        threads = max(len(race.scenario.threads), 1)
        bound = min(PREEMPTIONS, BOUNDS[LEVEL][threads])
        yield _Race(race.name, race.scenario, bound)
    rng, palette = Seeded(Random(SEED)), palette_of(target.header)
    for number in range(1, drawn + 1):
        yield _Race(f"drawn race {number}", drawing_of(palette, rng).scenario(), 0)


def _telling(asked: Sequence[frozenset[str]]) -> Iterator[int]:
    """Which plays are repeated: some far apart, and those where a clause is new."""
    stride = max(-(-len(asked) // SCHEDULES), 1)
    known: set[str] = set()
    for at, clauses in enumerate(asked):
        if at % stride == 0 or clauses - known:
            known |= clauses
            yield at


def neighbours(variants: Sequence[Variant], *, jobs: int) -> tuple[Neighbour, ...]:
    """Where all these variants come close, some of them in each process.

    Errors: `AccusedError`.
    """
    work = list(_groups(variants, jobs))
    place = {variant.name: number for number, variant in enumerate(variants)}
    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as executor:
        found = [one for part in executor.map(_apart, work) for one in part]
    return tuple(sorted(found, key=lambda one: place[one.variant]))


def _groups(variants: Iterable[Variant], jobs: int) -> Iterator[tuple[Variant, ...]]:
    """Variants of one base and profile, as many groups as keep every job at work."""
    of_base: dict[tuple[str, str], list[Variant]] = {}
    for variant in variants:
        of_base.setdefault((variant.base, variant.profile), []).append(variant)
    for group in of_base.values():
        parts = min(jobs, len(group))
        for first in range(parts):
            yield tuple(group[first::parts])


def _apart(variants: tuple[Variant, ...]) -> list[Neighbour]:
    """`neighbours_of` in a process of its own. Errors: `AccusedError`."""
    lines: list[str] = []
    broken = isolated(partial(_send, variants), lines.append, seconds=SECONDS)
    if broken is not None:
        message = f"{broken.last}: {broken.what}"
        raise AccusedError(message)
    return [NEIGHBOUR.from_text(line) for line in lines]


def _send(variants: tuple[Variant, ...], send: Send, crash: CrashRecord) -> None:
    crash.say(f"lawful variants {', '.join(v.name for v in variants)}")
    for neighbour in neighbours_of(variants):
        send(NEIGHBOUR.to_text(neighbour))
