"""The choices: each option can be seen, and nothing is counted that was not chosen."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import get_args

import pytest

from choice_histories import (
    ANSWERED,
    ASKS,
    ENTERS,
    EXISTS,
    FAILS_TO_GO,
    FLAGGED,
    GOING,
    INVALID_ARGUMENT,
    LIMITS,
    LOADS_1,
    LOADS_2,
    NO_MEMORY,
    OF_B,
    ONE,
    OPEN,
    OPERATIONS,
    POINTS,
    PUT,
    REACHED,
    REGION,
    WITNESSES,
    B,
    Events,
    header,
    request,
    taken,
)
from memslot_conformance.play.explore import sampled
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.targets.resolve import resolve
from memslot_spec.choice import AnyChoice, OptionCounts, can_be_seen
from memslot_spec.choices import CHOICES, delete, errors, readers, requests
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import Capabilities, Domain
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import GuestAccess, SetRegion
from memslot_spec.model.profile import BOTH, LINUX, V2_6_34
from memslot_spec.model.replies import Done, Mmio
from memslot_spec.model.values import Gfn, table_of
from memslot_spec.moments.replies import Answered, Updated
from memslot_spec.source import doc_of

every_choice = pytest.mark.parametrize("choice", CHOICES, ids=lambda c: c.id)


@pytest.mark.parametrize(
    ("choice", "option", "events"),
    WITNESSES,
    ids=[f"{choice.id}:{option}" for choice, option, _ in WITNESSES],
)
def test_an_option_is_seen(choice: AnyChoice, option: str, events: Events) -> None:
    for profile in choice.profiles:
        counted = taken(events, profile)
        assert counted.pop((choice.id, option)) == 1
        assert [key for key in counted if key[0] == choice.id] == []


@every_choice
def test_every_option_has_a_history_that_shows_it(choice: AnyChoice) -> None:
    shown = {option for of, option, _ in WITNESSES if of is choice}
    assert shown == {*choice.options}


@pytest.mark.parametrize(
    ("situation", "events"),
    [
        ("a flag is unknown, and the size is wrong", request(
            SetRegion(replace(FLAGGED.region, memory_size=17)), INVALID_ARGUMENT)),
        ("user slots overlap", (*PUT, *request(
            SetRegion(replace(OF_B, guest_phys_addr=17 << 12)), EXISTS))),
        ("a slot is created", request(SetRegion(OF_B), Done(), table_of(B))),
        ("a lookup with no update beside it", (*PUT, ASKS, LOADS_1, ANSWERED)),
        ("an access where no slot is INVALID", (*PUT, ENTERS, LOADS_1, REACHED)),
        ("a flush without a slot that goes", (*PUT, Flushed(0, None))),
        ("MMIO in a hole beside a window",
         (*OPEN, Call(1, GuestAccess(Gfn(99))), LOADS_2, Return(1, Mmio()))),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_choose_nothing_is_counted(
    situation: str, events: Events
) -> None:
    assert taken(events) == {}, situation


def test_a_move_beyond_the_guest_may_be_put_back_too() -> None:
    moves = SetRegion(replace(REGION, guest_phys_addr=LIMITS.largest_gfn << 12))
    events = (*PUT, *request(moves, INVALID_ARGUMENT, GOING, ONE))
    assert taken(events, LINUX.name) == {(errors.rollback.id, errors.PUT_BACK): 1}


def test_an_event_that_breaks_a_clause_chooses_nothing() -> None:
    broken = (*PUT, *request(FAILS_TO_GO, NO_MEMORY, GOING))
    allowed = {errors.rollback.id, errors.injected_failure.id}
    assert {choice for choice, _ in taken(broken)} == allowed
    assert taken(broken, clauses=(clause_by_id("ERR-1"),)) == {}


def test_nothing_is_counted_where_nobody_asks() -> None:
    applicable = ApplicableClauses(header(V2_6_34.name), ())
    for _, _, events in WITNESSES:
        assert judge_events(applicable, events).taken == {}
    assert not any(step.watch for step in applicable.steps.values())


def test_choices_that_points_show_are_not_watched_blind() -> None:
    applicable = ApplicableClauses(blind(header(V2_6_34.name)), (), CHOICES)
    assert applicable.choices
    assert all(not choice.points for choice in applicable.choices)


def test_a_target_is_asked_only_what_it_can_show() -> None:
    every = header(V2_6_34.name)
    bare = replace(every, domain=Domain())
    deaf = replace(every, capabilities=Capabilities(operations=("SetRegion",)))
    assert can_be_seen(errors.injected_failure, every)
    assert not can_be_seen(errors.injected_failure, bare)
    assert not can_be_seen(requests.private_overlap, bare)
    assert not can_be_seen(readers.reader_table, deaf)
    assert can_be_seen(requests.unknown_flag, deaf)
    assert not can_be_seen(requests.unknown_flag, header(LINUX.name))


@pytest.mark.parametrize("profile", sorted(BOTH))
def test_the_reference_takes_only_options_that_are_listed(profile: str) -> None:
    target = resolve("reference", profile)
    applicable = ApplicableClauses(target.header, (), CHOICES)
    counted: OptionCounts = {}
    for race in fixed_races(target.header):
        for played in sampled(target.make, race.scenario, Random(3), 4):
            counted |= judge_events(applicable, played.events).taken
    allowed = {(c.id, option) for c in applicable.choices for option in c.options}
    assert counted.keys() <= allowed
    assert (delete.flush_extent.id, delete.EVERYTHING) in counted


@every_choice
def test_a_choice_is_between_distinct_answers(choice: AnyChoice) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", choice.id)
    assert len(choice.options) >= 2
    assert len({*choice.options}) == len(choice.options)
    assert choice.title
    assert choice.source
    assert doc_of(choice.taken)


@every_choice
def test_what_a_choice_names_exists(choice: AnyChoice) -> None:
    assert choice.root in {*get_args(Event), Answered, Updated}
    assert {*choice.points} <= {*POINTS}
    assert {*choice.operations} <= {*OPERATIONS}
    assert choice.profiles
    assert choice.clauses
    for clause in choice.clauses:
        assert clause_by_id(clause).profiles & choice.profiles
    assert choice.kind is Updated or choice.objections == (None,)


def test_ids_tell_choices_apart() -> None:
    assert len({choice.id for choice in CHOICES}) == len(CHOICES)
