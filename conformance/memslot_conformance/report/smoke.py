"""What `memslots smoke` says of an adapter. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from memslot_conformance.run.smoke import Check
from memslot_conformance.run.verdicts import Exit


def report(checks: Sequence[Check]) -> tuple[list[str], Exit]:
    """A line for each check, what is wrong under it; and the status it ends with."""
    lines: list[str] = []
    for check in checks:
        state = "BROKEN" if check.problem else "ok"
        lines.append(f"{state:7} {check.name}")
        lines += [f"        {line}" for line in (check.problem, check.note) if line]
    if any(check.problem for check in checks):
        sentence = "the adapter is broken; nothing was judged"
        return [*lines, "", f"exit 3   {sentence}"], Exit.BROKE
    sentence = "the adapter is sound; `memslots check` judges what it adapts"
    return [*lines, "", f"exit 0   {sentence}"], Exit.CONFORMS
