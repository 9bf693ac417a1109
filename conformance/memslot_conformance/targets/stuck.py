"""Whether a process can go on at all: read from what the kernel says of its threads.

A thread that waits in a private futex without a time-out can only be woken by another
thread of its process. Where all of them do so at one time, none is left that could.
Linux alone tells; elsewhere nothing is ever found stuck.
"""

from __future__ import annotations

import platform
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

TASKS = Path("/proc/self/task")

FUTEX = {"x86_64": "202", "aarch64": "98"}
"""The number of the system call, by machine."""

COMMANDS, WAITS, PRIVATE = 0x7F, frozenset({0, 9}), 0x80
"""Of its second argument: the command, those that wait, and that no other process may
wake it."""

OPERATION, TIMEOUT = 2, 4
"""Where these arguments stand in the line of `syscall`."""

STUCK = "waits for ever: every thread of the process waits for another to wake it"

CURRENT = "_current_frames"
"""What gives the frame of each thread, which `sys` documents under this name."""

FRAMES = 6
"""Innermost frames that are told of a thread."""


def nobody_can_go_on() -> bool:
    """Every thread of this process but the caller waits until another one wakes it."""
    before = _waiting()
    # Who had been woken by one that was looked at later would have run by now.
    return before is not None and before == _waiting()


def where(ident: int | None) -> str:
    """Where a thread of Python stands, its innermost frames; empty where it ended."""
    frames: Callable[[], dict[int, FrameType]] = getattr(sys, CURRENT)
    frame = None if ident is None else frames().get(ident)
    return "" if frame is None else "".join(traceback.format_stack(frame)[-FRAMES:])


def _waiting() -> dict[str, str] | None:
    """How often each other thread has run, if each waits for ever; None if one may not.

    Also None where there is no other thread.
    """
    futex, mine = FUTEX.get(platform.machine()), str(threading.get_native_id())
    ran: dict[str, str] = {}
    try:
        for task in TASKS.iterdir():
            if task.name != mine:
                if not _waits_for_ever((task / "syscall").read_text(), futex):
                    return None
                ran[task.name] = _times_run((task / "status").read_text())
    except OSError:
        # It ended, or the kernel does not tell.
        return None
    return ran or None


def _waits_for_ever(call: str, futex: str | None) -> bool:
    number, *_ = words = call.split()
    if number != futex:
        return False
    operation, timeout = int(words[OPERATION], 16), int(words[TIMEOUT], 16)
    waits = operation & COMMANDS in WAITS
    return waits and bool(operation & PRIVATE) and timeout == 0


def _times_run(status: str) -> str:
    lines = status.splitlines()
    return " ".join(line.split()[1] for line in lines if "ctxt_switches" in line)
