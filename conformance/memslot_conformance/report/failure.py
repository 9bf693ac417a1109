"""The text of a failure: which clause broke, where, how, and how to see it again.

FAIL SRCU-3  A replaced table outlives its readers
  must         A table MUST NOT be reclaimed (freed or reused) while a read
               section that loaded it is open.
  step 4 of 5  T0: reclaim table v1
  expected     no open read section holds v1
  observed     the section of T1 holds v1
  source       Documentation/virt/kvm/locking.rst, section 3, `kvm->srcu`
  again        memslots replay trace-5f1c.json
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from textwrap import wrap

from memslot_conformance.report.lanes import (
    BOLD_RED,
    NARROWEST,
    PLAIN,
    ROWS,
    WIDEST,
    draw,
    step_words,
)
from memslot_spec.history.events import Event, Finished


def render_failure(  # noqa: PLR0913 - the parts of a finding, then how to draw
    *,
    clause: str,
    title: str,
    must: str,
    source: str,
    expected: str,
    observed: str,
    step: int,
    events: Sequence[Event],
    replay: str,
    width: int = 100,
    limit: int = ROWS,
    names: Mapping[int, str] | None = None,
    color: bool = False,
) -> str:
    """The failure of a clause, under the picture of its history.

    `clause` is the id, `step` the index of the event that broke it, `replay` the
    file that holds the history. Errors: `ValueError` where `step` is no index.
    """
    picture = draw(events, step, width=width, limit=limit, names=names, color=color)
    title_line = f"FAIL {clause}  {title}"
    parts = {
        "must": must,
        f"step {step + 1} of {len(events)}": _words(events, step),
        "expected": expected,
        "observed": observed,
        "source": source,
    }
    column = max(len(label) for label in parts) + 2
    columns = max(NARROWEST, min(width, WIDEST))
    lines = [f"{BOLD_RED}{title_line}{PLAIN}" if color else title_line]
    for label, text in parts.items():
        lines.extend(_part(label, text, column, columns))
    lines.append(f"  {'again':{column}}memslots replay {shlex.quote(replay)}")
    return "\n".join((picture, "", *lines))


def _words(events: Sequence[Event], step: int) -> str:
    event = events[step]
    words = step_words(events)[step]
    return words if isinstance(event, Finished) else f"T{event.thread}: {words}"


def _part(label: str, text: str, column: int, columns: int) -> list[str]:
    """One labelled part; its text goes on below itself."""
    indent = " " * (column + len("  "))
    lines = wrap(
        text,
        columns,
        initial_indent=f"  {label:{column}}",
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [f"  {label}"]
