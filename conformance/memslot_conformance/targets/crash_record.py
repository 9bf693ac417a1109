"""What a target was doing when it died: kept outside the process that dies."""

from __future__ import annotations

import mmap

SIZE = 4096

BOX = 4 << 20
"""What is kept to be done again, beside the words; of more nothing is kept."""

NUMBER = 4
"""Bytes of a length."""


class CrashRecord:
    """A small shared page that the worker writes and its supervisor reads.

    Made before the worker is forked, so both see the same memory; it survives
    the worker whatever ends it. Beside the words is a box with what was being done, in
    pieces that mean something to whoever put them there.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SIZE)
        self._box = mmap.mmap(-1, BOX)
        self._end = NUMBER

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

    def keep(self, *pieces: bytes) -> None:
        """Replace what is in the box by these pieces."""
        self._end = NUMBER
        self._box[0:NUMBER] = bytes(NUMBER)
        for piece in pieces:
            self.add(piece)

    def add(self, piece: bytes) -> None:
        """Put one more piece into the box; without room for it, empty it for good."""
        start = self._end + NUMBER
        end = start + len(piece)
        if not self._end or end > BOX:
            self._end = 0
            self._box[0:NUMBER] = bytes(NUMBER)
            return
        self._box[self._end : start] = len(piece).to_bytes(NUMBER, "little")
        self._box[start:end] = piece
        self._end = end
        # Last, so that a piece is there whole or not at all.
        self._box[0:NUMBER] = end.to_bytes(NUMBER, "little")

    def kept(self) -> tuple[bytes, ...]:
        """The pieces that are in the box."""
        end = min(int.from_bytes(self._box[0:NUMBER], "little"), BOX)
        at, pieces = NUMBER, list[bytes]()
        while at + NUMBER <= end:
            length = int.from_bytes(self._box[at : at + NUMBER], "little")
            at += NUMBER
            pieces.append(bytes(self._box[at : at + length]))
            at += length
        return tuple(pieces)

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        self._box.close()
