"""Failure files: a history with what is needed to run it again.

    {"memslots_failure": 2, "target": "patch", "profile": "v2.6.34", ...}
    {"memslots_history": 1, ...}

The first line says what was run and how, in the form of the one codec
(`memslot_spec.history.json_form`); the lines after it are the history as it is read by
`memslots judge`. Version 1 had the parts of the scenario one by one, and each run of
the schedule as a pair. It is still read.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

from memslot_conformance.play.explore import replay as replay_schedule
from memslot_conformance.play.repeated import until_it_fails
from memslot_conformance.recorded_files import recorded_lines
from memslot_conformance.scenarios.scenario import Run, Scenario, Schedule
from memslot_conformance.spelling import close_to
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.dialect import DIALECT, bits_of
from memslot_spec.history.header import FORMAT_VERSION, Header, History, Interleaving
from memslot_spec.history.json_form import JsonForm, parsed, version_in
from memslot_spec.history.json_kinds import (
    MisfitError,
    is_list,
    is_object,
    refuse,
    shown,
)
from memslot_spec.history.json_schema import Schema, schema_of_lines
from memslot_spec.history.wire import (
    EVENT,
    HEADER,
    HistoryError,
    check_profile,
    read_history,
    write_history,
)
from memslot_spec.history.wire import VERSION_KEY as HISTORY_KEY
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import judge_events

VERSION_KEY = "memslots_failure"
"""The first key of a failure file; its value is the version of the form."""

VERSION = 2
"""Rises when a failure file of the older form can no longer be read as it is."""

LONGEST_NAME = 100
"""Characters of a target's name that a file's name has, and then a checksum."""


@dataclass(frozen=True, slots=True)
class RecordedFailure:
    """What was run, how, which clause it broke, and the history it left.

    Where it broke no clause but the target itself, `fault` says how.
    """

    target: str
    profile: str
    clause: str
    scenario: Scenario
    schedule: Schedule
    history: History
    is_blind: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line: a failure without its history."""

    target: str
    profile: str
    clause: str
    blind: bool
    scenario: Scenario
    schedule: Schedule
    fault: str = ""


RUN = ("thread", "points")
"""What the two numbers of a run were in version 1."""


def _bits_of(kind: type, name: str) -> int | None:
    return 64 if kind is Run else bits_of(kind, name)


HEAD: JsonForm[Head] = JsonForm(
    Head,
    replace(DIALECT, bits=_bits_of, came_later=DIALECT.came_later | {(Head, "fault")}),
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a failure left when it was run again.

    `diverged` says where the run could not follow the file, `error` how the target
    broke. A race of threads was played so many `times`, until its clause was broken.
    """

    history: History
    diverged: str | None
    error: str | None
    times: int = 1


REPLAYED: JsonForm[Replayed] = JsonForm(Replayed, DIALECT)


def write_failure(path: Path, failure: RecordedFailure) -> None:
    """Write the file whole, or not at all. Errors: `OSError`."""
    head = Head(
        failure.target,
        failure.profile,
        failure.clause,
        failure.is_blind,
        failure.scenario,
        failure.schedule,
        failure.fault,
    )
    first = json.dumps({VERSION_KEY: VERSION, **HEAD.write(head)}) + "\n"
    part = path.with_suffix(".part")
    text = first + "".join(write_history(failure.history))
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def file_name_of(target: str) -> str:
    """What a file is called after a target: a command may be longer than a name."""
    name = target.replace(":", "-").replace("/", "-").replace(" ", "-")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}-{crc32(target.encode()):08x}"


def kept_in(
    folder: Path, failure: RecordedFailure, number: int = 1
) -> tuple[str | None, str | None]:
    """The file of the failure in a folder; or why there is none.

    A finding whose file cannot be written is still a finding. Of faults there may be
    a `number`.
    """
    name = file_name_of(failure.target)
    about = failure.clause or f"error-{number}"
    path = folder / f"{name}-{about}.ndjson"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_failure(path, failure)
    except (OSError, MisfitError) as error:
        return None, str(error)
    return str(path), None


def schema() -> Schema:
    """The JSON Schema of a failure file."""
    head = (HEAD.form, {VERSION_KEY: VERSION})
    header = (HEADER.form, {HISTORY_KEY: FORMAT_VERSION})
    return schema_of_lines("A failure file of memslots", [head, header], EVENT.form)


def is_failure(first_line: str) -> bool:
    """The line opens a failure file."""
    return first_line.lstrip().startswith("{") and f'"{VERSION_KEY}"' in first_line


def history_lines(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a failure file without its head, each at its number."""
    return itertools.chain(("\n",), itertools.islice(lines, 1, None))


def read_failure(path: Path) -> RecordedFailure:
    """The failure in a file.

    Errors: `FileError` naming the file, the line and what was expected; `OSError`
    where it cannot be read.
    """
    with recorded_lines(path) as lines:
        head = read_head(lines.first, str(path))
        history = read_history(history_lines(lines), str(path))
    return RecordedFailure(
        target=head.target,
        profile=head.profile,
        clause=head.clause,
        scenario=head.scenario,
        schedule=head.schedule,
        history=history,
        is_blind=head.blind,
        fault=head.fault,
    )


def read_head(first_line: str, name: str) -> Head:
    """What the first line of a failure file says; messages call the file `name`.

    Errors: `HistoryError`, also where it names what is not there: a profile, a clause,
    a thread of its scenario.
    """
    try:
        return _head(parsed(first_line))
    except MisfitError as misfit:
        message = f"{name}:1: {misfit}"
        raise HistoryError(message) from None


def _head(value: object) -> Head:
    version = version_in(value, VERSION_KEY, VERSION, "the head of a failure file")
    head = HEAD.read(_upgraded(value) if version == 1 else value, VERSION_KEY)
    check_profile(head.profile)
    known = [clause.id for clause in CLAUSES]
    if head.clause not in known and not (head.fault and not head.clause):
        hint = f".{near}" if (near := close_to(head.clause, known)) else ""
        expected = "the id of a clause that this version knows"
        message = f"expected {expected}, got {shown(head.clause)}{hint}"
        raise MisfitError(message, "clause")
    last = len(head.scenario.threads)
    for number, run in enumerate(head.schedule):
        if not 0 <= run.thread <= last:
            path = f"schedule[{number}].thread"
            refuse(f"a thread of the scenario, 0..{last}", run.thread, path)
    return head


def _upgraded(value: object) -> object:
    """The head of version 1 as it is today."""
    if not is_object(value):
        return value
    parts = {name: value.get(name) for name in ("prefix", "threads", "after")}
    runs = value.get("schedule")
    return {
        **{name: part for name, part in value.items() if name not in parts},
        "blind": value.get("blind", False),
        "scenario": parts,
        "schedule": list(map(_run, runs)) if is_list(runs) else runs,
    }


def _run(pair: object) -> object:
    if not is_list(pair) or len(pair) != len(RUN):
        return pair
    return dict(zip(RUN, pair, strict=True))


def is_raced(header: Header) -> bool:
    """Its races are run by threads, which no schedule steps."""
    return header.capabilities.interleaving is Interleaving.THREADS


def replay(failure: RecordedFailure) -> Replayed:
    """Run the failure again on its target; a race of threads, until it fails.

    Errors: as `targets.resolve`.
    """
    target = resolve(failure.target, failure.profile)
    header = target.header
    if failure.scenario.threads and is_raced(header):
        held = ApplicableClauses(header, [clause_by_id(failure.clause)])
        played, times = until_it_fails(
            target.make,
            failure.scenario,
            lambda one: bool(judge_events(held, one.events).findings),
        )
    else:
        times = 1
        played = replay_schedule(target.make, failure.scenario, failure.schedule)
    events = played.events
    if failure.is_blind:
        header, events = blind(header), without_points(events)
    error = None if played.error is None else played.error.message
    return Replayed(History(header, events), played.diverged, error, times)
