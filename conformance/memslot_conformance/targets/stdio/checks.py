"""What a line of a program may not be, whatever it answers."""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.targets.stdio.messages import (
    FIRST,
    GREETING,
    STEPPED_SINCE,
    VERSION,
    VERSION_KEY,
    Greeting,
    LineAnswer,
    LineTurn,
)
from memslot_conformance.targets.stdio.process import LINE_BYTES
from memslot_spec.history.events import Point
from memslot_spec.history.header import Interleaving
from memslot_spec.history.json_form import parsed
from memslot_spec.history.json_kinds import is_object, refuse
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.values import table_of

LONGEST_SECONDS = 60.0
"""So long may a program ask the suite to wait for one answer."""


def check_nothing(_: LineAnswer) -> None:
    """Of what was asked ahead, and is not wanted any more."""


def ignore(_: LineTurn) -> None:
    """Of a race that is not wanted any more."""


def check_bare(answer: LineAnswer) -> None:
    """Errors: `MisfitError` where it answers with something to what has no answer."""
    if answer.reply is not None or answer.view is not None:
        kind = "reply" if answer.reply is not None else "view"
        refuse("no reply and no view to this request", f"a {kind}", kind)
    if answer.points or answer.waits is not None:
        refuse("no points and no wait here", "some", "points")


def check_alone(answer: LineAnswer) -> None:
    """Errors: `MisfitError` where a line with a turn says more than that."""
    check_bare(answer)
    if answer.error is not None:
        refuse("no error beside a turn", answer.error, "error")


def in_order(answer: LineAnswer) -> LineAnswer:
    """The same, with the slots of published tables in the order of the suite's."""
    points = _in_order(answer.points)
    turn = answer.turn
    if turn is not None:
        turn = replace(turn, points=_in_order(turn.points))
    return replace(answer, points=points, turn=turn)


def _in_order(points: tuple[Point, ...]) -> tuple[Point, ...]:
    return tuple(
        replace(point, slots=table_of(*point.slots.slots))
        if isinstance(point, TablePublished)
        else point
        for point in points
    )


def _is_version(value: object) -> bool:
    return any(value is not True and value == known for known in range(1, VERSION + 1))


def greeting_of(data: bytes) -> Greeting:
    """What a program greets by. Errors: `MisfitError`, `UnicodeDecodeError`."""
    value = parsed(data.decode())
    if not is_object(value) or VERSION_KEY not in value:
        refuse(f"a greeting with the key {VERSION_KEY!r}", value)
    version = value[VERSION_KEY]
    if not _is_version(version):
        expected = f"a version from 1 to {VERSION}"
        refuse(expected, version, VERSION_KEY)
    greeting = GREETING.read(value, VERSION_KEY)
    is_stepped = greeting.capabilities.interleaving is Interleaving.POINTS
    if version == FIRST and (is_stepped or greeting.capabilities.announces):
        expected = f"version {STEPPED_SINCE}, which knows points"
        refuse(expected, version, VERSION_KEY)
    if not 0 < greeting.seconds <= LONGEST_SECONDS:
        expected = f"more than 0 and at most {LONGEST_SECONDS:g} seconds"
        refuse(expected, greeting.seconds, "seconds")
    return greeting


def printable(text: str, longest: int = LINE_BYTES) -> str:
    """The text in one line, with nothing in it that steers a terminal."""
    short = text if len(text) <= longest else f"{text[:longest]}..."
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in short
    )
