"""Libraries that ThreadSanitizer watches, and what it says of them.

Such a library needs a run time that is in the process from its start on: it is not
loaded into one that runs. And that run time has to be in the process that starts the
threads, not forked into it, or it sees nothing. So who plays such a target is a program
of its own, started with `environment`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PRELOAD, OPTIONS = "LD_PRELOAD", "TSAN_OPTIONS"

STATUS = 66
"""What a process ends with that had something to report."""

RUNTIME = re.compile(rb"libtsan\.so\.\d+")
"""The name of it, by which the library asks for it."""

HEADING, SUMMARY = "WARNING: ThreadSanitizer: ", "SUMMARY: ThreadSanitizer: "
BETWEEN = "=================="
FRAME = re.compile(r"\s+#\d+ (\S+) (\S+)( \(\S+\))?")
PLACE = re.compile(r"(?:\S*/)?([^/\s]+:\d+)")
OURS = ("_cffi_backend", "libpython", "/python", "libsanitizer")
"""Where a stack is that of who called the library, or of the run time."""

STACKS = 2


@dataclass(frozen=True, slots=True)
class Report:
    """One of its reports: what in a line; what two threads did, with their stacks."""

    what: str
    stacks: tuple[str, ...]


def runtime_in(library: Path) -> str | None:
    """The run time that the library at this path asks for, if it does."""
    try:
        found = RUNTIME.search(library.read_bytes())
    except OSError:
        return None
    return None if found is None else found.group().decode("ascii")


def runtime_of(target: str) -> str | None:
    """The same of a target by its name."""
    return runtime_in(library_of(target)) if target.startswith("c:") else None


def is_there(runtime: str) -> bool:
    """This process was started with it."""
    return runtime.partition(".")[0] in os.environ.get(PRELOAD, "")


def environment(runtime: str, log: Path) -> dict[str, str]:
    """What a process is started with that has the run time, and writes to `log`.PID."""
    ours = f"log_path={log} exitcode={STATUS} halt_on_error=0"
    before = os.environ.get(PRELOAD)
    return {
        **os.environ,
        PRELOAD: runtime if before is None else f"{runtime}:{before}",
        OPTIONS: " ".join(filter(None, (os.environ.get(OPTIONS), ours))),
    }


def library_of(target: str) -> Path:
    """The library of a target by its name."""
    _, _, rest = target.partition(":")
    path, _, symbol = rest.rpartition(":")
    return Path(path if path and symbol.isidentifier() else rest)


def reports(text: str, library: str) -> tuple[Report, ...]:
    """What it wrote of the library of this file name, each only once.

    Each thread has to be in the library, as far as it is known where it was. The run
    time sees races inside the C library as well, which synchronises by other means.
    """
    pieces = [piece for piece in text.split(BETWEEN) if HEADING in piece]
    found = (_report(piece.strip().splitlines(), library) for piece in pieces)
    return tuple({one.what: one for one in found if one is not None}.values())


def _report(lines: list[str], library: str) -> Report | None:
    kind = lines[0].removeprefix(HEADING).partition(" (pid")[0]
    stacks: list[list[str]] = []
    inside: list[set[bool]] = []
    for line in lines[1:]:
        if line.startswith(SUMMARY):
            break
        if line.startswith("  ") and not line.startswith("   "):
            stacks.append([line.strip()])
            inside.append(set())
        frame = FRAME.match(line)
        if stacks and frame is not None:
            inside[-1].add(f"({library}+" in line)
        if stacks and frame is not None and not any(ours in line for ours in OURS):
            stacks[-1].append(f"  in {frame[1]} at {_place(frame[2])}")
    known = [of_stack for of_stack in inside[:STACKS] if of_stack]
    if not known or not all(True in of_stack for of_stack in known):
        return None
    said = [line for line in lines if line.startswith(SUMMARY)]
    what = said[0].removeprefix(SUMMARY) if said else kind
    return Report(
        f"{kind}: {_shorter(what.removeprefix(kind).strip())}",
        tuple("\n".join(stack) for stack in stacks[:STACKS]),
    )


def _place(path: str) -> str:
    found = PLACE.fullmatch(path)
    return path if found is None else found[1]


def _shorter(what: str) -> str:
    """The same without the folder of the file."""
    path, _, rest = what.partition(" ")
    return f"{_place(path)} {rest}".strip()
