"""Asking a program and reading its answers, each held against what was asked.

Requests may go ahead of their answers: what is known to be asked next is written at
once, and the answers are read one by one.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn, TypeVar

from memslot_conformance.adapter.stepped import Stretch, Went
from memslot_conformance.targets.stdio.checks import (
    check_alone,
    check_bare,
    check_nothing,
    greeting_of,
    ignore,
    in_order,
    printable,
)
from memslot_conformance.targets.stdio.messages import (
    ANSWER,
    OPENING,
    OPERATION,
    VERSION,
    VERSION_KEY,
    Advance,
    CarryOut,
    Close,
    LineAnswer,
    LineRequest,
    LineTurn,
    New,
    Observe,
    Opening,
    OperationRow,
    Start,
)
from memslot_conformance.targets.stdio.process import (
    MalformedError,
    ProgramError,
    ProgramProcess,
)
from memslot_spec.history.json_form import parsed
from memslot_spec.history.json_kinds import MisfitError, refuse
from memslot_spec.model.operations import Operation

GREETING_SECONDS = 20.0
"""A program may have to be loaded before it greets."""

SHOWN = 200
"""Characters that an error shows of a line."""

KEPT = 1 << 12
KEPT_BYTES = 1 << 10
"""So many answers, none of more bytes, are known again when they come again."""

T = TypeVar("T")

_JSON = {False: "false", True: "true"}


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A request that is not answered, and what is looked at if nobody asks for it."""

    number: int
    line: str
    check: Callable[[LineAnswer], None]
    has_turns: bool = False


class Connection:
    """One program, and what it was asked and has not answered."""

    def __init__(
        self,
        words: list[str],
        profile: str | None,
        seconds: float = GREETING_SECONDS,
    ) -> None:
        """Start the program and have it greet.

        Errors: `OSError` where it cannot be started; `ProgramError`.
        """
        self.owner = os.getpid()
        self.broken: str | None = None
        self._program = ProgramProcess(words)
        self._seconds = seconds
        self._number = 0
        self._vms = 0
        self._outgoing: list[str] = []
        self._awaited: deque[_Awaited] = deque()
        self._known: dict[bytes, LineAnswer] = {}
        self.checked: dict[int, tuple[LineTurn, Went | None]] = {}
        opening = {VERSION_KEY: VERSION, **OPENING.write(Opening(profile))}
        self._asking = json.dumps(opening)
        self._expected = "greeting"
        self._outgoing.append(self._asking)
        self.greeting = self._next(greeting_of)
        self._seconds = self.greeting.seconds

    def new_vm(self) -> int:
        """The number of a new VM."""
        self._vms += 1
        self._post(New, self._vms, check_bare)
        return self._vms

    def close_vm(self, vm: int) -> None:
        """Give a VM back."""
        if self.broken is None:
            self._post(Close, vm, check_bare)

    def post(self, vm: int, operation: Operation | None) -> int:
        """Have this asked, or with None what stands; the number of the request."""
        if operation is None:
            return self._post(Observe, vm, check_nothing)
        more = f', "operation": {_text_of(operation)}'
        return self._post(CarryOut, vm, check_nothing, more)

    def start(self, vm: int, threads: tuple[OperationRow, ...], stops: str) -> None:
        """Have the threads of a race ready; `stops` is a list of kinds, in JSON."""
        rows = ", ".join(f"[{', '.join(map(_text_of, row))}]" for row in threads)
        self._post(Start, vm, check_bare, f', "threads": [{rows}], "stops": {stops}')

    def advance(
        self, vm: int, runs: Sequence[Stretch], *, stays: bool, most: int
    ) -> int:
        """Have threads take turns; the number of the request."""
        said = ", ".join(f'{{"thread": {r.thread}, "turns": {r.turns}}}' for r in runs)
        more = f', "runs": [{said}], "stays": {_JSON[stays]}, "most": {most}'
        return self._post(Advance, vm, check_bare, more, has_turns=True)

    def answer(
        self,
        number: int,
        check: Callable[[LineAnswer], T],
        take: Callable[[LineTurn], None] | None = None,
    ) -> T:
        """What the program answers to a request, checked.

        `take` is given the turns that are told before it. Errors: `ProgramError`, also
        for what these refuse by `MisfitError`.
        """
        while self._awaited and self._awaited[0].number != number:
            before = self._awaited.popleft()
            self._answered(before, before.check, ignore)
        return self._answered(self._awaited.popleft(), check, take or ignore)

    def refuse(self, kind: type[ProgramError], words: str) -> NoReturn:
        """End the program for this. Errors: `ProgramError`, of this kind."""
        self._refuse(kind, words, None)

    def end(self) -> None:
        """End the program, or leave alone what another process started."""
        if self.owner == os.getpid():
            self._program.end()
        else:
            self._program.forget()

    def _post(
        self,
        kind: type[LineRequest],
        vm: int,
        check: Callable[[LineAnswer], None],
        more: str = "",
        *,
        has_turns: bool = False,
    ) -> int:
        """Have this written before the next answer is read; its number."""
        if self.broken is not None:
            message = f"the program was ended, for {self.broken}"
            raise ProgramError(message)
        self._number += 1
        number = self._number
        line = f'{{"n": {number}, "do": "{kind.__name__}", "vm": {vm}{more}}}'
        self._outgoing.append(line)
        self._awaited.append(_Awaited(number, line, check, has_turns))
        return number

    def _next(self, check: Callable[[bytes], T]) -> T:
        """The next line, checked. Errors: `ProgramError`."""
        if self.broken is not None:
            message = f"the program was ended, for {self.broken}"
            raise ProgramError(message)
        data: bytes | None = None
        try:
            if self._outgoing:
                lines = "\n".join(self._outgoing) + "\n"
                self._outgoing.clear()
                self._program.write(lines.encode(), self._seconds)
            data = self._program.read_line(self._seconds)
            return check(data)
        except MisfitError as misfit:
            self._refuse(MalformedError, self._at(str(misfit)), data)
        except UnicodeDecodeError as error:
            words = self._at(f"expected text in UTF-8, got {error.reason}")
            self._refuse(MalformedError, words, data)
        except ProgramError as error:
            self._refuse(type(error), str(error), data)

    def _at(self, words: str) -> str:
        line = f"line {self._program.lines} of its standard output"
        return f"{line}: {self._expected}: {words}"

    def _answered(
        self,
        awaited: _Awaited,
        check: Callable[[LineAnswer], T],
        take: Callable[[LineTurn], None],
    ) -> T:
        number, self._asking = awaited.number, awaited.line
        self._expected = f"answer {number}"
        answers: list[T] = []

        start, known = b'{"n": %d,' % number, self._known

        def read(data: bytes) -> bool:
            """The line is a turn, and more come."""
            rest = data[len(start) :] if data.startswith(start) else b""
            answer = known.get(rest) or self._new_answer(data, rest, number)
            if answer.turn is None:
                if answer.error is not None:
                    message = self._at(f"error: {printable(answer.error)}")
                    raise ProgramError(message)
                answers.append(check(answer))
                return False
            if not awaited.has_turns:
                refuse("no turn, which this request does not give", "one", "turn")
            take(answer.turn)
            return True

        while self._next(read):
            pass
        return answers[0]

    def _new_answer(self, data: bytes, rest: bytes, number: int) -> LineAnswer:
        """The answer of a line; the same `rest` after the number is known again."""
        answer = ANSWER.read(parsed(data.decode()))
        if answer.n != number:
            refuse(f"the answer to request {number}", answer.n, "n")
        answer = in_order(answer)
        if answer.turn is not None:
            check_alone(answer)
        if rest and len(rest) <= KEPT_BYTES:
            if len(self._known) == KEPT:
                self._known.clear()
                self.checked.clear()
            self._known[rest] = answer
        return answer

    def _refuse(
        self, kind: type[ProgramError], words: str, data: bytes | None
    ) -> NoReturn:
        self.end()
        self.broken = words
        said = [words]
        if data is not None:
            text = data.decode("utf-8", "backslashreplace")
            said.append(f"  it wrote: {printable(text, SHOWN)}")
        said.append(f"  to answer: {printable(self._asking, SHOWN)}")
        stderr = self._program.said.rstrip()
        if stderr:
            said.append("  its standard error ends with:")
            said += [f"    {printable(line)}" for line in stderr.splitlines()]
        raise kind("\n".join(said)) from None


@lru_cache(1 << 12)
def _text_of(operation: Operation) -> str:
    return OPERATION.to_text(operation)
