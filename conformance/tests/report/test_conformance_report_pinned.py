"""Every text that the reports are made of, whole, from small inputs.

The texts are in `golden/`, a file for each part. To change one on purpose, run
`make golden` and read the diff.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import report_samples as samples
from golden_blocks import check_block, check_keys
from memslot_conformance.findings.failure_file import RecordedFailure
from memslot_conformance.findings.records import (
    Record,
    TargetFailed,
)
from memslot_conformance.report import (
    adequacy,
    difference,
    opening,
    smoke,
    track_record,
)
from memslot_conformance.report import clauses as explain
from memslot_conformance.report import evidence as told
from memslot_conformance.report.failure import render_failure
from memslot_conformance.report.lanes import draw
from memslot_conformance.report.progress import watching
from memslot_conformance.report.recorded import judged, replayed
from memslot_conformance.report.searched import SearchTable, breach, evaluated
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import header, report
from memslot_conformance.run.checking import CheckRequest, Present
from memslot_conformance.run.evidence import (
    Bound,
    OnKernel,
    evidence_of,
)
from memslot_conformance.run.rejudge import Rejudged, Reread, Rerun, RerunOutcome
from memslot_conformance.run.smoke import Check
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.probe import Probed
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.header import History
from memslot_spec.judging.judge import Finding
from memslot_spec.moments.mmu import AtRest
from memslot_spec.proofs import rests_on
from memslot_spec.protocol.races import RACES
from memslot_spec.protocol.search import Searched

GOLDEN = Path(__file__).parent / "golden"

Texts = Mapping[str, Callable[[], str]]


def lines(of: Iterable[str]) -> str:
    return "\n".join(of)


def ending(shown: tuple[str, object]) -> str:
    return f"{shown[0]}\n= {shown[1]}"


def reported(*records: Record, look: Look | None = None) -> str:
    return ending(report(records, samples.CLAUSES, look or Look()))


TERMINAL: Texts = {
    "header": lambda: lines(header(samples.RUN)),
    "header without targets": lambda: lines(header(samples.run_of())),
    "everything": lambda: reported(*samples.EVERYTHING),
    "everything in colour": lambda: reported(
        *samples.EVERYTHING, look=Look(width=80, color=True)
    ),
    "everything on 60 columns, verbose": lambda: reported(
        *samples.EVERYTHING, look=Look(width=60, verbose=True)
    ),
    "conforms, in colour": lambda: reported(
        *(r for r in samples.PASSES), look=Look(color=True, again="memslots again")
    ),
    "skipped and strict": lambda: reported(
        samples.SKIPPED, *samples.PASSES, look=Look(strict=True)
    ),
    "inconclusive": lambda: reported(
        samples.run_of("four"), *samples.LEAVES_OPEN, look=Look(problem="interrupted")
    ),
    "inconclusive, recorded": lambda: reported(
        *samples.LEAVES_OPEN, look=Look(recorded=True)
    ),
    "broke": lambda: reported(*samples.BREAKS),
    "broke twice": lambda: reported(*samples.BREAKS, *samples.FAILS[:2]),
    "kernel": lambda: reported(
        samples.run_of("kvm"), *samples.KERNEL, look=Look(verbose=True)
    ),
    "never came to it": lambda: reported(samples.run_of("one", "two")),
    "nothing": reported,
    "nothing of a recorded one": lambda: reported(
        samples.started("two", "linux"), look=Look(recorded=True)
    ),
}

FAILURE: Texts = {
    name: partial(render_failure, found, width=width, color=color, again=again)
    for name, found, width, color, again in (
        ("with a file", samples.FOUND, 100, False, None),
        ("narrow, in colour", samples.FOUND, 40, True, "not this"),
        ("wide", samples.FOUND, 1000, False, None),
        ("another version", samples.OF_ANOTHER_VERSION, 100, False, "memslots again"),
        ("without a history", samples.WITHOUT_HISTORY, 100, False, None),
        ("not kept", samples.NOT_KEPT, 100, False, None),
        ("at the end", samples.AT_THE_END, 100, False, None),
    )
}

LANES: Texts = {
    "three threads": lambda: draw(samples.EVENTS, samples.BROKEN),
    "narrow, in colour": lambda: draw(
        samples.EVENTS, samples.BROKEN, width=20, color=True
    ),
    "named": lambda: draw(samples.EVENTS, 0, names={0: "updater", 2: "guest"}),
    "unmarked": lambda: draw(samples.EVENTS, None, color=True),
    "limited": lambda: draw(samples.EVENTS, samples.BROKEN, limit=4),
    "limited at its end": lambda: draw(samples.EVENTS, 9, limit=1),
    "limited at its start": lambda: draw(samples.EVENTS, 0, limit=2),
}


def evidence_in(*records: Record) -> told.EvidenceOf:
    return evidence_of(records, samples.IDS)


ON_ONE = evidence_in(*samples.PASSES)
ON_THREE = evidence_in(*samples.PASSES, *samples.LEAVES_OPEN, *samples.KERNEL)


def explained(name: str, found: told.EvidenceOf | None = None, width: int = 88) -> str:
    seen = [w for w in samples.WITNESSES if w.clause == name]
    clause = clause_by_id(name)
    return lines(
        explain.explained(clause, samples.MUTANTS, found=found, seen=seen, width=width)
    )


def of_kind(kind: type) -> AnyClause:
    return next(c for c in CLAUSES if c.kind is kind)


def as_json(name: str, found: told.EvidenceOf | None = None) -> str:
    data = explain.as_json(clause_by_id(name), samples.MUTANTS, found)
    return json.dumps(data, indent=2)


EXPLAINED: Texts = {
    "list": lambda: lines(explain.listed(samples.CLAUSES)),
    "list with proofs": lambda: lines(
        explain.listed_with_evidence(samples.CLAUSES, None)
    ),
    "list with evidence": lambda: lines(
        explain.listed_with_evidence(samples.CLAUSES, ON_THREE)
    ),
    "list of one": lambda: lines(explain.listed(samples.CLAUSES[:1])),
    "unproved, seen": lambda: explained("REQ-1"),
    "proved, narrow": lambda: explained("REQ-4", ON_ONE, 60),
    "points, on three": lambda: explained("SRCU-3", ON_THREE),
    "without evidence": lambda: explained("REQ-2", {}),
    "at rest": lambda: explained(of_kind(AtRest).id, ON_ONE),
    "concurrent": lambda: explained("SRCU-2"),
    "every need": lambda: lines(
        f"{clause.id}: {explain.as_json(clause, ())['needs']}"
        for clause in samples.CLAUSES
    ),
    "JSON": lambda: as_json("REQ-4"),
    "JSON with evidence": lambda: as_json("SRCU-3", ON_THREE),
}

EVIDENCE: Texts = {
    "contracts": lambda: lines(map(told.contract_words, rests_on("REQ-4"))),
    "confirmed": lambda: lines(told.confirmed_words("REQ-1")),
    "bounds": lambda: lines(
        map(told.bound_words, (Bound(1, 0, 9, 1, 30, 1234), Bound(2, 2, 3, 2, 30, 7)))
    ),
    "methods": lambda: lines(
        f"{evidence.clause} {evidence.marks} {method}: {words}"
        for of in ON_THREE.values()
        for evidence in of
        for method, words in told.method_words(evidence)
    ),
    "summaries": lambda: lines(map(told.summary, ON_THREE.values())),
    "one request": lambda: lines(
        words
        for evidence in ON_THREE["kvm"][:1]
        for _, words in told.method_words(
            replace(evidence, kernel=OnKernel("6.1.2", 1, 1))
        )
    ),
    "on each clause": lambda: lines(
        f"{clause} {told.marks_of(found, clause)}: {words}"
        for found in (None, {}, ON_ONE, ON_THREE)
        for clause in samples.IDS
        for words in told.evidence_words(found, clause)
    ),
}


def track_record_json() -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "record.json"
        track_record.write_json(file, samples.ATTEMPTS, samples.MUTANTS)
        return file.read_text("utf-8")


MUSEUM: Texts = {
    "track record": lambda: lines(
        track_record.table(samples.ATTEMPTS, samples.MUTANTS)
    ),
    "exhibits alone": lambda: lines(
        track_record.table(samples.ATTEMPTS[3:4], samples.MUTANTS[1:2])
    ),
    "planted alone": lambda: lines(
        track_record.table(samples.ATTEMPTS[6:], samples.MUTANTS[4:])
    ),
    "nothing": lambda: lines(track_record.table((), ())),
    "JSON": track_record_json,
    "list": lambda: lines(track_record.listed(samples.MUTANTS)),
    "list of nothing": lambda: lines(track_record.listed(())),
    "adequacy": lambda: lines(adequacy.table(samples.WORTH)),
    "adequacy, nothing lacks": lambda: lines(adequacy.table(samples.WORTH_EVERYTHING)),
}


TWO = Probed("py:x:y", "an adapter of one's own", samples.HISTORY.header)
REQUEST = CheckRequest(
    targets=("two",),
    profile=None,
    level="quick",
    seed=7,
    clauses=samples.CLAUSES,
    layers=("fixed", "sequential"),
    max_time=None,
    jobs=2,
    report_dir=None,
)
PRESENT = Present(
    probed={
        "two": replace(TWO, name="two"),
        "py:x:y": TWO,
        "kvm": replace(TWO, name="kvm"),
    },
    told=[
        samples.SKIPPED,
        TargetFailed(target="museum:K01", what="OSError: no", last="loading"),
        samples.PASSES[0],
    ],
)
OPENING: Texts = {
    "opening": lambda: lines(
        opening.opening(
            samples.RUN,
            [samples.plan("one"), samples.plan("two")],
            3,
            Path("out/report.ndjson"),
            PRESENT.told,
        )
    ),
    "opening without targets": lambda: lines(
        opening.opening(samples.run_of(), [], 1, Path("out/report.ndjson"), ())
    ),
    "listing": lambda: lines(opening.listing(REQUEST, PRESENT)),
    "smoke, sound": lambda: smoked(Check("it loads"), Check("it steps", note="not so")),
    "smoke, broken": lambda: smoked(
        Check("it loads"), Check("it steps", problem="it does not", note="not so")
    ),
}


def smoked(*checks: Check) -> str:
    said, status = smoke.report(checks)
    return ending((lines(said), status))


BY_NAME = Rejudged(
    samples.HISTORY,
    (samples.started("two", "v2.6.34"), *samples.FAILS[1:3]),
    samples.CLAUSES,
    is_failure=True,
    cut=None,
    by_name=True,
)
OPEN = replace(BY_NAME, records=samples.LEAVES_OPEN)
FINDING = Finding("SRCU-3", samples.BROKEN, "no open section", "the section of T1")


def rerun(
    outcome: RerunOutcome,
    finding: Finding | None = None,
    diverged: str | None = None,
    history: History = samples.HISTORY,
) -> str:
    failure = RecordedFailure(
        target="two",
        profile="v2.6.34",
        clause="SRCU-3",
        scenario=Scenario((), ()),
        schedule=(),
        history=samples.HISTORY,
    )
    found = Rerun(failure, history, outcome, finding, diverged)
    return ending(replayed(Path("a b.ndjson"), found, Look(width=80, color=True)))


RECORDED: Texts = {
    "a run": lambda: ending(
        judged(
            Path("out/report.ndjson"),
            Reread(samples.PASSES, samples.CLAUSES, "it ends before the run did"),
            Look(width=80),
        )
    ),
    "a failure": lambda: ending(judged(Path("a b.ndjson"), BY_NAME, Look())),
    "a history that is cut": lambda: ending(
        judged(
            Path("h.ndjson"), replace(BY_NAME, is_failure=False, cut="it ends"), Look()
        )
    ),
    "a history that conforms": lambda: ending(
        judged(
            Path("h.ndjson"),
            replace(OPEN, is_failure=False, by_name=False),
            Look(),
        )
    ),
    "a history asked for by name": lambda: ending(
        judged(Path("h.ndjson"), OPEN, Look())
    ),
    "same": lambda: rerun(RerunOutcome.SAME, FINDING),
    "otherwise": lambda: rerun(RerunOutcome.OTHERWISE, FINDING),
    "another": lambda: rerun(
        RerunOutcome.ANOTHER, Finding("REQ-1", samples.BROKEN, "a", "b")
    ),
    "another that is not told": lambda: rerun(RerunOutcome.ANOTHER),
    "held": lambda: rerun(RerunOutcome.HELD),
    "diverged": lambda: rerun(RerunOutcome.DIVERGED, diverged="T1 has ended"),
    "nothing was run": lambda: rerun(
        RerunOutcome.DIVERGED,
        diverged="T1 is not there",
        history=replace(samples.HISTORY, events=()),
    ),
}


def heard(*records: Record) -> str:
    out = io.StringIO()
    with watching((), out) as watcher:
        for record in records:
            watcher.hear(record)
    return out.getvalue()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


STEERING = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")
BAR = re.compile(r"[━╸╺]+")
CLOCK = re.compile(r"\d+:\d\d:\d\d")


def frame(*records: Record, targets: Sequence[str] = ("one", "two", "py:x:y")) -> str:
    """What the display shows in the end, but for what turns and what is a time."""
    out = Terminal()
    with watching([samples.plan(target) for target in targets], out) as watcher:
        for record in records:
            watcher.hear(record)
    frames = STEERING.sub("", out.getvalue()).split("\r")
    drawn = next(each for each in reversed(frames) if each.strip()).splitlines()
    bars = [BAR.sub(lambda bar: f"<{len(bar[0])}>", each[2:]) for each in drawn if each]
    return lines(CLOCK.sub("TIME", each).rstrip() for each in bars)


MARKED = "[red]x[/]"

PROGRESS: Texts = {
    "on no terminal": lambda: heard(*samples.EVERYTHING),
    "before": frame,
    "one is up": lambda: frame(samples.RUN, samples.SKIPPED, samples.PASSES[0]),
    "a layer is done": lambda: frame(*samples.PASSES[:2]),
    "one is broken": lambda: frame(*samples.FAILS[:3]),
    "all is over": lambda: frame(*samples.PASSES, *samples.FAILS, *samples.BREAKS),
    "what looks like markup": lambda: frame(
        samples.started(MARKED, "linux"),
        samples.layer(MARKED, MARKED),
        samples.started("of nobody", "linux"),
        targets=[MARKED],
    ),
}


SEARCH = Searched(
    race=RACES[0],
    states=12,
    nodes=345,
    transitions=6789,
    judged=1,
    depth=21,
    ends=1,
    stuck=0,
    reached={},
    broken={"SRCU-3": samples.EVENTS},
)


def search_table() -> str:
    table = SearchTable(RACES[:2])
    sound, stuck = SEARCH, replace(SEARCH, race=RACES[1], stuck=3, nodes=1234567)
    return lines((table.head, table.row(sound, 0.126), table.row(stuck, 61)))


SEARCHED: Texts = {
    "table": search_table,
    "breach": lambda: breach("SRCU-3", SEARCH),
    "evaluated": lambda: evaluated(3, 4, 5),
}

DIFFERENCE = {
    "arguments": {"a": "1", "b": "Slot(2)"},
    "mine": "True",
    "spec": "raises ValueError",
}


def differing(**changes: object) -> str:
    said: difference.Said = {
        "differences": [],
        "paths": 12,
        "drawn": 0,
        "exhausted": False,
        "seconds": 1.26,
        **changes,
    }
    shown = lines(difference.told(said, "mine.py:overlaps", "ranges:overlaps"))
    return ending((shown, difference.status_of(said)))


DIFFERENCES: Texts = {
    "one": lambda: differing(differences=[DIFFERENCE], exhausted=True),
    "two": lambda: differing(differences=[DIFFERENCE, DIFFERENCE]),
    "none": lambda: differing(exhausted=True),
    "none found": differing,
    "none found, some drawn": lambda: differing(drawn=34),
}

PARTS: Mapping[str, Texts] = {
    "terminal": TERMINAL,
    "failure": FAILURE,
    "lanes": LANES,
    "clauses": EXPLAINED,
    "evidence": EVIDENCE,
    "museum": MUSEUM,
    "opening": OPENING,
    "recorded": RECORDED,
    "progress": PROGRESS,
    "searched": SEARCHED,
    "difference": DIFFERENCES,
}


def fenced(text: str) -> str:
    """The text as a block can keep it: its empty lines, and what it says in colour."""
    return "\n".join(f"|{line}" for line in text.split("\n")).replace("\x1b", "ESC")


@pytest.mark.parametrize(
    ("part", "name"), [(part, name) for part, texts in PARTS.items() for name in texts]
)
def test_a_report_says_what_is_pinned(
    monkeypatch: pytest.MonkeyPatch, part: str, name: str, *, write_golden: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # for the display of a run alone
    text = fenced(PARTS[part][name]())
    check_block(GOLDEN / f"{part}.txt", name, text, write=write_golden)


@pytest.mark.parametrize("part", PARTS)
def test_the_pinned_reports_are_those_that_are_made(
    part: str, *, write_golden: bool
) -> None:
    check_keys(GOLDEN / f"{part}.txt", PARTS[part], write=write_golden)
