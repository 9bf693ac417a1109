"""Files that were recorded, by whoever did: their lines, as bounded UTF-8 text.

The one place where such a file is opened. It is read from its start as often as it is
asked for, a pipe too, which gives what it has only once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from memslot_spec.history.json_kinds import FileError

LONGEST = 1 << 26
"""Bytes of a line at most; a device or a pipe may have no line end at all."""


class RecordedLines:
    """The lines of a file, each with its line end; messages call the file `name`.

    Errors: `FileError` at a line that is too long, or is no text in UTF-8. Of a last
    line that was cut in the middle of a character, what is whole is text, and
    U+FFFD stands for the rest: the reader of the line finds that it was cut.
    """

    def __init__(
        self, file: BinaryIO, name: str, kept: BinaryIO | None, longest: int
    ) -> None:
        self._file = file
        self._name = name
        self._kept = kept
        self._longest = longest

    @property
    def first(self) -> str:
        """The first line; empty where there is none."""
        return next(iter(self), "")

    def __iter__(self) -> Iterator[str]:
        """From the first line on."""
        for number, line in enumerate(self._raw(), 1):
            if len(line) > self._longest:
                where, most = f"{self._name}:{number}", f"{self._longest:,} bytes"
                message = f"{where}: expected a line of at most {most}"
                raise FileError(message)
            yield self._text(line, number)

    def _raw(self) -> Iterator[bytes]:
        if self._kept is None:
            self._file.seek(0)
        else:
            self._kept.seek(0)
            yield from self._pieces(self._kept)
        for piece in self._pieces(self._file):
            if self._kept is not None:
                self._kept.write(piece)
            yield piece

    def _pieces(self, file: BinaryIO) -> Iterator[bytes]:
        """The lines; of one that is too long only as much as shows that it is."""
        while piece := file.readline(self._longest + 1):
            yield piece

    def _text(self, line: bytes, number: int) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            if not line.endswith(b"\n"):
                return line[: error.start].decode() + "\ufffd"
            where, got = f"{self._name}:{number}", error.reason
            message = f"{where}: expected text in UTF-8, got {got}"
            raise FileError(message) from None


@contextmanager
def recorded_lines(path: Path, *, longest: int = LONGEST) -> Generator[RecordedLines]:
    """The lines of a file, as long as it is open here. Errors: `OSError`."""
    with path.open("rb") as file:
        if file.seekable():
            yield RecordedLines(file, str(path), None, longest)
            return
        with tempfile.TemporaryFile() as kept:
            yield RecordedLines(file, str(path), kept, longest)
