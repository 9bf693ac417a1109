"""Whether a thread of this process rests: it waits for another one to wake it.

The kernel shows the system call that a thread is in only where it is off the processor,
and who is woken is no longer so at that moment. So one look is enough to say that it
rests, as long as nobody runs who could wake it.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

from memslot_conformance.targets.lock_waits import is_endless

TASKS = Path("/proc/self/task")

ADDRESS, OWNER = 1, 8
"""Where the address stands in the line; and how far behind it glibc has the owner."""


def threads_of_process() -> frozenset[int]:
    """The numbers of all threads of this process; none where nobody tells."""
    try:
        return frozenset(int(task.name) for task in TASKS.iterdir())
    except OSError:
        return frozenset()


def resting(thread: int) -> str | None:
    """In which wait without an end the thread is: the same text, the same wait.

    None where it is in none, or has ended, or nobody tells.
    """
    try:
        said = (TASKS / str(thread) / "syscall").read_text("ascii")
    except OSError:
        return None
    return said if is_endless(said) else None


def owner_of_lock(said: str) -> int:
    """Which thread holds the mutex that is waited for in this text of `resting`.

    Of what is no mutex of glibc it is any number.
    """
    address = int(said.split()[ADDRESS], 16)
    return ctypes.c_uint32.from_address(address + OWNER).value
