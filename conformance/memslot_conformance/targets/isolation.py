"""Runs foreign code in a process of its own, so that only the process breaks.

Whatever the code does, the caller gets the lines that it sent and, where it did
not come to its end, why: it raised, exited, was killed, hung, or ate memory. The
process leads a session of its own: when it is over, what it started is over too.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
from dataclasses import dataclass, field
from io import FileIO
from threading import Event
from time import sleep

from memslot_conformance.clock import CLOCK, Clock, Stopwatch
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.worker import (
    END,
    LINE,
    OUTPUT_BYTES,
    RAISED,
    Ends,
    Send,
    Work,
    in_the_worker,
)

MEMORY_BYTES = 2 << 30
"""What a process may take beyond what it has when it begins."""

POLL_SECONDS = 0.05
REAP_SECONDS = 5.0
"""A killed process stays longer only where the kernel does not let it go."""

CHUNK = 1 << 16
OUTPUT_LINES = 12
"""Shown of what a process printed before it broke."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Why the code did not come to its end, and what it said it was doing."""

    what: str
    last: str
    kept: tuple[bytes, ...] = ()


class StoppedError(Exception):
    """The caller asked to stop; the process is gone."""


def isolated(
    work: Work,
    on_line: Send,
    *,
    seconds: float,
    memory: int = MEMORY_BYTES,
    stop: Event | None = None,
    clock: Clock = CLOCK,
) -> Broken | None:
    """Run `work` in a forked process; None where it came to its end.

    Lines come in the order in which they were sent, those before a break too. The
    seconds that it may take are those of `clock`.
    Errors: `StoppedError`; whatever `on_line` raises. In all of them nothing is
    left running.
    """
    with contextlib.ExitStack() as stack:
        crash = CrashRecord()
        stack.callback(crash.close)
        lines_out, lines_in = _pipe(stack)
        output_out, output_in = _pipe(stack)
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            ends = Ends(lines_in.fileno(), output_in.fileno(), parent)
            in_the_worker(work, crash, ends, memory)
        lines_in.close()
        output_in.close()
        worker = _Worker(pid, lines_out.fileno(), output_out.fileno(), on_line)
        try:
            what = worker.watch(seconds, stop or Event(), clock)
        finally:
            worker.end()
        if what is None:
            return None
        return Broken(what, crash.heard(), crash.kept())


def _pipe(stack: contextlib.ExitStack) -> tuple[FileIO, FileIO]:
    """A pipe, its reading end first; both ends are closed with the stack."""
    reading, writing = os.pipe()
    ends = FileIO(reading, "r"), FileIO(writing, "w")
    for end in ends:
        stack.callback(end.close)
    return ends


@dataclass(slots=True)
class _Worker:
    """The process as its supervisor sees it."""

    pid: int
    lines_fd: int
    output_fd: int
    on_line: Send
    pending: bytes = b""
    output: bytes = b""
    ended: bool = False
    raised: str | None = None
    open_fds: set[int] = field(default_factory=set[int])

    def watch(self, seconds: float, stop: Event, clock: Clock) -> str | None:
        """Follow it to its end; why it broke, or None."""
        watch = Stopwatch(clock)
        poller = select.poll()
        for fd in (self.lines_fd, self.output_fd):
            os.set_blocking(fd, False)
            poller.register(fd, select.POLLIN)
            self.open_fds.add(fd)
        while True:
            if stop.is_set():
                raise StoppedError
            for fd, _ in poller.poll(POLL_SECONDS * 1000):
                self._read(fd)
                if fd not in self.open_fds:
                    poller.unregister(fd)
            if self.ended:
                return None
            if self.raised is not None:
                return self._with_output(self.raised)
            status = self._exit_status()
            if status is not None:
                return self._after(status)
            if watch.seconds >= seconds:
                return self._with_output(f"did not finish within {seconds:g} seconds")

    def end(self) -> None:
        """Kill what is left of it and of what it started."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)
        watch = Stopwatch()
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if watch.seconds >= REAP_SECONDS:
                return
            sleep(POLL_SECONDS / 10)

    def _exit_status(self) -> os.waitid_result | None:
        """How it ended, if it did. It stays a zombie, which keeps its number."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)

    def _after(self, status: os.waitid_result) -> str | None:
        for fd in tuple(self.open_fds):
            while fd in self.open_fds and self._read(fd):
                pass
        if self.ended:
            return None
        if self.raised is not None:
            return self._with_output(self.raised)
        if status.si_code == os.CLD_EXITED:
            how = f"exited with status {status.si_status} before it was done"
        else:
            how = f"was killed by signal {status.si_status} ({_name(status.si_status)})"
        return self._with_output(how)

    def _read(self, fd: int) -> bool:
        """Take what is there; False where nothing is."""
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self.open_fds.discard(fd)
        elif fd == self.output_fd:
            self.output = (self.output + data)[-OUTPUT_BYTES:]
        else:
            *lines, self.pending = (self.pending + data).split(b"\n")
            for line in lines:
                self._line(line.decode("utf-8", "replace"))
        return bool(data)

    def _line(self, line: str) -> None:
        kind, text = line[:1], line[1:]
        if kind == LINE:
            self.on_line(text)
        elif kind == END:
            self.ended = True
        elif kind == RAISED:
            self.raised = str(json.loads(text))

    def _with_output(self, what: str) -> str:
        lines = self.output.decode("utf-8", "replace").rstrip().splitlines()
        crashes = [i for i, text in enumerate(lines) if text.startswith("Fatal Python")]
        first = crashes[0] if crashes else max(len(lines) - OUTPUT_LINES, 0)
        shown = lines[first : first + OUTPUT_LINES]
        return "\n".join((what, *(["it printed:"] if shown else []), *shown))


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unnamed"
