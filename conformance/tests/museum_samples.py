"""A museum that was made up: mutants, attempts at them, witnesses and detections."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_conformance.museum.adequacy import Adequacy
from memslot_conformance.museum.detections import Detection
from memslot_conformance.museum.neighbours import Neighbour
from memslot_conformance.museum.run import Attempt
from memslot_conformance.museum.witnesses import Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """An entry of a catalogue."""

    name: str
    kind: str
    clauses: tuple[str, ...]
    since: str = "2.6.34 - 3.7"
    source: str = "commit 0123456789ab"
    tag: str = "cve"
    profile: str = "linux"
    wrong: str = "the table is freed while it is read"


MUTANTS = (
    Mutant(name="K01", kind="museum", clauses=("SRCU-3", "REQ-1")),
    Mutant(name="K02-long-name", kind="museum", clauses=("REQ-2",), since="4.0 -"),
    Mutant(name="K04", kind="museum", clauses=("REQ-4",)),
    Mutant(name="early", kind="planted", clauses=("REQ-1",), wrong="it is early"),
    Mutant(name="breaks-others", kind="planted", clauses=("SRCU-2",)),
    Mutant(name="raises", kind="planted", clauses=("SRCU-2",)),
)


def detected(
    mutant: str, *clauses: str, seed: int = 1, took: float = 0.25, layer: str
) -> Attempt:
    """A run that detects the mutant by these clauses."""
    return Attempt(
        mutant=mutant,
        seed=seed,
        detected_by=clauses,
        layer=layer,
        seconds=took,
        operations=2,
        preemptions=1,
    )


ATTEMPTS = (
    detected("K01", "SRCU-3", "REQ-1", layer="fixed"),
    detected("K01", "SRCU-3", seed=2, took=1.5, layer="sampled"),
    Attempt(mutant="K01", seed=3),
    Attempt(mutant="K01", seed=4, others=("REQ-2",)),
    detected("K02-long-name", "REQ-2", layer="fixed"),
    Attempt(mutant="K04", seed=1),
    detected("early", "REQ-1", layer="sequential", took=0.125),
    Attempt(mutant="breaks-others", seed=1, others=("REQ-1", "REQ-2")),
    Attempt(mutant="raises", seed=1, broke="OSError: no\nmore"),
)
"""Each mutant once or three times: detected, missed, at another clause, broken."""


def witness(clause: str, profile: str, *, times: int, blind: bool = False) -> Witness:
    """Where a reference came to a clause."""
    return Witness(
        clause=clause,
        target="reference",
        profile=profile,
        layer="fixed",
        race=f"the race of {clause}",
        blind=blind,
        times=times,
    )


WITNESSES = (
    witness("REQ-1", "linux", times=7),
    witness("REQ-1", "linux", times=2),
    witness("REQ-1", "v2.6.34", times=1, blind=True),
    witness("REQ-1", "v2.6.34", times=4),
    witness("REQ-2", "linux", times=3, blind=True),
)


def detection(clause: str, mutant: str) -> Detection:
    """A clause that finds a mutant."""
    return Detection(
        clause=clause,
        mutant=mutant,
        race="a race",
        blind=False,
        preemptions=0,
        plays=1,
        seconds=0.1,
    )


WORTH = Adequacy(
    clauses=("REQ-1", "REQ-2", "REQ-4", "SRCU-3"),
    witnesses=WITNESSES,
    detections=(
        detection("REQ-1", "K01"),
        detection("REQ-1", "early"),
        detection("SRCU-3", "K01"),
        detection("REQ-1", "raises"),
    ),
    neighbours=(
        Neighbour(clause="SRCU-3", variant="careful", race="a race", preemptions=0),
        Neighbour(clause="SRCU-3", variant="late", race="another", preemptions=1),
    ),
)
"""A clause that lacks nothing, one seen blind alone, two that are never reached."""

WORTH_EVERYTHING = Adequacy(
    clauses=("REQ-1",),
    witnesses=WITNESSES[:1],
    detections=WORTH.detections[:1],
    neighbours=(),
)
