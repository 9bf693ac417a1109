"""The standard streams, and the one way in which a command says something on them.

They may be closed, full, or read by nobody any more. None of that is a verdict: a
command that cannot say what it has to say ends with status 3, in one line where there
is anybody to read it.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import TextIO

import click

from memslot_conformance.report.console import printable

STANDARD = (0, 1, 2)


def stand_in() -> bool:
    """Put the null device in the place of standard streams that are closed.

    Else the next file that is opened would be taken for them. False where standard
    output is among them: nobody would see what the command has to say.
    """
    for descriptor in STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    has_output = _is_there(sys.stdout)
    if not has_output:
        sys.stdout = _nothing(1)
    if not _is_there(sys.stderr):
        sys.stderr = _nothing(2)
    return has_output


def _is_there(stream: TextIO | None) -> bool:
    """Python has None for a stream that was closed when it began."""
    return stream is not None


def _nothing(descriptor: int) -> TextIO:
    return os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)


def show(text: str, *, err: bool = False, color: bool = False) -> None:
    """Print a text, on the error stream if `err`, that foreign words may stand in.

    Nothing of it steers the terminal, but its style where it is set in `color`.
    """
    click.echo(printable(text, styled=color), err=err)


def say(words: str) -> None:
    """Say it on the error stream, if that can be written."""
    with suppress(OSError):
        show(words, err=True)


def give_up(error: OSError) -> None:
    """Say in a line why the command stopped; what nobody took is dropped."""
    _drop(sys.stdout)
    why = str(error)
    if error.errno == errno.EPIPE:
        why = "nobody reads what it says any more"
    say(f"exit 3   the command stopped: {why}")
    _drop(sys.stderr)


def _drop(stream: TextIO) -> None:
    """Drop what it does not take, or Python ends with a status of its own."""
    try:
        stream.flush()
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        stream.flush()
