"""Failures of a hundred operations and more, drawn on mutants of the museum.

What a long-lived VM comes to: each is one thread that asks 100 to 200 operations, of
which only the last one breaks a clause. They are drawn and not stored, so that they are
always of the values that are drawn today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from memslot_conformance.findings.trial import Trial
from memslot_conformance.museum.run import catalogue
from memslot_conformance.play.played import Played
from memslot_conformance.play.scheduler import Play
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.judge import Judge
from memslot_spec.model.operations import Operation

SHORTEST, LONGEST = 100, 200
"""Operations of a failure."""

TRIES = 3
"""Sequences drawn on a mutant before it is left: most bugs need a race."""


@dataclass(frozen=True, slots=True)
class LongFailure:
    """A scenario of one thread that breaks a clause of its target at its last step."""

    target: Target
    trial: Trial
    clause: str
    scenario: Scenario

    def still_fails(self, played: Played) -> bool:
        """A play of the target breaks the same clause."""
        return self.trial.breaks(played, self.clause)


class _Vm:
    """A VM that is asked operation by operation, and judged."""

    def __init__(
        self, target: Target, trial: Trial, asked: Sequence[Operation]
    ) -> None:
        self._judge = Judge(trial.applicable)
        self._play = Play(target.make)
        self.asked: list[Operation] = []
        self._seen = 0
        for operation in asked:
            self.ask(operation)

    def ask(self, operation: Operation) -> str | None:
        """The clause that this operation breaks, if it does."""
        self.asked.append(operation)
        self._play.alone((operation,))
        self._judge.see_all(self._play.events[self._seen :])
        self._seen = len(self._play.events)
        findings = self._judge.findings
        return findings[0].clause if findings else None

    @property
    def broke(self) -> bool:
        """The target broke, or stands still."""
        return not self._play.going


def long_failures(count: int, seed: int = 1) -> Iterator[LongFailure]:
    """So many failures, each of another mutant, in the museum's order."""
    found = 0
    for mutant in catalogue():
        target = resolve(f"museum:{mutant.name}", mutant.profile)
        for number in range(TRIES):
            rng = Random(f"{seed} {mutant.name} {number}")
            failure = _drawn(target, rng)
            if failure is not None:
                yield failure
                found += 1
                break
        if found == count:
            return


def _drawn(target: Target, rng: Random) -> LongFailure | None:
    """What one sequence comes to; an operation that breaks too early is left out."""
    trial = Trial(target.header, CLAUSES)
    drawing = Drawing(palette_of(target.header), Seeded(rng))
    vm = _Vm(target, trial, ())
    while len(vm.asked) < LONGEST and not vm.broke:
        clause = vm.ask(drawing.step())
        if clause is None:
            continue
        if len(vm.asked) > SHORTEST:
            scenario = Scenario(prefix=tuple(vm.asked))
            return LongFailure(target, trial, clause, scenario)
        vm = _Vm(target, trial, vm.asked[:-1])
    return None
