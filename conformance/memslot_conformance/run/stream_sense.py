"""What every line of a stream has to be true to, beside its form.

A stream is counted up without being run again. So what this version knows nothing of,
and what would be counted twice, is refused by its line and not passed over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields

from memslot_conformance.findings.records import (
    BoundEnded,
    Found,
    LayerDone,
    Record,
    RunFinished,
    RunStarted,
    TargetStarted,
)
from memslot_conformance.spelling import close_to
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.json_kinds import MisfitError, shown

KNOWN = frozenset(clause.id for clause in CLAUSES)


def _last_numbers() -> Mapping[str, int]:
    """For each area of clauses its highest number."""
    last: dict[str, int] = {}
    for clause in KNOWN:
        area, _, number = clause.rpartition("-")
        last[area] = max(last.get(area, 0), int(number))
    return last


LAST = _last_numbers()


def check(record: Record, last: Record | None) -> None:
    """Look at a record that comes after `last`. Errors: `MisfitError`."""
    if isinstance(last, RunFinished):
        message = "nothing may follow RunFinished: this is more than one run"
        raise MisfitError(message)
    if isinstance(record, RunStarted) and last is not None:
        message = "only the first record may be RunStarted: this is more than one run"
        raise MisfitError(message)
    _check_seconds(record)
    match record:
        case Found(clause=clause):
            if clause not in KNOWN:
                _refuse(clause, "clause")
        case LayerDone(reached=reached, histories=histories, occasions=occasions):
            _check_ids(occasions, "occasions")
            _check_ids(reached, "reached")
            _check_ids(histories, "histories")
        case BoundEnded(histories=histories):
            _check_ids(histories, "histories")
        case TargetStarted(not_applicable=reasons):
            _check_ids(reasons, "not_applicable")
        case _:
            pass


def _check_seconds(record: Record) -> None:
    for one in fields(record):
        value: object = getattr(record, one.name)
        if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
            message = f"expected a time in seconds, got {shown(value)}"
            raise MisfitError(message, one.name)


def _check_ids(ids: Iterable[str], path: str) -> None:
    """A clause that was withdrawn left a gap: an older run may have counted it."""
    for clause in ids:
        area, _, number = clause.rpartition("-")
        was = number.isdecimal() and 0 < int(number) <= LAST.get(area, 0)
        if clause not in KNOWN and not was:
            _refuse(clause, path)


def _refuse(clause: str, path: str) -> None:
    hint = close_to(clause, sorted(KNOWN))
    known = "the id of a clause that this version knows"
    message = f"expected {known}, got {shown(clause)}.{hint}"
    raise MisfitError(message, path)
