"""How targets broke, which is no verdict on them. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from rich.console import RenderableType

from memslot_conformance.findings.records import Record, TargetFailed
from memslot_conformance.report.console import printable
from memslot_conformance.report.rendering import BROKEN, columns, line
from memslot_conformance.run.verdicts import headline


def errors(records: Iterable[Record]) -> Sequence[RenderableType]:
    """Each target that broke: how, in what, and what it was doing."""
    parts: list[RenderableType] = []
    for failed in records:
        if isinstance(failed, TargetFailed):
            what, said = printable(failed.what), headline(printable(failed.what))
            parts.append(line(f"ERROR {failed.target}  {said}", BROKEN))
            if failed.operation:
                parts.append(columns(_fault(failed, said), indent=2))
            rest = [(each,) for each in what.splitlines() if each != said]
            parts += [columns(rest, indent=2)] if rest else []
            if failed.operation:
                continue
            last = printable(failed.last).splitlines() or ["it had said nothing"]
            rows = [("" if n else "at that time", each) for n, each in enumerate(last)]
            parts.append(columns(rows, indent=2))
    return parts


def _fault(failed: TargetFailed, said: str) -> Sequence[tuple[str, str]]:
    """In what it broke, and how; and what shows it again."""
    rows = [
        ("operation", printable(failed.operation)),
        ("thread", f"T{failed.thread}"),
        ("exception", said),
    ]
    if failed.file is not None:
        rows.append(("again", f"memslots replay {shlex.quote(failed.file)}"))
    if failed.unkept is not None:
        rows.append(("no file", printable(failed.unkept)))
    return rows
