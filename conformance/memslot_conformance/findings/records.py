"""The records of a run: one line of the event stream each, the truth of a report.

A run writes them as they come. Everything else (terminal table, verdicts, exit
status) is computed from them, so that a run killed in the middle can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from memslot_conformance.scenarios.scenario import Schedule
from memslot_spec.history.header import History
from memslot_spec.judging.judgement import Finding


class Verdict(Enum):
    """What a run says of one clause on one target. Only `PASS` is a pass."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run begins: what it is about to do."""

    version: str
    started: str
    level: str
    seed: int
    targets: tuple[str, ...]
    clauses: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStarted:
    """A target is up; `description` says what it is, in a line.

    `not_applicable` gives, for each clause that cannot be shown, why. `kernel` is
    the release of the running kernel, where that is the target.
    """

    target: str
    profile: str
    description: str
    interleaving: str
    operations: tuple[str, ...]
    not_applicable: dict[str, str]
    kernel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSkipped:
    """A target cannot be had here, and why."""

    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDone:
    """A layer has run: how much, and what of it was complete.

    `covered` says in words what was explored; `reached` counts for each clause
    how often its premise held, `histories` in how many histories it held at all.
    `requests` are the operations that a layer asks one by one, where it does.
    `cut` says why it ended early, if it did. `met` counts what was asked and what met,
    as `scenarios.drawn.met` names it. Of the `schedules` so many `orders` differ as
    partial orders, None in reports that did not tell; `left_out` are those that the
    search did not come to play, since others are the same partial order. `occasions`
    counts for each clause that has one how often it was met. Of the `raced` schedules,
    on threads that nobody steps, calls overlapped in so many.
    """

    target: str
    layer: str
    scenarios: int
    schedules: int
    steps: int
    seconds: float
    covered: str
    reached: dict[str, int] = field(default_factory=dict[str, int])
    cut: str | None = None
    histories: dict[str, int] = field(default_factory=dict[str, int])
    requests: int = 0
    met: dict[str, int] = field(default_factory=dict[str, int])
    orders: int | None = None
    left_out: int = 0
    occasions: dict[str, int] = field(default_factory=dict[str, int])
    raced: int = 0
    overlapped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundEnded:
    """Bounded searches that came to their end, all of one size.

    Of `races` races of so many threads and raced operations every schedule of at most
    so many `preemptions` was played, or one of the same partial order; a race of one
    thread is a scenario without a race. `histories` gives for each clause in how many
    of the `schedules` its premise held. So many `orders` of these differ as partial
    orders, None in reports that did not tell.
    """

    target: str
    threads: int
    operations: int
    preemptions: int
    races: int
    schedules: int
    steps: int
    histories: dict[str, int]
    orders: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceSeen:
    """What was seen at a place where more than one answer is allowed.

    `taken` counts every option that is allowed, those never taken among them.
    """

    target: str
    choice: str
    taken: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEnded:
    """Why a target was played no longer, and what had been reached by then.

    Of so many `scenarios`, the one of number `newest` was the last to reach something
    new. `reached` counts the things that were reached, by their kind.
    """

    target: str
    why: str
    scenarios: int
    newest: int
    reached: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingsCounted:
    """What a target was never asked, of all that it could be, and what never met.

    `could` counts by kind, which is the first word of a name of
    `scenarios.drawn.met`, what could be met; `never` names what no layer met.
    """

    target: str
    could: dict[str, int]
    never: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A clause broken at a step of a history: all that there is to show of it.

    `seconds` counts from the target's first judged step. `updates`, `readers`,
    `preemptions` and `operations` are the size of what was played, once it was shrunk;
    `schedule` is how. `step` is the index of the event that broke the clause; `history`
    is None in reports of version 1, which did not tell it, and where it is so long that
    only the file has it. `file` can be run again; where there is none, `unkept` says
    why, if anybody wanted one.

    A finding is sent as it was met, and again once it is small: the record that
    `replaces` the other is the one to read. `cause` is the clause of the finding that
    shows the same cause, where one came before. It was played again in so many
    `replays`, and `came_again` in so many of them: of a race of threads, which has no
    schedule; and of another where it did not come again in each, for then the target
    answers at random.
    """

    target: str
    clause: str
    layer: str
    seconds: float
    updates: int
    readers: int
    preemptions: int
    operations: int
    step: int
    expected: str
    observed: str
    history: History | None
    schedule: Schedule = ()
    file: str | None = None
    unkept: str | None = None
    replaces: bool = False
    cause: str | None = None
    replays: int = 0
    came_again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRace:
    """ThreadSanitizer saw two threads of a target in a race, whatever came of it.

    It is a finding, and of no clause: `what` says what and where in a line, `stacks`
    what each of the two threads did, and where, innermost first.
    """

    target: str
    what: str
    stacks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFailed:
    """The target, or the suite on it, broke: an error, and no verdict.

    `last` is what the target was doing. `clauses` are those that have no verdict for
    it, where it is not all of them. Where it broke in what was asked of it, `operation`
    and `thread` say in what, and `file` can be run again, as that of a finding; it is
    sent again once it is small, by a record that `replaces` the other.
    """

    target: str
    what: str
    last: str
    clauses: tuple[str, ...] = ()
    operation: str = ""
    thread: int = 0
    file: str | None = None
    unkept: str | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFinished:
    """The target's worker came to its end by itself."""

    target: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run came to its end; without this record it is incomplete."""

    exit_status: int
    seconds: float


Record = (
    RunStarted
    | TargetStarted
    | TargetSkipped
    | LayerDone
    | BoundEnded
    | ChoiceSeen
    | SearchEnded
    | MeetingsCounted
    | Found
    | DataRace
    | TargetFailed
    | TargetFinished
    | RunFinished
)


def _about(record: Found | TargetFailed) -> str:
    """Of which finding or fault it tells; the file has the number of a fault."""
    return record.clause if isinstance(record, Found) else f"in {record.file}"


def latest(records: Iterable[Record]) -> tuple[Record, ...]:
    """The records, each finding and fault at its place as it was told last."""
    kept: list[Record] = []
    places: dict[tuple[str, str], int] = {}
    for record in records:
        if isinstance(record, Found | TargetFailed):
            about = record.target, _about(record)
            if record.replaces and about in places:
                kept[places[about]] = record
                continue
            places[about] = len(kept)
        kept.append(record)
    return tuple(kept)


def found_in(finding: Finding, history: History, file: str | None = None) -> Found:
    """A finding in a history of which nothing more is known: how long, how small."""
    return Found(
        target=history.header.target,
        clause=finding.clause,
        layer="recorded",
        seconds=0.0,
        updates=0,
        readers=0,
        preemptions=0,
        operations=0,
        step=finding.step,
        expected=finding.expected,
        observed=finding.observed,
        history=history,
        file=file,
    )
