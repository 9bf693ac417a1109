"""One more try of what ended a process, in a fresh one that is watched while it runs.

A process that takes too long is asked where it stands before it is ended, and whether
it could ever have gone on.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import IO

from memslot_conformance.clock import CLOCK, Clock, Stopwatch
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.isolation import (
    Broken,
    isolated,
)
from memslot_conformance.targets.lock_waits import ticks_in_lock_waits
from memslot_conformance.targets.worker import Send

LOOK_SECONDS = 0.1
DUMP_LOOKS = 20
"""How often the process is looked at, and how long it may take to say where it is."""

SHORTER = 5

OURS = "memslot_conformance"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: what a try may take; and how long it must rest in locks to be stuck."""

    limit: float = 10.0
    quiet: float = 10.0
    clock: Clock = CLOCK

    def shorter(self) -> Patience:
        """For what is tried often, and once more with all of it."""
        return Patience(self.limit / SHORTER, self.quiet / SHORTER, self.clock)


@dataclass(frozen=True, slots=True)
class Repeated:
    """What came of a try: how it broke, if it did, and what it had said by then.

    `late`: it was ended, and `stack` is where it stood. `stuck`: all its threads were
    in waits for locks that nothing could end.
    """

    broken: Broken | None
    lines: tuple[str, ...]
    late: bool = False
    stuck: bool = False
    stack: str = ""


def attempt(
    work: Callable[[Send, CrashRecord], None], patience: Patience, stop: Event
) -> Repeated:
    """Do the work in a fresh process.

    Errors: `StoppedError` once `stop` is set.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stacks:

        def in_the_worker(send: Send, crash: CrashRecord) -> None:
            faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)
            send(str(os.getpid()))
            work(send, crash)

        watch = _Watch(patience, stacks)
        try:
            broken = isolated(
                in_the_worker,
                watch.hear,
                # The watch ends it, and knows more about it.
                seconds=10 * (patience.limit + patience.quiet),
                stop=stop,
            )
        finally:
            watch.end()
    return Repeated(broken, tuple(watch.lines), watch.late, watch.stuck, watch.stack)


class _Watch:
    """Looks at the process while it runs; ends it where it takes too long."""

    def __init__(self, patience: Patience, stacks: IO[str]) -> None:
        self.lines: list[str] = []
        self.late = self.stuck = False
        self.stack = ""
        self._patience = patience
        self._stacks = stacks
        self._over = Event()
        self._thread: Thread | None = None
        self._handle = -1

    def hear(self, line: str) -> None:
        """Take a line of the process; the first is its number."""
        if self._thread is not None:
            self.lines.append(line)
            return
        pid = int(line)
        # A number may be another's by the time that it is used.
        self._handle = os.pidfd_open(pid)
        self._thread = Thread(target=self._look, args=(pid,), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """The process is over, or is not waited for."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            os.close(self._handle)

    def _look(self, pid: int) -> None:
        patience = self._patience
        watch, rest = Stopwatch(patience.clock), Stopwatch(patience.clock)
        ticks: int | None = None
        while not self._over.wait(LOOK_SECONDS):
            now = ticks_in_lock_waits(pid)
            if now is None or now != ticks:
                rest = Stopwatch(patience.clock)
            ticks = now
            self.stuck = now is not None and rest.seconds >= patience.quiet
            resting = now is not None and not self.stuck
            if self.stuck or (watch.seconds >= patience.limit and not resting):
                self.late = True
                self._dump()
                self._send(signal.SIGKILL)
                return

    def _dump(self) -> None:
        self._send(signal.SIGUSR1)
        for _ in range(DUMP_LOOKS):
            if self._over.wait(LOOK_SECONDS):
                return
            self._stacks.seek(0)
            said = self._stacks.read()
            if said.endswith("\n"):
                self.stack = _theirs(said)
                return

    def _send(self, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(self._handle, number)
        except ProcessLookupError:
            self._over.set()


def _theirs(stack: str) -> str:
    """The frames of a stack that are the target's, the innermost first."""
    lines = stack.splitlines()
    return "\n".join(each.rstrip() for each in lines if OURS not in each and each)
