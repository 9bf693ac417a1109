"""Where a thread stands that waits inside C: the line of the library, if it can be had.

The kernel tells the stack pointer of a thread that waits. The first word above it that
points behind a call in the library's code is the return address of its innermost
function, or what is left of an older one: it is told as what it is, a likely place.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from memslot_conformance.targets.resting import TASKS, resting

STACK_BYTES = 1 << 13
WORD = 8

STACK_POINTER = -2
"""Where it stands in the line of `syscall`."""

SECONDS = 10.0
"""For addr2line, of the binutils."""


def where_it_stands(thread: int, library: str) -> str:
    """Words that go on after what was called: " about publish() at table.c:120"."""
    said = resting(thread)
    if said is None:
        return ""
    try:
        return _place(int(said.split()[STACK_POINTER], 16), library)
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""


def _place(pointer: int, library: str) -> str:
    mapped = [
        line.split()
        for line in Path("/proc/self/maps").read_text("utf-8").splitlines()
        if line.endswith(library)
    ]
    bounds = [tuple(int(part, 16) for part in row[0].split("-")) for row in mapped]
    code = [b for b, row in zip(bounds, mapped, strict=True) if "x" in row[1]]
    program = shutil.which("addr2line")
    if not code or program is None:
        return ""
    base = min(start for start, _ in bounds)
    for word in _words(pointer):
        if any(start < word <= end for start, end in code):
            return _named(program, library, word - base - 1)
    return ""


def _words(pointer: int) -> tuple[int, ...]:
    with (TASKS.parent / "mem").open("rb", buffering=0) as memory:
        memory.seek(pointer)
        data = memory.read(STACK_BYTES) or b""
    count = len(data) // WORD
    return struct.unpack(f"={count}Q", data[: count * WORD])


def _named(program: str, library: str, offset: int) -> str:
    told = subprocess.run(  # noqa: S603 - of the binutils, asked about the target
        [program, "-f", "-s", "-e", library, hex(offset)],
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    ).stdout.split()
    function, line = told[0], told[1]
    if function.startswith("?"):
        return ""
    return f" about {function}()" + ("" if line.startswith("?") else f" at {line}")
