"""What every machine does with an operation: it asks the VM, and has it judged.

A machine of Hypothesis has rules, which are in `rules`, and invariants, one for each
clause, which `machine` adds. What is here holds them together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, TypeVar

import hypothesis
from hypothesis import Phase
from hypothesis.control import current_build_context, currently_in_test_context
from hypothesis.stateful import (
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from memslot_conformance.findings.records import found_in
from memslot_conformance.report.failure import in_words
from memslot_conformance.scenarios.drawn.shapes import same
from memslot_conformance.stateful.drawn import a_subject, a_theme
from memslot_conformance.stateful.subject import Subject
from memslot_conformance.stateful.vm import AskedVm
from memslot_conformance.targets.resolve import Target
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.values import MemoryRegion

T = TypeVar("T")
Output = Callable[[str], object]


STEPS = 150
"""Of a run. Hypothesis makes five runs of six out of others: few are new, and long."""


STAYS = 25
"""Operations that are asked about one theme, at least."""


class BrokenClauseError(AssertionError):
    """A clause is broken; the message tells which, and how, in its words."""


class BrokenTargetError(AssertionError):
    """The target raised, or contradicts itself, with no clause broken before."""


def something_is_broken(machine: AsksAVm) -> bool:
    """A clause is broken, so that the clauses are worth asking which."""
    return machine.vm.finding is not None


BROKEN = (something_is_broken,)
"""The precondition of the invariants that are clauses."""


def has_stayed(machine: AsksAVm) -> bool:
    """So much was asked about one thing that it may have been enough."""
    return machine.stayed >= STAYS


def not_twice(kind: type[Operation]) -> Callable[[AsksAVm], bool]:
    """For what says nothing new when it is asked of a new VM, or again at once."""

    def is_new(machine: AsksAVm) -> bool:
        return not isinstance(machine.vm.last, kind | None)

    return is_new


def is_about(kind: str) -> Callable[[AsksAVm], bool]:
    """The precondition of the rules of a kind: the run is about it, and it can be."""
    is_request = kind == SetRegion.__name__

    def is_asked(machine: AsksAVm) -> bool:
        if not machine.subject.has(kind):
            return False
        asks_at_once = is_request or machine.subject.bare
        return asks_at_once or bool(machine.vm.known.table.slots)

    return is_asked


# What pytest prints before the message is where the class can be had.
BrokenClauseError.__module__ = BrokenTargetError.__module__ = "memslot_conformance"


class AsksAVm(RuleBasedStateMachine):
    """A VM that is asked by one thread and judged by the clauses.

    `target` and `applicable` are the class's, for `machine` makes a class for each
    implementation. Errors of every rule: none; the invariants that come after it raise
    `BrokenClauseError` and `BrokenTargetError`.
    """

    target: ClassVar[Target]
    applicable: ClassVar[ApplicableClauses]
    subject: Subject

    def __init_subclass__(cls) -> None:
        """Leave the phase out that explains a failure by the lines that were run.

        They are those of the judge, and every line costs.
        """
        super().__init_subclass__()
        usual = cls.TestCase.settings
        phases = tuple(each for each in usual.phases if each is not Phase.explain)
        cls.TestCase.settings = hypothesis.settings(
            usual, phases=phases, stateful_step_count=STEPS
        )

    def __init__(self) -> None:
        super().__init__()
        # Those of the clauses are many, and asked where one of them is broken.
        self.invariants = [i for i in self.invariants if i.preconditions != BROKEN]
        self.vm = AskedVm(self.target, self.applicable)
        self.stayed = 0

    @initialize(subject=a_subject())
    def keep_to(self, subject: Subject) -> None:
        """What is drawn is about one thing, or its operations never meet."""
        self.subject = subject

    @precondition(has_stayed)
    @rule(theme=a_theme())
    def turn_to(self, theme: str) -> None:
        """From here on it is about something else, in the same part of memory."""
        self.subject = replace(self.subject, theme=theme)
        self.stayed = 0

    def ask(self, operation: Operation) -> None:
        """Ask the VM for an operation, on the one thread that there is."""
        self.stayed += 1
        self.vm.ask(plain(operation))

    def request(self, region: MemoryRegion) -> MultipleResults[int]:
        """Ask for a slot; the word of it where the request leaves a new one."""
        return self.send(SetRegion(region))

    def send(self, request: SetRegion) -> MultipleResults[int]:
        """As `request`, for one that may be the kernel's own or is made to fail."""
        request = plain(request)
        word = request.region.slot
        held = self.vm.slot(word)
        self.ask(request)
        slot = self.vm.slot(word)
        is_new = held is None and slot is not None and not request.private
        return multiple(pack(slot.as_id, slot.id)) if is_new and slot else multiple()

    def region_of(self, word: int) -> MemoryRegion:
        """The request for a slot as it is; for the least one where it is gone."""
        slot = self.vm.slot(word)
        return MemoryRegion(word, 0, PAGE_SIZE, 0) if slot is None else same(slot)

    def begin_anew(self) -> None:
        """Go on with a new VM, for this one is destroyed; unless it broke a clause."""
        self.vm.end()
        if self.vm.going:
            self.vm.close()
            self.vm = AskedVm(self.target, self.applicable)

    def break_clause(self, clause: str | None = None) -> None:
        """Errors: `BrokenClauseError` where this clause was broken; or any, if None."""
        __tracebackhide__ = True
        finding = self.vm.finding
        if finding is not None and clause in {None, finding.clause}:
            found = found_in(finding, self.vm.history)
            raise BrokenClauseError(in_words(found))

    @invariant()
    def answers(self) -> None:
        """Errors: `BrokenTargetError` where the target broke, as no clause has it."""
        __tracebackhide__ = True
        fault = self.vm.fault
        if fault is not None:
            asked = "" if fault.operation is None else f" at {fault.operation!r}"
            message = f"ERROR {self.target.name}{asked}: {fault.message}"
            raise BrokenTargetError(f"{message}\n{fault.traceback}".rstrip())

    def check_invariants(
        self, settings: hypothesis.settings, output: Output, runtimes: dict[str, float]
    ) -> None:
        """Ask the invariants; what is printed is only the one that does not hold."""
        __tracebackhide__ = True
        said: list[str] = []
        if self.vm.finding is not None:
            self.invariants = self.setup_state().invariants
        try:
            super().check_invariants(settings, said.append, runtimes)
        except Exception as broken:
            output(said[-1] if said else "")
            if isinstance(broken, BrokenClauseError | BrokenTargetError):
                # How the machine came to say so is of no use to whoever reads it.
                raise broken.with_traceback(None) from None
            raise

    def teardown(self) -> None:
        """Judge that the VM is over, where all went well, and give the target back.

        Errors: those of the invariants, for a clause may be about the end.
        """
        __tracebackhide__ = True
        try:
            if sys.exception() is None and self.vm.going:
                self.vm.end()
                self.break_clause()
                self.answers()
        finally:
            self.vm.close()


def plain(value: T) -> T:
    """The value, its numbers chosen: an engine may have left them open so far."""
    if not currently_in_test_context():
        return value
    realized: T = current_build_context().data.provider.realize(value)
    return realized
