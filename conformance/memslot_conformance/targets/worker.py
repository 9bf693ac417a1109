"""The side of the worker: its process is its own, and it tells how its work ended."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from memslot_conformance.targets.crash_record import CrashRecord

Send = Callable[[str], None]
"""Hands one line, without its line end, to the caller."""

Work = Callable[[Send, CrashRecord], None]

TRACE_FRAMES = 6
OUTPUT_BYTES = 8000
"""What is kept of what a process printed or raised."""

END, RAISED = "E", "R"
LINE = "L"
"""How a line begins that tells the supervisor of the end, an exception, a record."""

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Ends:
    """What the worker has of its supervisor: two pipes to write to, and its pid."""

    lines_fd: int
    output_fd: int
    supervisor: int


def in_the_worker(work: Work, crash: CrashRecord, ends: Ends, memory: int) -> NoReturn:
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
            lift_memory_limit()
            write(RAISED + json.dumps(described(error)))
    finally:
        os._exit(status)


def _settle(ends: Ends, memory: int) -> None:
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


def lift_memory_limit() -> None:
    """Let a worker that is out of memory still say so."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def described(error: BaseException) -> str:
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
