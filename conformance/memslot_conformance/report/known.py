"""How clauses are known, in words: one clause, and all of them in numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from memslot_conformance.run.verdicts import OCCASIONS
from memslot_spec.clause import AnyClause
from memslot_spec.known import Way


def known_rows(clause: AnyClause) -> list[tuple[str, str]]:
    """Each way with its lines, command or argument, and who implies the clause."""
    told = [(way.value, words) for way, words in clause.known.words]
    if clause.implied is not None:
        told.append(("implied", f"by {implied_words(clause)}"))
    if clause.occasion is not None:
        told.append(("occasion", occasion_words(clause)))
    return told


def occasion_words(clause: AnyClause) -> str:
    """When it is enough that its premise never held, and why; nothing where never."""
    occasion = clause.occasion
    if occasion is None:
        return ""
    return (
        f"it does not apply where {occasion.never} {OCCASIONS:,} or more: "
        f"{occasion.because}"
    )


def occasion_as_json(clause: AnyClause) -> dict[str, object] | None:
    """The same as data; None where its premise has to hold."""
    occasion = clause.occasion
    if occasion is None:
        return None
    return {"never": occasion.never, "because": occasion.because}


def implied_words(clause: AnyClause) -> str:
    """The clauses that imply it, and why; nothing where none does."""
    implied = clause.implied
    return "" if implied is None else f"{', '.join(implied.by)}: {implied.because}"


def known_marks(clause: AnyClause) -> str:
    """The same in a word each, such as `read, measured; implied`."""
    ways = ", ".join(way.value for way in clause.known.ways)
    return ways if clause.implied is None else f"{ways}; implied"


def in_numbers(clauses: Sequence[AnyClause]) -> str:
    """How many are known in each way, and implied; one may count in several ways."""
    counts = {way: sum(way in c.known.ways for c in clauses) for way in Way}
    seen = (c.known.measured for c in clauses)
    kernels = ", ".join(sorted({each.kernel for each in seen if each is not None}))
    on = f" on Linux {kernels}" if kernels else ""
    implied = sum(clause.implied is not None for clause in clauses)
    return (
        f"{counts[Way.READ]} read, {counts[Way.MEASURED]} measured{on}, "
        f"{counts[Way.DERIVED]} derived; {implied} of {len(clauses)} implied by others"
    )


def known_as_json(clause: AnyClause) -> dict[str, object]:
    """The same as data: what is not so is null."""
    known = clause.known
    measured = None if known.measured is None else known.measured._asdict()
    return {
        "read": known.read or None,
        "last_read": known.last_read or None,
        "measured": measured,
        "derived": known.derived or None,
    }


def implied_as_json(clause: AnyClause) -> dict[str, object] | None:
    """Who implies it and why; None where none does."""
    implied = clause.implied
    if implied is None:
        return None
    return {"by": list(implied.by), "because": implied.because}
