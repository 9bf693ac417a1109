"""What commands say before a run, of an adapter, and of searches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import report_samples as samples
from memslot_conformance.findings.records import (
    TargetFailed,
)
from memslot_conformance.report import (
    difference,
    opening,
    smoke,
)
from memslot_conformance.report.searched import SearchTable, breach, evaluated
from memslot_conformance.run.request import CheckRequest, Present
from memslot_conformance.run.smoke_declared import Check
from memslot_conformance.targets.probe import Probed
from memslot_spec.protocol.races import RACES
from memslot_spec.protocol.search import Searched
from report_texts import Texts, ending, lines

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
    reduced=False,
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
