"""A finding as a person reads it: what broke, where, how, and how to see it again.

FAIL SRCU-3  A replaced table outlives its readers
  must         A table MUST NOT be reclaimed (freed or reused) while a read
               section that loaded it is open.
  step 4 of 5  T0: reclaim table v1
  expected     no open read section holds v1
  observed     the section of T1 holds v1
  source       Documentation/virt/kvm/locking.rst, section 3, `kvm->srcu`
  again        memslots replay trace-5f1c.json

The one place where a finding is put into words, for the terminal, `judge`, `replay` and
the book. What a target said is shown so that it cannot steer a terminal.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.console import RenderableType

from memslot_conformance.findings.failure_file import is_raced
from memslot_conformance.findings.records import Found
from memslot_conformance.report.lanes import drawing, step_words, within
from memslot_conformance.report.rendering import (
    BROKEN,
    entries,
    labelled,
    line,
    rendered,
)
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Event, Finished

BY_ID = {clause.id: clause for clause in CLAUSES}


def render_failure(
    found: Found, *, again: str | None = None, width: int = 100, color: bool = False
) -> str:
    """The whole of a finding: its words under the picture of its history.

    `again` is the command that shows it again where it has no file of its own.
    Errors: `ValueError` where its step is no index of an event.
    """
    drawn = picture(found, width=width)
    said = sentences(found, again=again, width=width)
    parts = [*drawn, line(""), *said] if drawn else said
    return "\n".join(rendered(parts, color=color))


def in_words(found: Found, *, width: int = 92) -> str:
    """The sentences of a finding alone, for who shows by themselves what was asked."""
    return "\n".join(rendered(sentences(found, width=width), color=False))


def picture(found: Found, *, width: int) -> list[RenderableType]:
    """The history as lanes, the step marked; nothing where no history was told."""
    if found.history is None:
        return []
    return [drawing(found.history.events, found.step, width=width)]


def sentences(
    found: Found, *, again: str | None = None, width: int
) -> list[RenderableType]:
    """The clause, the step, what was expected and observed, and the command."""
    clause = BY_ID.get(found.clause)
    events = () if found.history is None else found.history.events
    of = f" of {len(events)}" if events else ""
    parts = {
        "must": "" if clause is None else clause.must,
        f"step {found.step + 1}{of}": _step(events, found.step),
        "expected": found.expected,
        "observed": found.observed,
        "source": "" if clause is None else clause.source,
    }
    if _is_raced(found) and found.replays:
        parts["repeated"] = (
            f"{_again_in(found)}; what was recorded is proof as it stands"
        )
    elif found.came_again < found.replays:
        parts["at random"] = (
            f"{_again_in(found)}: the same requests were answered otherwise, and the "
            "law leaves one answer"
        )
    if found.unkept is not None:
        parts["no file"] = found.unkept
    said: list[RenderableType] = [
        line(f"FAIL {found.clause}  {title(found.clause)}", BROKEN),
        entries(list(parts.items()), within(width)),
    ]
    again = again_words(found, again)
    if again is not None:
        column = max(map(len, parts)) + 2
        said.append(labelled("  again", again, column=column + 2))
    return said


def _again_in(found: Found) -> str:
    return f"it came again in {found.came_again} of {found.replays} replays"


def _is_raced(found: Found) -> bool:
    """Threads that nobody steps raced in it; those of a race are numbered from 1."""
    if found.history is None:
        return False
    events = found.history.events
    return is_raced(found.history.header) and any(event.thread for event in events)


def title(clause: str) -> str:
    """What a clause is called, where this version has it."""
    known = BY_ID.get(clause)
    return "(no clause of this version)" if known is None else known.title


def again_words(found: Found, again: str | None) -> str | None:
    """The command that shows it again: its own file, else what was asked for."""
    if found.file is None:
        return again
    return f"memslots replay {shlex.quote(found.file)}"


def _step(events: Sequence[Event], step: int) -> str:
    if not events:
        return "(the report has no history of it)"
    event = events[step]
    words = step_words(events)[step]
    return words if isinstance(event, Finished) else f"T{event.thread}: {words}"
