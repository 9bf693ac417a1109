"""Failure files: a history with what is needed to run it again.

The first line says what was run; the lines after it are the history as it is
read by `memslots judge`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from memslot_conformance.play.explore import replay as replay_schedule
from memslot_conformance.scenarios.scenario import Operations, Run, Scenario, Schedule
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import History
from memslot_spec.history.wire import (
    HistoryError,
    operation_from_json,
    operation_to_json,
    read_history,
    write_history,
)
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import Finding, judge

MARK = "memslots_failure"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """What was run, how, which clause it broke, and the history it left."""

    target: str
    profile: str
    clause: str
    scenario: Scenario
    schedule: Schedule
    history: History
    is_blind: bool = False


@dataclass(frozen=True, slots=True)
class Replayed:
    """A failure run again: the finding, if it came, and what it left.

    `diverged` says where the run could not follow the file.
    """

    finding: Finding | None
    history: History
    diverged: str | None


def write_failure(path: Path, failure: Failure) -> None:
    """Write the file whole, or not at all."""
    scenario = failure.scenario
    head = {
        MARK: VERSION,
        "target": failure.target,
        "profile": failure.profile,
        "clause": failure.clause,
        "blind": failure.is_blind,
        "prefix": _to_json(scenario.prefix),
        "threads": [_to_json(thread) for thread in scenario.threads],
        "after": _to_json(scenario.after),
        "schedule": [[run.thread, run.points] for run in failure.schedule],
    }
    lines = [
        json.dumps(head),
        *(line.rstrip() for line in write_history(failure.history)),
    ]
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    part.replace(path)


def _to_json(operations: Operations) -> list[dict[str, object]]:
    return [operation_to_json(operation) for operation in operations]


def is_failure(first_line: str) -> bool:
    """The line opens a failure file."""
    return first_line.lstrip().startswith("{") and f'"{MARK}"' in first_line


def read_failure(path: Path) -> Failure:
    """The failure in a file.

    Errors: `HistoryError` naming the file, the line and what was expected;
    `OSError` where it cannot be read.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not is_failure(lines[0]):
        message = f"{path}: line 1: expected a failure file with the key {MARK!r}"
        raise HistoryError(message)
    where = f"{path}: line 1"
    try:
        head: object = json.loads(lines[0])
    except json.JSONDecodeError as error:
        message = f"{where}: not JSON: {error}"
        raise HistoryError(message) from error
    if not _is_object(head):
        message = f"{where}: expected an object"
        raise HistoryError(message)
    fields = head
    if fields.get(MARK) != VERSION:
        message = f"{where}: {MARK} must be {VERSION}, got {fields.get(MARK)!r}"
        raise HistoryError(message)
    history = read_history(lines[1:], f"{path} (after its first line)")
    return Failure(
        target=_text(fields, "target", where),
        profile=_text(fields, "profile", where),
        clause=_text(fields, "clause", where),
        scenario=Scenario(
            _operations(fields.get("prefix"), f"{where}: prefix"),
            tuple(
                _operations(thread, f"{where}: threads")
                for thread in _list(fields.get("threads"), f"{where}: threads")
            ),
            _operations(fields.get("after"), f"{where}: after"),
        ),
        schedule=tuple(
            _run(run, f"{where}: schedule")
            for run in _list(fields.get("schedule"), f"{where}: schedule")
        ),
        history=history,
        is_blind=bool(fields.get("blind", False)),
    )


def _text(fields: dict[str, object], name: str, where: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        message = f"{where}: {name} must be a string, got {value!r}"
        raise HistoryError(message)
    return value


def _list(value: object, where: str) -> list[object]:
    if not _is_list(value):
        message = f"{where} must be a list, got {value!r}"
        raise HistoryError(message)
    return value


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _operations(value: object, where: str) -> Operations:
    return tuple(operation_from_json(item, where) for item in _list(value, where))


def _run(value: object, where: str) -> Run:
    match _list(value, where):
        case [int(thread), int(points)]:
            return Run(thread, points)
        case _:
            message = f"{where}: a run is [thread, points], got {value!r}"
            raise HistoryError(message)


def replay(failure: Failure) -> Replayed:
    """Run the failure again on its target, and judge what comes of it.

    Errors: as `targets.resolve`.
    """
    target = resolve(failure.target, failure.profile)
    played = replay_schedule(target.make, failure.scenario, failure.schedule)
    header = target.header
    events = played.events
    if failure.is_blind:
        header, events = blind(header), without_points(events)
    history = History(header, events)
    findings = judge(history, CLAUSES).findings
    same = [finding for finding in findings if finding.clause == failure.clause]
    diverged = played.diverged
    if diverged is None and played.error is not None and not findings:
        diverged = played.error.message
    return Replayed(same[0] if same else None, history, diverged)
