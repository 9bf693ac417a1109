"""The second engine of the sequential layer: numbers that a solver chooses.

Hypothesis draws with CrossHair as its backend, so that a number stays open until
the target or the plan asks something about it. The symbolic run only steers: it
follows one path through the target and through the plan. Which numbers lead down
that path is then asked, and the same operations are played and judged with them,
like any other. So nothing symbolic gets into a history, and what the solver gets
wrong costs time but never a verdict. This module needs the extra `symbolic`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import Phase, given, seed, settings
from hypothesis.control import current_build_context

from memslot_conformance.adapter.capabilities import observed
from memslot_conformance.adapter.perform import perform
from memslot_conformance.findings.trial import TargetBrokeError
from memslot_conformance.layers.slices import OutOfTimeError, Slice
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.scheduler import play
from memslot_conformance.scenarios.drawn.by_hypothesis import HEALTH
from memslot_conformance.scenarios.drawn.met import Met
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.scenarios.symbolic.shapes import (
    Numbers,
    Shape,
    shapes_of,
)
from memslot_conformance.scenarios.symbolic.solver import (
    close_path,
    is_symbolic,
    plainly,
    realized,
)
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import Operation, SetRegion, TableReader
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import profile_named
from memslot_spec.model.readers import answer
from memslot_spec.model.replies import Reply, same_reply
from memslot_spec.model.values import EMPTY, SlotTable

EXAMPLES = 1_000_000
"""More than the time allows."""


class ShapeDoneError(KeyboardInterrupt):
    """Nothing is left to follow. Hypothesis lets only interrupts through at once."""


def run_symbolic(work: Slice, *, number: int) -> str:
    """Follow paths through each shape until the slice is over; what was covered.

    A shape gets twice its even part of the time that is left: the first ones are
    the ones that can be followed to the end. Errors: `TargetBrokeError`.
    """
    shapes = shapes_of(work.target.header)
    covered: list[str] = []
    for index, shape in enumerate(shapes):
        if work.findings.enough:
            break
        part = 2 * work.budget.seconds_left / (len(shapes) - index + 1)
        search = _PathSearch(work, shape, work.budget.part(part))
        search.run(number)
        covered.append(search.in_words())
    return "symbolic: " + ", ".join(covered)


@dataclass(slots=True)
class _PathSearch:
    """One shape on one target."""

    work: Slice
    shape: Shape
    budget: Budget
    paths: int = 0
    exhausted: bool = False
    unsteered: bool = False
    provider: object = None
    broke: TargetBrokeError | None = None
    judged: set[Operations] = field(default_factory=set[Operations])

    def run(self, number: int) -> None:
        """Follow paths until none is left, or the time is over."""

        @seed(number)
        @settings(
            backend="crosshair",
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=HEALTH,
            phases=(Phase.generate,),
            print_blob=False,
        )
        @given(self.shape.numbers)
        def follow(numbers: Numbers) -> None:
            self._follow(numbers)

        with suppress(OutOfTimeError, ShapeDoneError):
            follow()
        if self.broke is not None:
            raise self.broke

    def in_words(self) -> str:
        """What was covered."""
        extent = "all" if self.exhausted else "not all"
        paths = "1 path" if self.paths == 1 else f"{self.paths} paths"
        return f"{self.shape.name} ({paths}, {extent})"

    def _follow(self, numbers: Numbers) -> None:
        """One path, or the plain example that Hypothesis begins and ends with."""
        operations = self.shape.operations(numbers)
        if not is_symbolic():
            self._judge(operations)
            self._check_whether_done()
            return
        steered = _Steering(self.work).follow(operations)
        close_path()
        asked = realized(operations)
        with plainly():
            self.provider = current_build_context().data.provider
            self.paths += 1
            self.unsteered |= not steered
            self._judge(asked)

    def _check_whether_done(self) -> None:
        """End where the backend gave way to Hypothesis: its paths are followed."""
        provider = self.provider
        if provider is not None:
            complete = (getattr(provider, name, False) for name in COMPLETE)
            self.exhausted = all(complete) and not self.unsteered
            raise ShapeDoneError

    def _judge(self, operations: Operations) -> None:
        """Play the operations and judge them, once."""
        if operations not in self.judged:
            self.work.begin_play()
            self.judged.add(operations)
            self._play(Scenario(prefix=operations))
        if self.budget.late:
            raise OutOfTimeError
        self.work.check_time()

    def _play(self, scenario: Scenario) -> None:
        work = self.work
        work.trial.begin()
        work.trial.begin_scenario()
        work.trial.counts.requests += scenario.operations
        met = Met(work.target.header)
        met.scenario(scenario)
        work.trial.counts.met.update(met.counter)
        work.crash_record.say(f"{self.shape.name}: {scenario.prefix!r}")
        played = play(work.target.make, scenario)
        try:
            findings = work.trial.try_play(played, scenario)
        except TargetBrokeError as broke:
            self.broke = broke
            raise ShapeDoneError from broke
        if findings:
            work.findings.take(findings, played, scenario, "sequential")


COMPLETE = ("exhausted", "covering")
"""What CrossHair's provider says of itself where it followed every path."""


class _Steering:
    """Takes a target and the plan along one path; its answers are not judged."""

    def __init__(self, work: Slice) -> None:
        header = work.target.header
        self._make = work.target.make
        self._profile = profile_named(header.profile)
        self._limits = header.limits

    def follow(self, operations: Operations) -> bool:
        """Compare every reply with the specification, up to one that is wrong.

        False where the target raised, be it for a number that is not yet chosen.
        """
        target = self._make(Silent())
        try:
            table = EMPTY
            for operation in operations:
                reply = perform(target, operation)
                view = observed(target)
                shown = None if view is None else view.table
                after = self._after(table, operation, reply, shown)
                if after is None:
                    break
                table = after
        except (Exception, SystemExit):  # noqa: BLE001 - the play that follows tells
            return False
        finally:
            close = getattr(target, "close", None)
            if callable(close):
                close()
        return True

    def _after(
        self,
        table: SlotTable,
        operation: Operation,
        reply: Reply,
        shown: SlotTable | None,
    ) -> SlotTable | None:
        """The table after a right answer; None after a wrong one."""
        if isinstance(operation, TableReader):
            right = answer(table, operation, self._profile, self._limits)
            return table if reply == right else None
        if not isinstance(operation, SetRegion):
            return table
        region = operation.region
        for outcome in plan(table, region, self._profile, self._limits):
            after = outcome.leaves(table)
            if same_reply(outcome.reply, reply) and (shown is None or shown == after):
                return after
        return None
