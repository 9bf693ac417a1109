"""What reports say of a run, of one failure, and of what was recorded."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import report_samples as samples
from memslot_conformance.findings.failure_file import RecordedFailure
from memslot_conformance.findings.records import (
    Record,
)
from memslot_conformance.report.failure import render_failure
from memslot_conformance.report.lanes import draw
from memslot_conformance.report.progress import watching
from memslot_conformance.report.recorded import judged, replayed
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import header, report
from memslot_conformance.run.rejudge import Rejudged, Reread, Rerun, RerunOutcome
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.header import History
from memslot_spec.judging.judgement import Finding
from report_texts import Texts, ending, lines


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
    "as wide as it is": lambda: reported(
        replace(samples.layer("one", "fixed"), covered="x" * 150)
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
    "one cause": lambda: reported(
        samples.run_of("two"),
        *samples.FAILS[:2],
        samples.LARGE,
        samples.OF_NO_FILE,
        samples.OF_A_LOST_CAUSE,
        samples.OF_ONE_CAUSE,
        samples.SMALL,
    ),
    "why it ended": lambda: reported(
        *samples.PASSES[:2],
        samples.search_ended("one", "nothing new was reached", premise=1, option=20),
        samples.search_ended("another", "its time was over"),
    ),
    "met": lambda: reported(samples.ALL_MET, samples.SOME_MET),
    "never met": lambda: reported(
        samples.ALL_MET, samples.SOME_MET, look=Look(verbose=True)
    ),
    "broke": lambda: reported(*samples.BREAKS),
    "broke twice": lambda: reported(*samples.BREAKS, *samples.FAILS[:2]),
    "kernel": lambda: reported(
        samples.run_of("kvm"), *samples.KERNEL, look=Look(verbose=True)
    ),
    "never came to it": lambda: reported(samples.run_of("one", "two")),
    "nothing": reported,
    "no clause": lambda: ending(report(samples.PASSES, (), Look())),
    "nothing of a recorded one": lambda: reported(
        samples.started("two", "linux"), look=Look(recorded=True)
    ),
}

FAILURE: Texts = {
    "as wide as it is": lambda: render_failure(
        replace(samples.WITHOUT_HISTORY, observed="x" * 150)
    ),
    **{
        name: partial(render_failure, found, width=width, color=color, again=again)
        for name, found, width, color, again in (
            ("with a file", samples.FOUND, 100, False, None),
            ("narrow, in colour", samples.FOUND, 40, True, "not this"),
            ("wide", samples.FOUND, 1000, False, None),
            (
                "another version",
                samples.OF_ANOTHER_VERSION,
                100,
                False,
                "memslots again",
            ),
            ("without a history", samples.WITHOUT_HISTORY, 100, False, None),
            ("not kept", samples.NOT_KEPT, 100, False, None),
            ("at the end", samples.AT_THE_END, 100, False, None),
        )
    },
}

LANES: Texts = {
    "three threads": lambda: draw(samples.EVENTS, samples.BROKEN),
    "narrow, in colour": lambda: draw(
        samples.EVENTS, samples.BROKEN, width=20, color=True
    ),
    "as wide as it is": lambda: draw(samples.EVENTS[:3], 0, names={0: "x" * 150}),
    "more than are drawn": lambda: lines(
        draw(samples.EVENTS[3:4] * 202, 100).splitlines()[-3:]
    ),
    "named": lambda: draw(samples.EVENTS, 0, names={0: "updater", 2: "guest"}),
    "unmarked": lambda: draw(samples.EVENTS, None, color=True),
    "limited": lambda: draw(samples.EVENTS, samples.BROKEN, limit=4),
    "limited at its end": lambda: draw(samples.EVENTS, 9, limit=1),
    "limited at its start": lambda: draw(samples.EVENTS, 0, limit=2),
}


BY_NAME = Rejudged(
    samples.HISTORY.header,
    len(samples.HISTORY.events),
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
