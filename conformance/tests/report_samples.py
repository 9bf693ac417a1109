"""What the reports of the tests are about: small inputs in which everything occurs."""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    Found,
    LayerDone,
    MeetingsCounted,
    Record,
    RunFinished,
    RunStarted,
    SearchEnded,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
)
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Finished, Return
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.history.points.srcu import SectionEntered
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableReclaimed,
)
from memslot_spec.model.operations import GuestAccess, SetRegion, TssBase
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Done
from memslot_spec.model.values import EMPTY, MemoryRegion

CLAUSES = tuple(
    map(clause_by_id, ("REQ-1", "REQ-2", "REQ-4", "SRCU-2", "SRCU-3", "PROG-1"))
)
"""Of three groups; REQ-4 rests on functions that are proved, the others do not."""

IDS = tuple(clause.id for clause in CLAUSES)

EVENTS: tuple[Event, ...] = (
    Call(0, SetRegion(MemoryRegion(0, 0, 0x4000, 0x1000))),
    TablePublished(0, 11, EMPTY),
    Return(0, Done()),
    Call(1, TssBase()),
    SectionEntered(1, 0),
    TableLoaded(1, 11),
    Call(0, SetRegion(MemoryRegion(2, 0x10000, 0x8000, 0x7000, 1))),
    TableReclaimed(0, 11),
    Call(2, GuestAccess(0x4000)),
    Finished(0, (1,)),
)
BROKEN = 7
"""The step that breaks SRCU-3: the table is gone under its reader."""

HISTORY = History(
    Header(
        target="two",
        profile="v2.6.34",
        limits=Limits(),
        capabilities=Capabilities(operations=("SetRegion", "TssBase")),
    ),
    EVENTS,
)

FOUND = Found(
    target="two",
    clause="SRCU-3",
    layer="fixed",
    seconds=0.53,
    updates=1,
    readers=1,
    preemptions=1,
    operations=2,
    step=BROKEN,
    expected="no open read section holds v1",
    observed="the section of T1 holds v1",
    history=HISTORY,
    file="out/failures/trace 1.ndjson",
)

OF_ANOTHER_VERSION = replace(FOUND, clause="SRCU-999", file=None)
WITHOUT_HISTORY = replace(FOUND, clause="REQ-1", history=None, file=None)
NOT_KEPT = replace(FOUND, clause="REQ-2", file=None, unkept="No space left on device")
OF_ONE_CAUSE = replace(FOUND, clause="PROG-1", cause="SRCU-3", file="out/other.ndjson")
OF_NO_FILE = replace(NOT_KEPT, cause="SRCU-3")
OF_A_LOST_CAUSE = replace(WITHOUT_HISTORY, cause="REQ-9")
LARGE = replace(FOUND, operations=200, observed="what it was before it was small")
SMALL = replace(FOUND, replaces=True)
AT_THE_END = replace(FOUND, step=9, file=None, expected="", observed="")

RUN = RunStarted(
    version="0.1.0",
    started="2026-11-22T12:00:00+00:00",
    level="quick",
    seed=7,
    targets=("one", "two", "py:x:y", "four", "kvm"),
    clauses=len(CLAUSES),
    host="Linux 6.1 x86_64, Python 3.11, 2 CPUs",
)


def started(target: str, profile: str, *reasons: str) -> TargetStarted:
    """A target to which, for these reasons, the last clauses do not apply."""
    lacking = zip(reversed(IDS), reasons, strict=False)
    return TargetStarted(
        target=target,
        profile=profile,
        description="as it was written",
        interleaving="points",
        operations=("SetRegion",),
        not_applicable=dict(lacking),
        kernel="6.1.2" if target == "kvm" else None,
    )


def layer(target: str, name: str, *clauses: str, cut: str | None = None) -> LayerDone:
    """A layer in which the premises of these clauses held."""
    return LayerDone(
        target=target,
        layer=name,
        scenarios=1,
        schedules=1234,
        steps=34567,
        seconds=12.34,
        covered="every schedule of 3 races of at most 2 preemptions, drawn with seed 7",
        reached=dict.fromkeys(clauses, 3),
        cut=cut,
        histories=dict.fromkeys(clauses, 2),
        requests=50,
    )


def ended(target: str, threads: int, preemptions: int, *clauses: str) -> BoundEnded:
    """Bounded searches of one size."""
    return BoundEnded(
        target=target,
        threads=threads,
        operations=threads + 1,
        preemptions=preemptions,
        races=threads,
        schedules=30,
        steps=300,
        histories=dict.fromkeys(clauses, 1),
    )


PASSES: tuple[Record, ...] = (
    started("one", "linux", "it has no points"),
    layer("one", "fixed", *IDS[:-1]),
    ended("one", 1, 0, "REQ-1", "SRCU-2"),
    ended("one", 2, 1, "REQ-1", "REQ-4"),
    ended("one", 3, 2, "REQ-4"),
    ChoiceSeen(target="one", choice="no-op", taken={"done": 3, "refused": 0}),
    ChoiceSeen(target="one", choice="flush", taken={"all": 3, "slot": 1}),
    TargetFinished(target="one", seconds=1.0),
)
FAILS: tuple[Record, ...] = (
    started("two", "v2.6.34", *"abcdef"),
    layer("two", "fixed", *IDS[:3]),
    FOUND,
    NOT_KEPT,
    WITHOUT_HISTORY,
    ChoiceSeen(target="two", choice="no-op", taken={"done": 3, "refused": 1}),
    TargetFinished(target="two", seconds=1.0),
)
BREAKS: tuple[Record, ...] = (
    started("py:x:y", "linux"),
    TargetFailed(
        target="py:x:y",
        what='Traceback (most recent call last):\n  frame "x"\nOSError: n\x1b[2J',
        last="setting slot 0\nat 0x0",
    ),
    TargetFailed(target="py:x:y", what="", last=""),
)
LEAVES_OPEN: tuple[Record, ...] = (
    started("four", "linux"),
    layer("four", "fixed", "REQ-1", "REQ-2"),
    layer("four", "sequential", "REQ-4", cut="its time was up"),
    ChoiceSeen(target="four", choice="no-op", taken={"done": 0, "refused": 0}),
    ChoiceSeen(target="four", choice="flush", taken={"all": 0, "slot": 0, "no": 1}),
    TargetFinished(target="four", seconds=1.0),
)
KERNEL: tuple[Record, ...] = (
    started("kvm", "linux", "it shows no points"),
    layer("kvm", "sequential", "REQ-1", "REQ-4"),
    TargetFinished(target="kvm", seconds=1.0),
)
SKIPPED = TargetSkipped(target="kvm", reason="/dev/kvm is absent")

EVERYTHING: tuple[Record, ...] = (
    RUN,
    SKIPPED,
    *PASSES,
    *FAILS,
    *BREAKS,
    *LEAVES_OPEN,
    RunFinished(exit_status=1, seconds=3.0),
)
"""A run in which one passes, one fails, one breaks, and one leaves clauses open."""


def search_ended(target: str, why: str, **reached: int) -> SearchEnded:
    """A target that was played no longer."""
    return SearchEnded(
        target=target, why=why, scenarios=5000, newest=1234, reached=reached
    )


ALL_MET = MeetingsCounted(
    target="one", could={"kind": 3, "objection": 13, "edge": 30}, never=()
)
SOME_MET = MeetingsCounted(
    target="two",
    could={"edge": 30, "kind": 3, "later": 2, "pair": 9, "then": 9, "objection": 13},
    never=(
        "edge PreFault: no page",
        "edge SetRegion: one page",
        "later one",
        "pair GfnToHva x Halt",
        "pair GfnToHva x SetRegion",
        "pair SetRegion x Halt",
        "then Halt > GfnToHva",
    ),
)
"""What the targets could meet; of a kind, too, that a later version counts."""


def run_of(*targets: str) -> RunStarted:
    """A run of these targets."""
    return replace(RUN, targets=targets)


def plan(target: str) -> TargetPlan:
    """What a target is to do."""
    return TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed", "sequential"),
        clauses=IDS,
        seconds=62.5,
    )
