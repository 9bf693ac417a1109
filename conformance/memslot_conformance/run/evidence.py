"""How far each clause is held, and by which methods: from the records of a run. Pure.

Four methods, from the strongest to the widest: CrossHair confirms functions that a
clause rests on; a bounded search played every schedule of races of some size; drawn
schedules and operations were sampled; and the running kernel answered requests.
Evidence counts histories in which the premise held. It is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    LayerDone,
    Record,
    TargetStarted,
)
from memslot_spec.proofs import rests_on


@dataclass(frozen=True, slots=True, order=True)
class Bound:
    """Every schedule of races of this size was played, fewer preemptions too.

    Or one of the same partial order. `histories` are those in which the premise held,
    out of `schedules`; of these so many `orders` differ as partial orders, None where
    the report does not tell.
    """

    threads: int
    preemptions: int
    operations: int
    races: int
    schedules: int
    histories: int
    orders: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Sampled:
    """What was drawn, or was part of a search that did not end.

    `histories` are those in which the premise held, out of `schedules`.
    """

    schedules: int
    steps: int
    histories: int


@dataclass(frozen=True, slots=True)
class OnKernel:
    """What the running kernel was asked: `about` counts when the premise held."""

    release: str
    requests: int
    about: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseEvidence:
    """How far one clause is held on one target.

    `confirmed` names the proved functions that it rests on, on every target.
    `bounds` are the greatest for each number of threads, largest first.
    """

    target: str
    clause: str
    confirmed: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()
    sampled: Sampled | None = None
    kernel: OnKernel | None = None

    @property
    def marks(self) -> str:
        """A letter for each method that there is: C, B, S, K; else a dash."""
        has = (self.confirmed, self.bounds, self.sampled, self.kernel)
        letters = zip("CBSK", has, strict=True)
        return "".join(letter if found else "-" for letter, found in letters)


@dataclass(slots=True)
class _Heard:
    """What the records tell of one target."""

    kernel: str | None = None
    not_applicable: set[str] = field(default_factory=set[str])
    bounds: list[BoundEnded] = field(default_factory=list[BoundEnded])
    layers: list[LayerDone] = field(default_factory=list[LayerDone])

    def evidence(self, target: str, clause: str) -> ClauseEvidence:
        """What there is on one clause."""
        return ClauseEvidence(
            target=target,
            clause=clause,
            confirmed=confirmed(clause),
            bounds=self._bounds(clause),
            sampled=None if self.kernel is not None else self._sampled(clause),
            kernel=None if self.kernel is None else self._on(self.kernel, clause),
        )

    def _bounds(self, clause: str) -> tuple[Bound, ...]:
        greatest: dict[int, Bound] = {}
        for ended in self.bounds:
            histories = ended.histories.get(clause, 0)
            if not histories:
                continue
            bound = Bound(
                ended.threads,
                ended.preemptions,
                ended.operations,
                ended.races,
                ended.schedules,
                histories,
                ended.orders,
            )
            greatest[bound.threads] = max(greatest.get(bound.threads, bound), bound)
        return tuple(sorted(greatest.values(), reverse=True))

    def _sampled(self, clause: str) -> Sampled | None:
        """All that was played, less what was part of a search that ended."""
        histories = sum(layer.histories.get(clause, 0) for layer in self.layers)
        histories -= sum(ended.histories.get(clause, 0) for ended in self.bounds)
        if not histories:
            return None
        schedules = sum(layer.schedules for layer in self.layers)
        schedules -= sum(ended.schedules for ended in self.bounds)
        steps = sum(layer.steps for layer in self.layers)
        steps -= sum(ended.steps for ended in self.bounds)
        return Sampled(schedules, steps, histories)

    def _on(self, release: str, clause: str) -> OnKernel | None:
        about = sum(layer.reached.get(clause, 0) for layer in self.layers)
        requests = sum(layer.requests for layer in self.layers)
        return OnKernel(release, requests, about) if about else None


def confirmed(clause: str) -> tuple[str, ...]:
    """The functions a clause rests on that CrossHair confirms, on any target."""
    return tuple(contract.name for contract in rests_on(clause))


def evidence_of(
    records: Iterable[Record], clauses: Iterable[str]
) -> dict[str, tuple[ClauseEvidence, ...]]:
    """For each target that ran, what there is on each of these that applies to it.

    A run of a version that did not record it gives no target.
    """
    heard: dict[str, _Heard] = {}
    for record in records:
        match record:
            case TargetStarted():
                known = heard.setdefault(record.target, _Heard())
                known.kernel = record.kernel
                known.not_applicable.update(record.not_applicable)
            case BoundEnded():
                heard.setdefault(record.target, _Heard()).bounds.append(record)
            case LayerDone():
                heard.setdefault(record.target, _Heard()).layers.append(record)
            case _:
                pass
    wanted = tuple(clauses)
    return {
        target: tuple(
            known.evidence(target, clause)
            for clause in wanted
            if clause not in known.not_applicable
        )
        for target, known in heard.items()
        if any(layer.histories for layer in known.layers)
    }


@dataclass(frozen=True, slots=True)
class Unseen:
    """A choice of a target with the options that it never took.

    `never` holds every option where the choice itself was never met.
    """

    choice: str
    never: tuple[str, ...]
    met: bool


def unseen(records: Iterable[Record]) -> dict[str, tuple[Unseen, ...]]:
    """For each target what is allowed and was not seen, in the choices' order."""
    found: dict[str, list[Unseen]] = {}
    for record in records:
        if isinstance(record, ChoiceSeen):
            never = tuple(o for o, count in record.taken.items() if not count)
            of_target = found.setdefault(record.target, [])
            if never:
                met = len(never) < len(record.taken)
                of_target.append(Unseen(record.choice, never, met))
    return {target: tuple(choices) for target, choices in found.items()}
