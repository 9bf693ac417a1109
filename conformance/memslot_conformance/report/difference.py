"""What `memslots diff` says of two functions, from what the comparison told."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from memslot_conformance.report.rendering import columns, labelled, line, rendered
from memslot_conformance.run.exits import Exit

Said = dict[str, Any]
"""A `diff.compare.Comparison` as JSON: it comes out of another process."""


def status_of(said: Said) -> Exit:
    """1 where they differ, 0 where all paths were compared, 4 otherwise."""
    if said["differences"]:
        return Exit.DOES_NOT_CONFORM
    return Exit.CONFORMS if said["exhausted"] else Exit.INCONCLUSIVE


def told(said: Said, mine: str, spec: str) -> list[str]:
    """Each difference with what either function answers; and how it ends."""
    parts: list[RenderableType] = []
    for difference in said["differences"]:
        given = difference["arguments"].items()
        answers = ((mine, difference["mine"]), (spec, difference["spec"]))
        parts += [
            line(", ".join(f"{name}={value}" for name, value in given)),
            columns([(name, str(answer)) for name, answer in answers], indent=2),
            line(""),
        ]
    end = labelled(f"exit {int(status_of(said))}", _sentence(said))
    return rendered([*parts, end])


def _sentence(said: Said) -> str:
    seconds = f"{said['seconds']:.1f} s"
    number = len(said["differences"])
    if number:
        what = "1 difference" if number == 1 else f"{number} kinds of difference"
        return f"{what} in {said['paths']} paths, {seconds}"
    if said["exhausted"]:
        return f"no difference: all paths compared ({said['paths']}), {seconds}"
    drawn = f", nor on {said['drawn']} drawn arguments" if said["drawn"] else ""
    words = f"no difference found in {seconds} on {said['paths']} paths{drawn}"
    return f"{words}; paths not exhausted: inconclusive"
