"""Two engines answer what is drawn, and the same answers are the same run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.records import Record
from memslot_conformance.findings.trial import Counts, Trial
from memslot_conformance.layers import races
from memslot_conformance.layers.races import play_race
from memslot_conformance.layers.sequences import ask_one_vm
from memslot_conformance.layers.slices import Slice
from memslot_conformance.play.budget import Budget
from memslot_conformance.scenarios.drawn.by_hypothesis import HEALTH, Drawn
from memslot_conformance.scenarios.drawn.choices import Choices, Seeded
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.model.operations import SetRegion
from noted_choices import Again, Noted

PATCH = resolve("patch")
"""Wrong in many ways, so there are verdicts of both kinds."""

SEQUENCES = 100
"""Choice sequences that each layer plays by both engines: 200 in all."""

A_FEW = 4
"""Pages; which size is the least is another choice than which is drawn first."""

choices_of_hypothesis = settings(
    max_examples=SEQUENCES,
    database=None,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=HEALTH,
)

PlayOne = Callable[[Slice, Choices], None]


def told(play: PlayOne, choices: Choices) -> tuple[Counts, list[Record], str]:
    """What came of a scenario: all that was counted, found, and done last."""

    def clock() -> float:
        return 0.0

    records: list[Record] = []
    trial = Trial(PATCH.header, CLAUSES, clock=clock)
    ceiling = Budget(seconds=0.0, clock=clock)
    findings = Findings(PATCH, trial, records.append, None, ceiling=ceiling)
    record = CrashRecord()
    palette = palette_of(PATCH.header)
    play(Slice(PATCH, trial, findings, palette, record, Budget(clock=clock)), choices)
    last = record.heard()
    record.close()
    return trial.counts, records, last


def check_both(play: PlayOne, data: st.DataObject) -> bool:
    """Play by Hypothesis, then by a seed that has it the same; was anything found."""
    by_hypothesis = Noted(data.draw)
    one = told(play, by_hypothesis)
    again = Again(by_hypothesis.noted)
    assert told(play, Seeded(again)) == one
    assert not again.left
    return bool(one[1])


def test_a_race_is_the_same_by_both_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(races, "SCHEDULES", 2)
    found: list[bool] = []

    @choices_of_hypothesis
    @given(st.data())
    def play(data: st.DataObject) -> None:
        found.append(check_both(play_race, data))

    play()
    assert len(found) >= SEQUENCES
    assert set(found) == {False, True}


def test_a_sequence_is_the_same_by_both_engines() -> None:
    found: list[bool] = []

    @choices_of_hypothesis
    @given(st.data())
    def play(data: st.DataObject) -> None:
        found.append(check_both(partial(ask_one_vm, operations=15), data))

    play()
    assert len(found) >= SEQUENCES
    assert set(found) == {False, True}


@st.composite
def a_request(draw: st.DrawFn) -> SetRegion:
    return palette_of(PATCH.header).draw_request(Drawn(draw))


def test_hypothesis_makes_a_request_small() -> None:
    def is_for_pages(request: SetRegion) -> bool:
        return request.region.npages > 0

    # The phase that explains tries at random, and keeps what took fewer choices.
    phases = (Phase.generate, Phase.shrink)
    chosen = settings(database=None, max_examples=500, phases=phases)
    small = find(a_request(), is_for_pages, settings=chosen, random=Random(4)).region
    assert (small.slot, small.guest_phys_addr, small.flags) == (0, 0, 0)
    assert small.npages <= A_FEW


def test_a_seed_gives_the_same_scenarios_each_time() -> None:
    palette = palette_of(PATCH.header)
    one, two = (
        [Drawing(palette, choices).scenario() for _ in range(20)]
        for choices in (Seeded(Random(3)), Seeded(Random(3)))
    )
    assert one == two
