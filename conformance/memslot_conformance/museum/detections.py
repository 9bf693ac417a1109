"""Detections: which clauses find a mutant in the fixed races, and in which of them.

Not only the first: where one clause has found the mutant, the others are asked
as if that one were not there. So a clause that alone finds a mutant is one
without which nobody would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from memslot_conformance.clock import Stopwatch
from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.layers.in_order import LEVEL, in_order
from memslot_conformance.museum.run import Mutant
from memslot_conformance.play.budget import Budget
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.isolation import isolated
from memslot_conformance.targets.resolve import resolve
from memslot_conformance.targets.worker import Send
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Event
from memslot_spec.history.header import Header
from memslot_spec.history.json_form import JsonForm
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import judge_events

PLAYS = 8_000
"""What may be played of all races of one mutant."""

SECONDS = 600.0
"""After so long a mutant is taken to hang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A clause finds a mutant: in which race, at which play, after what time."""

    clause: str
    mutant: str
    race: str
    blind: bool
    preemptions: int
    plays: int
    seconds: float


DETECTION: JsonForm[Detection] = JsonForm(Detection)


class MutantBrokeError(Exception):
    """A mutant was found by no clause: it broke by itself: it raised, or it hung."""


@dataclass(slots=True)
class Breaks:
    """Finds every clause that a history breaks, not only the first.

    The judge ends at the first finding. So that clause is left out and the rest
    are asked again, until nothing is found: clauses own no state, and none of
    them knows which others there are.
    """

    header: Header
    clauses: Sequence[AnyClause] = CLAUSES
    asked: dict[tuple[bool, frozenset[str]], ApplicableClauses] = field(
        default_factory=dict[tuple[bool, frozenset[str]], ApplicableClauses]
    )

    def of(self, events: Sequence[Event], *, is_blind: bool) -> tuple[str, ...]:
        """The clauses broken, in the order in which they are found."""
        seen = without_points(events) if is_blind else tuple(events)
        broken: list[str] = []
        while True:
            applicable = self._without(frozenset(broken), is_blind=is_blind)
            findings = judge_events(applicable, seen).findings
            if not findings:
                return tuple(broken)
            broken += [finding.clause for finding in findings]

    def _without(self, broken: frozenset[str], *, is_blind: bool) -> ApplicableClauses:
        applicable = self.asked.get((is_blind, broken))
        if applicable is None:
            header = blind(self.header) if is_blind else self.header
            left = [clause for clause in self.clauses if clause.id not in broken]
            applicable = self.asked[is_blind, broken] = ApplicableClauses(header, left)
        return applicable


def detections_of(mutant: Mutant, wanted: str | None = None) -> tuple[Detection, ...]:
    """Every clause that finds the mutant, with the first play in which it does.

    All races are played at no preemption, and deeper until the wanted clause has
    found it, by default the one that the mutant names first. Deeper than one
    preemption is gone only where no clause has.
    """
    target = resolve(f"museum:{mutant.name}", mutant.profile)
    breaks = Breaks(target.header)
    clause_wanted = mutant.clauses[0] if wanted is None else wanted
    detections: dict[str, Detection] = {}
    watch = Stopwatch()
    plays = in_order(target, max(BOUNDS[LEVEL].values()), Budget(plays=PLAYS))
    for number, (level, race, played) in enumerate(plays, start=1):
        if detections and (level > 1 or (level and clause_wanted in detections)):
            break
        for is_blind in (False, True):
            for clause in breaks.of(played.events, is_blind=is_blind):
                if clause not in detections:
                    detections[clause] = Detection(
                        clause=clause,
                        mutant=mutant.name,
                        race=race,
                        blind=is_blind,
                        preemptions=played.preemptions,
                        plays=number,
                        seconds=round(watch.seconds, 3),
                    )
    return tuple(detections.values())


def detections(mutants: Sequence[Mutant], *, jobs: int) -> tuple[Detection, ...]:
    """What finds these mutants, each in a process of its own.

    A clause that has found none by then is tried on every mutant that names it.
    Errors: `MutantBrokeError`.
    """
    found = list(_spread([(mutant, None) for mutant in mutants], jobs))
    known = {detection.clause for detection in found}
    missed = [
        (mutant, clause)
        for mutant in mutants
        for clause in mutant.clauses
        if clause not in known
    ]
    places = {(detection.mutant, detection.clause) for detection in found}
    for detection in _spread(missed, jobs):
        if (detection.mutant, detection.clause) not in places:
            places.add((detection.mutant, detection.clause))
            found.append(detection)
    return tuple(found)


def _spread(
    work: Sequence[tuple[Mutant, str | None]], jobs: int
) -> Iterable[Detection]:
    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as executor:
        for of_one in executor.map(_apart, work):
            yield from of_one


def _apart(work: tuple[Mutant, str | None]) -> list[Detection]:
    """`detections_of` in a process of its own. Errors: `MutantBrokeError`."""
    mutant, wanted = work
    lines: list[str] = []
    broken = isolated(
        partial(_send_detections, mutant, wanted), lines.append, seconds=SECONDS
    )
    if broken is not None:
        message = f"{mutant.name}: {broken.what}"
        raise MutantBrokeError(message)
    return [DETECTION.from_text(line) for line in lines]


def _send_detections(
    mutant: Mutant, wanted: str | None, send: Send, crash: CrashRecord
) -> None:
    crash.say(f"museum:{mutant.name}")
    for detection in detections_of(mutant, wanted):
        send(DETECTION.to_text(detection))
