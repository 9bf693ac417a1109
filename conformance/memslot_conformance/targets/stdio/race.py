"""A race that a program steps: what its threads are asked, and told to have done.

The turns of a whole plan are asked for at once, and are taken one by one as the suite
decides them. Where it decides otherwise than was planned, what was gone ahead is
forgotten: a new VM is brought to the same place by the same turns.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from itertools import groupby

from memslot_conformance.adapter.stepped import Plan, Stretch, Went
from memslot_conformance.targets.stdio.asking import Asking
from memslot_conformance.targets.stdio.checks import printable
from memslot_conformance.targets.stdio.messages import LineTurn, OperationRow
from memslot_conformance.targets.stdio.process import MalformedError, ProgramError
from memslot_conformance.targets.stdio.told import Order, Told

MOST = 500
"""So many turns are told before an answer: what never ends is noticed in time."""


class UnrepeatedError(ProgramError):
    """The same turns were not the same again."""


class LineRace:
    """A race of one VM of a program."""

    def __init__(
        self, asking: Asking, threads: tuple[OperationRow, ...], stops: tuple[str, ...]
    ) -> None:
        self._asking = asking
        self._threads = threads
        self._stops = json.dumps(stops)
        self._kinds = frozenset(stops)
        self._ahead: deque[Went] = deque()
        self._taken: list[Went] = []
        self._told = Told(threads, self._kinds, asking.checked)
        self._broken: ProgramError | None = None
        asking.start(threads, self._stops)

    def go(self, thread: int, plan: Callable[[], Plan]) -> Went:
        """Give the thread one turn. Errors: `ProgramError`."""
        if not self._ahead:
            if self._broken is not None:
                raise self._broken
            planned = plan()
            runs = (Stretch(thread, 1), *planned.stretches)
            self._advance(runs, stays=planned.stays)
        elif self._ahead[0].thread != thread:
            self._go_back(thread, plan())
        went = self._ahead.popleft()
        self._taken.append(went)
        if self._broken is None or self._ahead or self._told.runnable:
            return went
        return went._replace(broke=self._broken)

    def _advance(self, runs: tuple[Stretch, ...], *, stays: bool) -> None:
        """Have turns taken; at least one is told. Errors: `ProgramError`."""
        told, ahead = self._told, self._ahead
        order = Order(runs, stays=stays)
        before = len(ahead)

        def take(turn: LineTurn) -> None:
            order.check(turn.thread, told)
            went = told.take(turn)
            ahead.append(went)
            if turn.error is not None:
                words = f"thread {turn.thread}: error: {printable(turn.error)}"
                raise ProgramError(words)

        try:
            self._asking.turns(runs, take, stays=stays, most=MOST)
        except ProgramError as error:
            # What was told before it has happened.
            self._broken = error
            if len(ahead) == before:
                raise
        if len(ahead) == before:
            words = f"no turn was told of, and thread {runs[0].thread} could take one"
            self._asking.refuse(MalformedError, words)

    def _go_back(self, thread: int, plan: Plan) -> None:
        """Come to the same place again, and go on from there by this thread."""
        taken, ahead = self._taken, self._ahead
        ahead.clear()
        # It may have broken in a turn that nobody chose.
        self._broken = None
        self._told = Told(self._threads, self._kinds, self._asking.checked)
        self._asking.again()
        self._asking.start(self._threads, self._stops)
        turns = [*(went.thread for went in taken), thread]
        while len(ahead) <= len(taken):
            left = turns[len(ahead) :]
            runs = [Stretch(t, sum(1 for _ in each)) for t, each in groupby(left)]
            self._advance((*runs, *plan.stretches), stays=plan.stays)
        for turn, went in enumerate(taken, 1):
            if ahead.popleft() != went:
                words = f"turn {turn} of the same race was another the second time"
                self._asking.refuse(UnrepeatedError, words)
