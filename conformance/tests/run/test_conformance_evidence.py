"""Evidence: what a run shows of each clause, and what of it is said where."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memslot_conformance.cli.command import main
from memslot_conformance.clock import Clock
from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    LayerDone,
    Record,
    TargetFinished,
    TargetPlan,
    TargetStarted,
)
from memslot_conformance.layers import fixed
from memslot_conformance.layers.layers import run_target
from memslot_conformance.play.explore import bounded
from memslot_conformance.report.evidence import (
    HOW_TO_GET,
    NO_CONTRACT,
    bound_words,
    confirmed_words,
    marks_of,
    rows,
    summary,
    unseen_words,
)
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.evidence import (
    Bound,
    OnKernel,
    Sampled,
    Unseen,
    evidence_of,
    unseen,
)
from memslot_conformance.run.stream import StreamWriter, from_line, read_stream, to_line
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.choice import can_be_seen
from memslot_spec.choices import CHOICES
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.header import Header
from memslot_spec.proofs import rests_on

PROVED, UNPROVED = "REQ-4", "SRCU-2"
WANTED = (clause_by_id(PROVED), clause_by_id(UNPROVED), clause_by_id("PROG-1"))
IDS = [clause.id for clause in WANTED]


def started(target: str, kernel: str | None = None) -> TargetStarted:
    return TargetStarted(
        target=target,
        profile="linux",
        description="",
        interleaving="points",
        operations=(),
        not_applicable={"PROG-1": "it has none"},
        kernel=kernel,
    )


def layer(name: str, schedules: int, histories: dict[str, int]) -> LayerDone:
    return LayerDone(
        target="one",
        layer=name,
        scenarios=1,
        schedules=schedules,
        steps=schedules * 10,
        seconds=1.0,
        covered="",
        reached={clause: count * 2 for clause, count in histories.items()},
        histories=histories,
        requests=50,
    )


def ended(size: tuple[int, int, int], histories: dict[str, int]) -> BoundEnded:
    threads, operations, preemptions = size
    return BoundEnded(
        target="one",
        threads=threads,
        operations=operations,
        preemptions=preemptions,
        races=2,
        schedules=30,
        steps=300,
        histories=histories,
    )


RUN: tuple[Record, ...] = (
    started("one"),
    layer("fixed", 100, {PROVED: 40, UNPROVED: 31}),
    ended((1, 9, 0), {PROVED: 1}),
    ended((2, 2, 3), {PROVED: 7, UNPROVED: 30}),
    ended((2, 4, 1), {PROVED: 9}),
    ended((3, 3, 1), {UNPROVED: 1}),
    layer("sampled", 50, {PROVED: 3}),
    ChoiceSeen(target="one", choice="no-op", taken={"a": 3, "b": 0, "c": 0}),
    ChoiceSeen(target="one", choice="flush", taken={"a": 3, "b": 1}),
    ChoiceSeen(target="one", choice="grace", taken={"a": 0, "b": 0}),
    TargetFinished(target="one", seconds=1.0),
)


def test_the_greatest_bound_is_told_for_each_number_of_threads() -> None:
    proved, unproved = evidence_of(RUN, IDS)["one"]
    assert proved.bounds == (Bound(2, 3, 2, 2, 30, 7), Bound(1, 0, 9, 2, 30, 1))
    assert unproved.bounds == (Bound(3, 1, 3, 2, 30, 1), Bound(2, 3, 2, 2, 30, 30))


def test_what_no_bound_holds_is_sampled() -> None:
    proved, unproved = evidence_of(RUN, IDS)["one"]
    assert proved.sampled == Sampled(150 - 120, 1500 - 1200, 43 - 17)
    assert unproved.sampled is None


def test_the_running_kernel_is_named_with_its_requests() -> None:
    records = (started("one", "6.1.2"), layer("sequential", 5, {PROVED: 4}))
    proved, unproved = evidence_of(records, IDS)["one"]
    assert proved.kernel == OnKernel("6.1.2", 50, 8)
    assert proved.sampled is None
    assert unproved.kernel is None
    assert (proved.marks, unproved.marks) == ("C--K", "----")


def test_proofs_are_told_without_a_run() -> None:
    assert rests_on(PROVED)
    assert "ranges.wraps: 2 conditions confirmed" in confirmed_words(PROVED)[0]
    assert confirmed_words(UNPROVED) == [NO_CONTRACT]
    assert marks_of(None, PROVED) == "C"
    assert marks_of(None, UNPROVED) == "-"


def test_marks_are_of_all_targets_together() -> None:
    found = evidence_of(RUN, IDS)
    assert marks_of(found, PROVED) == "CBS-"
    assert marks_of(found, UNPROVED) == "-B--"
    assert marks_of(found, "PROG-1") == "----"


def test_a_clause_that_does_not_apply_has_no_evidence() -> None:
    assert [e.clause for e in evidence_of(RUN, IDS)["one"]] == [PROVED, UNPROVED]


def test_a_bound_says_its_whole_size() -> None:
    words = bound_words(Bound(3, 1, 4, 2, 1234, 56))
    assert words == (
        "every schedule of 3 threads, 4 operations, at most 1 preemption (2 races): "
        "premise in 56 of 1,234"
    )


def test_a_target_is_told_in_a_line_or_clause_by_clause() -> None:
    evidence = evidence_of(RUN, IDS)["one"]
    assert (
        summary(evidence) == "bounded 2 (1 with 3 threads, 1 with 2 threads), sampled 1"
    )
    head, first, second = rows(evidence)
    assert head.split()[:2] == ["clause", "marks"]
    assert first.split() == f"{PROVED} CBS- 2, 2, 3 in 7; 1, 9, 0 in 1 26".split()
    assert second.split() == f"{UNPROVED} -B-- 3, 3, 1 in 1; 2, 2, 3 in 30 -".split()


def test_what_is_allowed_and_was_not_seen_is_told() -> None:
    found = unseen(RUN)
    assert found == {
        "one": (
            Unseen("no-op", ("b", "c"), met=True),
            Unseen("grace", ("a", "b"), met=False),
        )
    }
    assert unseen_words(found["one"]) == "no-op: b | c; never met: grace"


def test_the_report_shows_evidence_in_short_and_in_full() -> None:
    short, _ = report(RUN, WANTED, Look())
    full, _ = report(RUN, WANTED, Look(verbose=True))
    assert "  one  bounded 2 (1 with 3 threads, 1 with 2 threads), sampled 1" in short
    assert "  every target  1 of 3 rest on functions" in short
    assert "allowed, unseen\n  one  no-op: b | c; never met: grace" in short
    assert "CBS-" not in short
    assert f"    {PROVED}  " in full


OLD_LAYER = (
    '{"record": "LayerDone", "target": "one", "layer": "fixed", "scenarios": 1, '
    '"schedules": 1, "steps": 1, "seconds": 1.0, "covered": "", '
    '"reached": {"REQ-4": 3}, "cut": null}'
)


def test_an_older_stream_is_read_and_has_no_evidence() -> None:
    record = from_line(OLD_LAYER, "here")
    assert isinstance(record, LayerDone)
    assert record.histories == {}
    assert evidence_of((record,), IDS) == {}
    text, _ = report((record,), WANTED, Look())
    assert "evidence" not in text
    assert "allowed, unseen" not in text


@pytest.mark.parametrize("record", RUN, ids=lambda r: type(r).__name__)
def test_records_of_evidence_come_back_from_the_stream(record: Record) -> None:
    assert from_line(to_line(record), "here") == record


RACES = ("lookups of a slot that stays", "two updates", "create, look up, delete")


@pytest.fixture
def few_races(monkeypatch: pytest.MonkeyPatch) -> Target:
    """Three of the fixed races, at no more than one preemption."""
    target = resolve("reference")
    few = tuple(r for r in fixed_races(target.header) if r.name in RACES)
    assert len(few) == len(RACES)

    def a_few(_: Header) -> tuple[FixedRace, ...]:
        return few

    monkeypatch.setattr(fixed, "fixed_races", a_few)
    monkeypatch.setitem(fixed.BOUNDS, "quick", {1: 0, 2: 1, 3: 1, 4: 1})
    return target


def standing_still() -> float:
    """A clock by which no time passes: only counts end a search."""
    return 0.0


def run(plays: int | None = None, clock: Clock = standing_still) -> list[Record]:
    heard: list[Record] = []
    plan = TargetPlan(
        target="reference",
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=300.0,
        plays=plays,
    )
    run_target(plan, heard.append, CrashRecord(), clock=clock)
    return heard


def test_a_search_that_ended_counts_every_schedule_of_its_races(
    few_races: Target,
) -> None:
    records = run()
    (whole,) = (r for r in records if isinstance(r, LayerDone))
    bounds = [r for r in records if isinstance(r, BoundEnded)]
    played = {
        race.name: sum(1 for _ in bounded(few_races.make, race.scenario, 1))
        for race in fixed_races(few_races.header)
        if race.name in RACES
    }
    sizes = {(b.threads, b.operations, b.preemptions): b.schedules for b in bounds}
    assert sizes[2, 2, 1] == played["two updates"]
    assert sizes[2, 3, 1] == played["lookups of a slot that stays"]
    assert sum(sizes.values()) == sum(played.values()) == whole.schedules
    assert sum(bound.steps for bound in bounds) == whole.steps
    total: Counter[str] = Counter()
    for bound in bounds:
        total.update(bound.histories)
    assert total == whole.histories
    assert total["SRCU-8"] > 0
    assert all(0 < n <= whole.schedules for n in total.values())


def by_plays() -> list[Record]:
    return run(plays=300)


def by_the_clock() -> list[Record]:
    seconds = count()
    return run(clock=lambda: float(next(seconds)))


@pytest.mark.usefixtures("few_races")
@pytest.mark.parametrize("cut_short", [by_plays, by_the_clock])
def test_a_search_that_did_not_end_is_no_bound(
    monkeypatch: pytest.MonkeyPatch, cut_short: Callable[[], list[Record]]
) -> None:
    monkeypatch.setitem(fixed.BOUNDS, "quick", {1: 0, 2: 9, 3: 9, 4: 9})
    records = cut_short()
    bounds = [r for r in records if isinstance(r, BoundEnded)]
    (whole,) = (r for r in records if isinstance(r, LayerDone))
    assert all(bound.preemptions < 9 for bound in bounds)
    assert sum(bound.schedules for bound in bounds) < whole.schedules


@pytest.mark.usefixtures("few_races")
def test_every_choice_that_can_be_seen_is_recorded_with_every_option() -> None:
    header = resolve("reference").header
    seen = [r for r in run() if isinstance(r, ChoiceSeen)]
    shown = [choice for choice in CHOICES if can_be_seen(choice, header)]
    assert [(s.choice, tuple(s.taken)) for s in seen] == [
        (choice.id, choice.options) for choice in shown
    ]
    counts = {s.choice: s.taken for s in seen}
    assert counts["flush-extent"]["every slot"] > 0
    assert counts["flush-extent"]["the slot alone"] == 0


def memslots(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="memslots")


@pytest.fixture
def report_folder(tmp_path: Path) -> Path:
    """The folder of a run, as `memslots check` leaves it."""
    lines = tmp_path / "report.ndjson"
    with StreamWriter(lines) as stream:
        for record in RUN:
            stream.write(record)
    assert read_stream(lines).records == RUN
    return tmp_path


def test_a_clause_is_explained_with_the_evidence_of_a_run(report_folder: Path) -> None:
    for report_path in (report_folder, report_folder / "report.ndjson"):
        shown = memslots("clauses", PROVED, "--from", str(report_path))
        assert shown.exit_code == 0
        text = " ".join(shown.output.split())
        assert "evidence CrossHair: ranges.wraps: 2 conditions" in text
        assert "bounded, one: every schedule of 2 threads, 2 operations" in text
        assert "sampled, one: premise in 26 of 30 histories, 300 steps in all" in text
        assert HOW_TO_GET not in text


def test_without_a_run_the_proofs_stand_with_how_to_get_the_rest() -> None:
    text = " ".join(memslots("clauses", PROVED).output.split())
    assert "evidence CrossHair: ranges.wraps" in text
    assert HOW_TO_GET in text


def test_the_list_is_marked_where_evidence_is_asked_for(report_folder: Path) -> None:
    marked = memslots("clauses", "--from", str(report_folder)).output
    assert f"{PROVED}     CBS-  " in " ".join(marked.split(" "))
    static = memslots("clauses", "--evidence").output
    assert HOW_TO_GET in static
    assert "CBS-" not in static
    assert HOW_TO_GET not in marked
    assert "CrossHair" not in memslots("clauses").output


def test_a_report_is_shown_again_clause_by_clause(report_folder: Path) -> None:
    stream = str(report_folder / "report.ndjson")
    assert "CBS-" not in memslots("judge", stream).output
    assert f"    {PROVED}  " in memslots("judge", stream, "-v").output


def test_evidence_is_given_as_data(report_folder: Path) -> None:
    output = memslots("clauses", PROVED, "--json", "--from", str(report_folder)).output
    data = json.loads(output)
    assert [c["function"] for c in data["confirmed"]] == ["ranges.wraps"]
    (evidence,) = data["evidence"]
    assert evidence["target"] == "one"
    assert [b["preemptions"] for b in evidence["bounds"]] == [3, 0]


def test_refuses_what_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("hello\n", encoding="utf-8")
    for path in ("no.txt", "", "absent"):
        shown = memslots("clauses", "--from", str(tmp_path / path))
        assert shown.exit_code == 2
