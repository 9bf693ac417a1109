"""Runs foreign code in a process of its own, so that only the process breaks.

Whatever the code does, the caller gets the lines that it sent and, where it did
not come to its end, why: it raised, exited, was killed, hung, or ate memory. The
process leads a session of its own: when it is over, what it started is over too.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from threading import Event
from time import sleep
from typing import NoReturn

from memslot_conformance.clock import CLOCK, Clock, Stopwatch
from memslot_conformance.targets.crash_record import CrashRecord

Send = Callable[[str], None]
"""Hands one line, without its line end, to the caller."""

Work = Callable[[Send, CrashRecord], None]

MEMORY_BYTES = 2 << 30
"""What a process may take beyond what it has when it begins."""

POLL_SECONDS = 0.05
REAP_SECONDS = 5.0
"""A killed process stays longer only where the kernel does not let it go."""

CHUNK = 1 << 16
OUTPUT_BYTES = 8000
OUTPUT_LINES = 12
"""What is kept, and of that shown, of what a process printed before it broke."""

TRACE_FRAMES = 6
END, RAISED = "E", "R"
LINE = "L"
PR_SET_PDEATHSIG = 1


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
            ends = _Ends(lines_in.fileno(), output_in.fileno(), parent)
            _in_the_worker(work, crash, ends, memory)
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


@dataclass(frozen=True, slots=True)
class _Ends:
    """What the worker has of its supervisor: two pipes to write to, and its pid."""

    lines_fd: int
    output_fd: int
    supervisor: int


def _in_the_worker(
    work: Work, crash: CrashRecord, ends: _Ends, memory: int
) -> NoReturn:
    """The worker's whole life. It never returns into the supervisor's code."""
    status = 1
    try:
        owner = os.getpid()
        _settle(ends, memory)

        def write(line: str) -> None:
            if os.getpid() == owner:
                _write_all(ends.lines_fd, f"{line}\n".encode("utf-8", "replace"))

        try:
            work(lambda line: write(LINE + line), crash)
            write(END)
            status = 0
        except BaseException as error:  # noqa: BLE001 - a SystemExit breaks it as well
            _lift_memory_limit()
            write(RAISED + json.dumps(_described(error)))
    finally:
        os._exit(status)


def _settle(ends: _Ends, memory: int) -> None:
    """Make the process its own: session, output, limits, and a tie to the parent."""
    os.setsid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != ends.supervisor:
        os._exit(1)
    # What ends the suite in order ends a worker at once.
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for fd, standard in ((nothing, 0), (ends.output_fd, 1), (ends.output_fd, 2)):
        os.dup2(fd, standard)
    # New objects: the old ones may hold half a line of the parent's, or a lock
    # that another thread of the parent held when this process was forked.
    sys.stdout = sys.stderr = os.fdopen(
        1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False
    )
    faulthandler.enable(2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + memory
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _lift_memory_limit() -> None:
    """Let a worker that is out of memory still say so."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _described(error: BaseException) -> str:
    """What was raised, and where: the innermost frames, outermost first."""
    if isinstance(error, MemoryError):
        return f"ran out of its memory ({MemoryError.__name__})"
    if isinstance(error, SystemExit):
        return f"called sys.exit({error.code!r})"
    frames = traceback.extract_tb(error.__traceback__)[-TRACE_FRAMES:]
    said = "".join(traceback.format_exception_only(error)).rstrip()[:OUTPUT_BYTES]
    if isinstance(error, SyntaxError):
        # Python says first where it is.
        said = f"{type(error).__name__}: {error.msg}\n{said}"
    return "\n".join((said, *(f"  {f.filename}:{f.lineno} {f.name}" for f in frames)))


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
