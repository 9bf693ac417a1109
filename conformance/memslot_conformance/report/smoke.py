"""What `memslots smoke` says of an adapter. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from memslot_conformance.report.rendering import columns, labelled, line, rendered
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.smoke_declared import Check


def report(checks: Sequence[Check]) -> tuple[list[str], Exit]:
    """A line for each check, what is wrong under it; and the status it ends with."""
    rows: list[tuple[str, str]] = []
    for check in checks:
        rows.append(("BROKEN" if check.problem else "ok", check.name))
        notes = check.note.splitlines()
        rows += [("", said) for said in (check.problem, *notes) if said]
    sentence = "the adapter is sound; `memslots check` judges what it adapts"
    status = Exit.CONFORMS
    if any(check.problem for check in checks):
        sentence, status = "the adapter is broken; nothing was judged", Exit.BROKE
    end = labelled(f"exit {int(status)}", sentence)
    return rendered([columns(rows, least=[len("BROKEN")]), line(""), end]), status
