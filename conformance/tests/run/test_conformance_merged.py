"""Parts of one target's work: what they say apart is told once, and together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from memslot_conformance.findings import reached
from memslot_conformance.findings.failure_file import read_failure
from memslot_conformance.findings.parts import PartSaid
from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    Found,
    LayerDone,
    MeetingsCounted,
    Record,
    SearchEnded,
    TargetFailed,
    TargetFinished,
    TargetStarted,
)
from memslot_conformance.layers.turns import NOTHING_LEFT, TIME_OVER
from memslot_conformance.run import kept as run_kept
from memslot_conformance.run.merged import Merged
from memslot_conformance.targets.isolation import Broken
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.events import Finished
from memslot_spec.history.header import History
from part_records import STARTED, found, layer, parts, search, told


def kinds(records: list[Record]) -> list[type[Record]]:
    return [type(record) for record in records]


def test_two_parts_are_told_as_one_target() -> None:
    bound = BoundEnded(
        target="toy",
        threads=2,
        operations=3,
        preemptions=1,
        races=1,
        schedules=4,
        steps=5,
        histories={"REQ-1": 2},
    )
    one: list[PartSaid] = [STARTED, layer(), bound, search(1, ("a", 1), why=TIME_OVER)]
    other: list[PartSaid] = [
        STARTED,
        layer(steps=2),
        bound,
        search(2, ("b", 1), why=NOTHING_LEFT),
    ]
    records = told(parts(2), [one, other])
    assert kinds(records) == [
        TargetStarted,
        LayerDone,
        BoundEnded,
        SearchEnded,
        TargetFinished,
    ]
    assert records[1] == LayerDone(
        target="toy",
        layer="fixed",
        scenarios=2,
        schedules=4,
        steps=3,
        seconds=1.0,
        covered="2 scenarios of one thread",
        reached={"REQ-1": 2},
        histories={"REQ-1": 2},
        met={"kind GET": 2},
    )
    assert records[2] == BoundEnded(
        target="toy",
        threads=2,
        operations=3,
        preemptions=1,
        races=2,
        schedules=8,
        steps=10,
        histories={"REQ-1": 4},
    )
    assert records[3] == SearchEnded(
        target="toy", why=TIME_OVER, scenarios=3, newest=2, reached={"kind": 2}
    )
    assert records[4] == TargetFinished(target="toy", seconds=2.0)


def test_what_a_part_said_last_is_what_counts() -> None:
    said: list[PartSaid] = [
        layer(steps=1),
        search(1),
        layer(steps=5),
        search(3),
        layer(steps=9),
    ]
    (done,) = (r for r in told(parts(2), [said, []]) if isinstance(r, LayerDone))
    assert done.steps == 5


def test_races_that_no_part_came_to_are_owed_by_the_target() -> None:
    said: list[list[PartSaid]] = [[layer(owing=n), search()] for n in (2, 3)]
    (done,) = (r for r in told(parts(2), said) if isinstance(r, LayerDone))
    assert done.cut == "its time ran out before 5 races came to 1 preemption"


def test_a_clause_that_two_parts_break_is_found_once() -> None:
    first = [found(operations=9), found(operations=2, small=True)]
    second = [found(operations=7), found(operations=1, small=True), found("REQ-2")]
    records = told(parts(2), [first, second])
    told_of = [(r.clause, r.operations) for r in records if isinstance(r, Found)]
    assert told_of == [("REQ-1", 9), ("REQ-1", 2), ("REQ-2", 9)]
    assert {type(r) for r in records if isinstance(r, Found)} == {Found}


def test_a_part_that_breaks_costs_its_own_and_is_said() -> None:
    records: list[Record] = []
    merged = Merged(parts(3), records.append)
    merged.part_ended(1, Broken("was killed", "counting"))
    merged.part_ended(2, Broken("was killed", "counting"))
    merged.hear(0, layer())
    merged.hear(0, search(why=TIME_OVER))
    merged.part_ended(0, None)
    merged.end(1.0)
    failed, done, ended = records
    last = "counting\nin part 2 of 3"
    assert failed == TargetFailed(target="toy", what="was killed", last=last)
    assert isinstance(done, LayerDone)
    assert done.cut == "the target broke in 2 of its 3 parts"
    assert isinstance(ended, SearchEnded)


def test_a_target_that_broke_in_every_part_has_not_ended_by_itself() -> None:
    records: list[Record] = []
    merged = Merged(parts(2), records.append)
    for part in range(2):
        merged.part_ended(part, Broken(f"broke in its own way {part}", ""))
    merged.end(1.0)
    assert kinds(records) == [TargetFailed, TargetFailed]


def test_options_are_counted_together_and_doubts_are_told_once() -> None:
    seen = ChoiceSeen(target="toy", choice="retry", taken={"yes": 1, "no": 0})
    one = search(withheld={"REQ-1": "they differ"})
    other = search(withheld={"REQ-1": "otherwise", "REQ-2": "they differ"})
    said = [[replace(part, choices=(seen,))] for part in (one, other)]
    records = told(parts(2), said)
    doubts = [r for r in records if isinstance(r, TargetFailed)]
    assert [r.clauses for r in doubts] == [("REQ-1", "REQ-2")]
    (choice,) = (r for r in records if isinstance(r, ChoiceSeen))
    assert choice.taken == {"yes": 2, "no": 0}


def test_nothing_new_is_asked_of_all_parts_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reached, "LEAST", 10)
    merged = Merged(parts(2), lambda _: None)
    merged.hear(0, search(30, ("a", 1)))
    assert not merged.settled, "the other part was not heard yet"
    merged.hear(1, search(6, ("a", 1), ("b", 6)))
    assert not merged.settled, "at the scenario before last b was new"
    merged.hear(0, search(60, owing=1))
    assert not merged.settled, "a race is owed"
    merged.hear(0, search(80))
    assert merged.settled


def test_the_scenarios_of_counted_parts_are_numbered_in_their_order() -> None:
    said = [[search(5, ("a", 4))], [search(7, ("a", 1), ("b", 2))], [search(1)]]
    (ended,) = (
        r for r in told(parts(3, scenarios=9), said) if isinstance(r, SearchEnded)
    )
    assert (ended.scenarios, ended.newest) == (13, 7)
    assert ended.why == "all its scenarios were played"


def test_what_no_part_met_is_told_once() -> None:
    could = MeetingsCounted(
        target="toy", could={"kind": 2}, never=("kind GET", "kind PUT")
    )
    said: list[PartSaid] = [could, layer(), search(why=TIME_OVER)]
    records = told(parts(2), [said, said])
    (counted,) = (r for r in records if isinstance(r, MeetingsCounted))
    assert counted == replace(could, never=("kind PUT",))
    assert told(parts(2), [said, [could]])[-2] == counted, "the other met nothing"


def test_what_a_target_broke_over_in_every_part_is_not_counted_as_unmet() -> None:
    records: list[Record] = []
    merged = Merged(parts(2), records.append)
    for part in range(2):
        merged.hear(part, MeetingsCounted(target="toy", could={}, never=()))
        merged.part_ended(part, Broken("was killed", ""))
    merged.end(1.0)
    assert kinds(records) == [TargetFailed]


@pytest.mark.parametrize("longest", [0, 1])
def test_of_a_long_history_the_file_alone_tells(
    longest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_kept, "LONGEST_TOLD", longest)
    history = History(resolve("patch", None).header, (Finished(0, ()),))
    plan = replace(parts(2), failures_dir=str(tmp_path))
    records = told(plan, [[replace(found(), history=history)], []])
    (record,) = (r for r in records if isinstance(r, Found))
    assert record.history == (history if longest else None)
    assert record.file is not None
    assert read_failure(Path(record.file)).history == history
