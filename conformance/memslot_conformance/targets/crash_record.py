"""What a target was doing when it died: kept outside the process that dies."""

from __future__ import annotations

import mmap

SIZE = 4096


class CrashRecord:
    """A small shared page that the worker writes and its supervisor reads.

    Made before the worker is forked, so both see the same memory; it survives
    the worker whatever ends it.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SIZE)

    def say(self, words: str) -> None:
        """Replace what is there; at most 4,094 bytes are kept."""
        data = words.encode("utf-8", "replace")[: SIZE - 2]
        self._memory[0:2] = b"\0\0"
        self._memory[2 : 2 + len(data)] = data
        self._memory[0:2] = len(data).to_bytes(2, "little")

    def heard(self) -> str:
        """What was said last, or an empty string."""
        length = int.from_bytes(self._memory[0:2], "little")
        return bytes(self._memory[2 : 2 + length]).decode("utf-8", "replace")

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
