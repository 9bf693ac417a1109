"""What takes long to find is kept from one build of the book to the next.

A result is a file named by what it is of and by a number for all that it depends on:
the code and the question. Where either changes, the result is found again; so it is
where the file is not what was written. Old ones stay until `make clean`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import memslot_conformance
import memslot_reference
import memslot_spec

ROOT = Path(__file__).parents[2]

FOLDER = ROOT / ".memslots-cache"
"""Beside the book and not in it: a book that is built anew finds the same."""

PACKAGES = (memslot_spec, memslot_reference, memslot_conformance)

ONLY_SHOWN = frozenset({"cli", "diff", "report"})
"""Rooms that show what was found, and find nothing."""


@cache
def digest(*, shown: bool = False) -> str:
    """A number for the code that finds; with that which shows it, if `shown`."""
    told = sha256(sys.version.encode())
    for root in _roots():
        for path in sorted(root.rglob("*.py")):
            name = path.relative_to(root)
            if shown or name.parts[0] not in ONLY_SHOWN:
                told.update(f"{name} {path.stat().st_size} ".encode())
                told.update(path.read_bytes())
    return told.hexdigest()


def _roots() -> Iterator[Path]:
    """The folders of the packages, and that of what writes the book."""
    for package in PACKAGES:
        yield from map(Path, package.__path__)
    yield Path(__file__).parent


def kept(
    name: str,
    asked: object,
    make: Callable[[], str],
    *,
    shown: bool = False,
    folder: Path = FOLDER,
) -> str:
    """The result of this name for what is asked: the one kept, or a new one.

    `asked` is told apart by its `repr`. Errors: those of `make`; nothing is kept.
    """
    question = sha256(f"{digest(shown=shown)} {asked!r}".encode()).hexdigest()
    file = folder / f"{name}-{question[:24]}"
    text = _read(file)
    if text is None:
        text = make()
        _write(file, text)
    return text


def _read(file: Path) -> str | None:
    """What was written, or None where it is not that."""
    try:
        check, _, text = file.read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if check == sha256(text.encode()).hexdigest() else None


def _write(file: Path, text: str) -> None:
    """Write it whole or not at all: another build may do the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(f".{os.getpid()}")
    check = sha256(text.encode()).hexdigest()
    new.write_text(f"{check}\n{text}", encoding="utf-8")
    new.replace(file)
