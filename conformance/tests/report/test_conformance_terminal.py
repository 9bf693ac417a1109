"""The terminal report: what broke, what held, what was not seen, and the status."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    RunStarted,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
)
from memslot_conformance.report.console import printable
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import header, report
from memslot_conformance.run.exits import Exit
from memslot_spec.clauses import CLAUSES, GROUPS, clause_by_id
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.model.operations import MemslotId
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import FoundId

ESCAPE = "\x1b"

RUN = RunStarted(
    version="0.1.0",
    started="2026-11-22T12:00:00+00:00",
    level="quick",
    seed=7,
    targets=("reference", "py:x:y", "kvm"),
    clauses=len(CLAUSES),
    host="Linux",
)


def started(target: str, **not_applicable: str) -> TargetStarted:
    return TargetStarted(
        target=target,
        profile="linux",
        description="",
        interleaving="none",
        operations=(),
        not_applicable={k.replace("_", "-"): v for k, v in not_applicable.items()},
    )


def layer(target: str, *clauses: str) -> LayerDone:
    return LayerDone(
        target=target,
        layer="fixed",
        scenarios=1,
        schedules=1234,
        steps=3,
        seconds=1.0,
        covered="every schedule of one race",
        reached=dict.fromkeys(clauses, 1),
    )


HISTORY = History(
    Header(
        target="py:x:y",
        profile="linux",
        limits=Limits(),
        capabilities=Capabilities(operations=("MemslotId",)),
    ),
    (Call(0, MemslotId(3)), Return(0, FoundId(None)), Finished(0, ())),
)


def found(
    clause: str,
    step: int = 1,
    *,
    observed: str = "no",
    history: History | None = HISTORY,
    file: str | None = None,
    unkept: str | None = None,
) -> Found:
    return Found(
        target="py:x:y",
        clause=clause,
        layer="fixed",
        seconds=0.5,
        updates=0,
        readers=0,
        preemptions=0,
        operations=0,
        step=step,
        expected="yes",
        observed=observed,
        history=history,
        file=file,
        unkept=unkept,
    )


LAST = ("ERR-2", "PROG-1")
"""The clause that is reached nowhere, and the one that does not apply everywhere."""

EVERY = (*(clause.id for clause in CLAUSES if clause.id not in LAST), *LAST)
RECORDS: tuple[Record, ...] = (
    RUN,
    TargetSkipped(target="kvm", reason="kvm: /dev/kvm is absent"),
    started("reference", PROG_1="it has no points"),
    layer("reference", *EVERY[:-2]),
    TargetFinished(target="reference", seconds=1.0),
    started("py:x:y"),
    layer("py:x:y", *EVERY),
    found("REQ-1"),
    found("REQ-2"),
    TargetFailed(
        target="py:x:y",
        what="Traceback (most recent call last):\n  frame\nOSError: n\x1b[2J",
        last="",
    ),
)


def shown(records: Sequence[Record] = RECORDS, **look: object) -> tuple[str, Exit]:
    width = look.get("width", 100)
    assert isinstance(width, int)
    return report(records, CLAUSES, Look(width=width, color=bool(look.get("color"))))


def test_a_whole_report() -> None:
    text, status = shown()
    assert status is Exit.DOES_NOT_CONFORM
    for said in (
        "py:x:y, layer fixed:",
        f"FAIL REQ-1  {clause_by_id('REQ-1').title}",
        "ERROR py:x:y  OSError: n\\x1b[2J",
        "at that time  it had said nothing",
        "reference  fixed  1 scenario, 1,234 schedules, 3 steps, 1.0 s: every schedule",
        "skipped  kvm: kvm: /dev/kvm is absent",
        "reference  ERR-2: its premise never held",
        "reference  it has no points (1)",
        "level quick, seed 7",
        "again    memslots check reference py:x:y kvm --level quick --seed 7",
        "exit 1   does not conform: py:x:y breaks 2 clauses",
    ):
        assert said in text
    assert ESCAPE not in text


def test_the_table_counts_every_verdict() -> None:
    text, _ = shown()
    rows = re.split(r"\n(?=clauses )|\n\n", text)
    (table,) = [row for row in rows if row.startswith("clauses ")]
    lines = table.splitlines()
    assert lines[0].split("   ")[-1].strip() == "py:x:y (linux)"
    assert len(lines) == len(GROUPS) + 2
    assert "kvm" not in lines[0]
    total = lines[-1].split()
    assert total[:7] == [
        "all",
        str(len(CLAUSES) - 2),
        "pass",
        "1",
        "inconcl.",
        "1",
        "n/a",
    ]
    assert total[7:] == ["2", "fail", str(len(CLAUSES) - 2), "error"]


def test_counts_of_one_kind_stand_under_each_other() -> None:
    text, _ = shown()
    (table,) = [row for row in text.split("\n\n") if row.startswith("clauses ")]
    rows = [row for row in table.splitlines()[1:] if " pass" in row]
    assert len({len(re.findall(r"\d+ pass", row)[0]) for row in rows}) > 1
    assert len({row.index(" pass") for row in rows}) == 1


@pytest.mark.parametrize("width", [80, 100])
def test_a_report_keeps_to_its_width(width: int) -> None:
    many = [
        record
        for number in range(6)
        for record in (
            started(f"target-{number}"),
            layer(f"target-{number}", *EVERY[number:]),
            TargetFinished(target=f"target-{number}", seconds=1.0),
        )
    ]
    text, status = shown((*RECORDS[:5], *many), width=width)
    assert status is Exit.INCONCLUSIVE
    *lines, _command, _sentence = text.rstrip().splitlines()
    assert max(map(len, lines)) <= width
    assert all(f"target-{number} (linux)" in text for number in range(6))


def test_one_picture_serves_the_failures_that_share_it() -> None:
    text, _ = shown()
    assert text.count(">>    2  -> no slot id") == 1
    assert text.count("(at the same step)") == 1
    other, _ = shown((found("REQ-1"), found("REQ-2", step=0)))
    assert "(at the same step)" not in other


def test_a_finding_without_a_file_says_why_and_how_to_see_it_again() -> None:
    text, _ = shown((RUN, found("REQ-1", unkept="No space left on device")))
    assert "  no file      No space left on device" in text.splitlines()
    again = "memslots check reference py:x:y kvm --level quick --seed 7"
    assert f"  again        {again}" in text.splitlines()
    kept, _ = shown((RUN, found("REQ-1", file="a b.ndjson")))
    assert "  again        memslots replay 'a b.ndjson'" in kept.splitlines()


def test_a_finding_whose_history_is_not_told_is_shown_without_a_picture() -> None:
    text, status = shown((found("REQ-1", history=None), found("REQ-2", history=None)))
    assert status is Exit.DOES_NOT_CONFORM
    assert "(the report has no history of it)" in text
    assert "(at the same step)" not in text
    assert ">>" not in text


def test_what_a_target_said_cannot_steer_the_terminal_from_a_finding() -> None:
    text, _ = shown((found("REQ-1", observed="n\x1b[2Jo"),))
    assert "n\\x1b[2Jo" in text
    assert ESCAPE not in text


def test_colour_only_where_it_is_wanted() -> None:
    colored, _ = shown(color=True)
    plain, _ = shown()
    assert ESCAPE in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_a_report_of_part_of_a_run_says_so() -> None:
    text, _ = report(RECORDS[:3], CLAUSES, Look(problem="it ends before the run did"))
    assert "INCOMPLETE  it ends before the run did" in text


def test_a_report_of_nothing() -> None:
    text, status = report((), CLAUSES, Look())
    assert status is Exit.NOTHING_RAN
    assert text.strip() == "exit 5   nothing ran, so nothing is known"


def test_the_header_says_what_will_be_done() -> None:
    lines = header(RUN)
    assert f"level quick, seed 7, {len(CLAUSES)} clauses" in lines[0]
    assert lines[1].endswith("reference, py:x:y, kvm")


def test_a_target_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2J\tb\nc\u202e") == "a\\x1b[2J    b\nc\\u202e"
