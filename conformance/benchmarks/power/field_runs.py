"""One mutant is played to its first finding, within some seconds of the processor.

It is played in this process by what a worker does. A finding is taken as it is met:
how small it can be made says nothing of whether the mutant is found.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from time import process_time

from field_mutants import PREFIX, FieldMutant
from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
)
from memslot_conformance.layers.layers import run_target
from memslot_conformance.layers.shares import LAYERS
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES

FINDING, DISAGREES, BROKE = "finding", "error", "broke"
UNDETECTED, UNMET, EQUAL = "undetected", "never met", "equal"
DETECTED = frozenset({FINDING, DISAGREES})
"""What may come of a mutant. `broke` is an error that does not say what disagrees;
`equal` is one that never said anything else than its reference. Of one that is `never
met` no clause is broken, but some are inconclusive that its reference passes."""

OFTEN = 100
"""In so many histories of a reference a premise holds where that is no luck."""

NAMING = (f"{TargetError.__name__}: ", "its points contradict its introspection: ")
"""What an error says that names what disagrees."""

GRACE = 3
"""So many times its seconds a mutant may take before it is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one mutant: the clause broken or the error, after so many seconds.

    `times` counts how often it said something else than its reference; `schedules`
    those that were played, where it was not found.
    """

    mutant: str
    outcome: str
    by: str
    seconds: float
    times: int
    schedules: int
    seed: int
    max_time: float

    @property
    def is_detected(self) -> bool:
        """A finding, or an error that names what disagrees."""
        return self.outcome in DETECTED


class _EnoughError(Exception):
    """The first finding or error has been heard."""


class _OverrunError(Exception):
    """It went on far beyond its time."""


def run_one(mutant: FieldMutant, seed: int, max_time: float) -> Result:
    """Play a mutant, its reference being held to every clause."""
    begun = process_time()
    heard: list[Found | TargetFailed] = []
    layers: list[LayerDone] = []

    def hear(record: Record) -> None:
        if isinstance(record, Found | TargetFailed):
            heard.append(record)
            raise _EnoughError
        if isinstance(record, LayerDone):
            layers.append(record)

    plan = _plan(PREFIX + mutant.name, mutant.profile, seed, max_time)
    mutant.times = 0
    overran = _Alarm(max_time * GRACE)
    raised = ""
    try:
        with suppress(_EnoughError), overran:
            run_target(plan, hear, CrashRecord(), clock=process_time)
    except Exception as error:  # noqa: BLE001 - what a mutant raises is its result
        raised = f"{type(error).__name__}: {error}"
    outcome, by = _outcome(heard, raised, mutant)
    if overran.rang:
        outcome, by = UNDETECTED, f"went on for {max_time * GRACE} s"
    elif outcome == UNDETECTED:
        usual = _reached_by(mutant.base, mutant.profile, seed, max_time)
        met = _histories(layers)
        unmet = [c for c, count in usual.items() if count >= OFTEN and not met[c]]
        outcome, by = (UNMET, " ".join(unmet)) if unmet else (outcome, by)
    return Result(
        mutant=mutant.name,
        outcome=outcome,
        by=by,
        seconds=round(process_time() - begun, 2),
        times=mutant.times,
        schedules=sum(layer.schedules for layer in layers),
        seed=seed,
        max_time=max_time,
    )


def _plan(target: str, profile: str, seed: int, seconds: float) -> TargetPlan:
    return TargetPlan(
        target=target,
        profile=profile,
        level="standard",
        seed=seed,
        layers=LAYERS,
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=seconds,
        stop_at_first=True,
    )


@cache
def _reached_by(base: str, profile: str, seed: int, seconds: float) -> Counter[str]:
    """In how many histories the premise of each clause holds of a reference."""
    layers: list[LayerDone] = []

    def hear(record: Record) -> None:
        if isinstance(record, LayerDone):
            layers.append(record)

    plan = _plan(base, profile, seed, seconds)
    run_target(plan, hear, CrashRecord(), clock=process_time)
    return _histories(layers)


def _histories(layers: Iterable[LayerDone]) -> Counter[str]:
    return sum((Counter(layer.histories) for layer in layers), Counter[str]())


def _outcome(
    heard: list[Found | TargetFailed], raised: str, mutant: FieldMutant
) -> tuple[str, str]:
    for record in heard:
        if isinstance(record, Found):
            return FINDING, record.clause
        raised = record.what.rstrip().splitlines()[-1]
    if raised:
        named = any(words in raised for words in NAMING)
        return (DISAGREES if named else BROKE), raised[:300]
    return (UNDETECTED if mutant.times else EQUAL), ""


class _Alarm:
    """Raises in what is done after so many seconds of the processor; says if it did."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.rang = False

    def __enter__(self) -> None:
        signal.signal(signal.SIGPROF, self._ring)
        signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _ring(self, *_: object) -> None:
        self.rang = True
        raise _OverrunError


def write(result: Result, path: Path) -> None:
    """Add a result to the file."""
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(result)) + "\n")


def read(path: Path) -> dict[str, Result]:
    """The results by mutant, the last of each; a line that was cut is left out."""
    found: dict[str, Result] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            with suppress(json.JSONDecodeError):
                result = Result(**json.loads(line))
                found[result.mutant] = result
    return found


def left(
    chosen: Iterable[str], known: dict[str, Result], seed: int, max_time: float
) -> list[str]:
    """The mutants that are to be played: not those detected, or tried as long."""

    def is_done(name: str) -> bool:
        result = known.get(name)
        return result is not None and (
            result.is_detected or (result.seed == seed and result.max_time >= max_time)
        )

    return [name for name in chosen if not is_done(name)]
