"""Whether a process waits for its own locks, and for nothing else: by /proc.

Who sleeps, or waits for a child, a socket, a page or another process, may yet go on;
so may who waits with a time-out. Where all threads of a process wait for locks that
only they can give back, and none of these waits has an end, nothing goes on any more.
"""

from __future__ import annotations

import platform
from pathlib import Path

FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine())
"""The number of futex(2), where it is known."""

FUTEX_WAIT, FUTEX_WAIT_BITSET = 0, 9
FUTEX_COMMAND, FUTEX_PRIVATE = 0x7F, 0x80
"""Only the threads of one process can wake a private wait."""

UTIME, STIME = 11, 12
"""Fields of /proc/PID/stat behind the name: ticks in user and in kernel mode."""


def ticks_in_lock_waits(pid: int) -> int | None:
    """Ticks of CPU time the process has used, where all its threads wait for locks.

    None where one of them does anything else, or nobody can say.
    """
    process = Path("/proc") / str(pid)
    try:
        threads = list((process / "task").iterdir())
        waits = [(thread / "syscall").read_text("ascii") for thread in threads]
        stat = (process / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    if not waits or not all(map(is_lock_wait, waits)):
        return None
    fields = stat.rpartition(")")[2].split()
    return int(fields[UTIME]) + int(fields[STIME])


def is_lock_wait(said: str) -> bool:
    """A line of /proc/PID/syscall is a private wait for a lock without a time-out."""
    return is_endless(said) and bool(int(said.split()[2], 16) & FUTEX_PRIVATE)


def is_endless(said: str) -> bool:
    """It is a wait in a futex, of whichever kind, without a time-out."""
    words = said.split()
    if FUTEX is None or len(words) < len(("number", "address", "op", "value", "until")):
        return False
    if words[0] != str(FUTEX):
        return False
    operation, until = int(words[2], 16), int(words[4], 16)
    return operation & FUTEX_COMMAND in {FUTEX_WAIT, FUTEX_WAIT_BITSET} and until == 0
