"""The plan of a request: what holds of every plan that can be drawn."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.plan import Outcome, plan
from memslot_spec.model.profile import LINUX, PROFILES, Profile
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.updates import Change, change_of, objections, target_of
from memslot_spec.model.values import (
    BIT_1,
    EMPTY,
    LOG_DIRTY_PAGES,
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)
from plan_requests import BIT_16, LIMITS, U64

WORDS = (0, 0, 1, 2, 3, 4, 5, 7, 8, 1 << 16, 1 << 16 | 1, 2 << 16)
GPAS = (0, 0x1000, 0x2000, 0x3000, 0x4000, 0xFFD000, 0x10_00000, 0x1200, U64 - 0x1000)
BYTES = (0, 0, 0x1000, 0x1000, 0x2000, 0x3000, 0x1200, 1 << 43, U64 - 0x1000)
HVAS = (0, 0x1000, 0x1000, 0x7FFF_F000, 0x8000_0000, 0x1200, 1 << 62)
FLAGS = (0, 0, 0, LOG_DIRTY_PAGES, BIT_1, BIT_1 | LOG_DIRTY_PAGES, 1 << 5, BIT_16)

regions = st.builds(
    MemoryRegion,
    st.sampled_from(WORDS),
    st.sampled_from(GPAS),
    st.sampled_from(BYTES),
    st.sampled_from(HVAS),
    st.sampled_from(FLAGS),
)
sound_regions = st.builds(
    MemoryRegion,
    st.sampled_from((0, 1, 2, 1 << 16)),
    st.sampled_from((0, 0x1000, 0x2000, 0x3000, 0x5000)),
    st.sampled_from((0, 0x1000, 0x2000, 0x3000)),
    st.sampled_from((0, 0x1000)),
    st.sampled_from((0, 0, LOG_DIRTY_PAGES, BIT_1)),
)
profiles = st.sampled_from(PROFILES)
failures = st.sampled_from((None, None, *Failure))


@st.composite
def reachable(draw: st.DrawFn, profile: Profile) -> SlotTable:
    """A table that requests can lead to, private slots among them."""
    table = EMPTY
    for region in draw(st.lists(sound_regions, max_size=5)):
        private = draw(st.booleans()) and draw(st.booleans())
        word = region.slot + (4 if private else 0)
        moved = MemoryRegion(
            word,
            region.guest_phys_addr,
            region.memory_size,
            region.userspace_addr,
            region.flags,
        )
        outcomes = plan(table, moved, profile, LIMITS, private=private)
        table = draw(st.sampled_from(outcomes)).leaves(table)
    return table


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[Profile, SlotTable, MemoryRegion, bool, Failure | None]:
    """A profile, a table of it, and any request, private or not, to fail or not."""
    profile = draw(profiles)
    table = draw(reachable(profile))
    region = draw(regions | sound_regions)
    return profile, table, region, draw(st.booleans()), draw(failures)


Case = tuple[Profile, SlotTable, MemoryRegion, bool, Failure | None]


def outcomes_of(case: Case) -> tuple[Outcome, ...]:
    profile, table, region, private, failure = case
    return plan(table, region, profile, LIMITS, private=private, failure=failure)


def frames_of_users(table: SlotTable, as_id: int) -> list[set[int]]:
    """The frames of each user slot; the huge ones cut short, bases kept."""
    return [
        set(range(s.base, s.base + min(s.npages, 0x2000)))
        for s in table
        if s.id < LIMITS.user_slots and s.as_id == as_id
    ]


@given(cases())
def test_a_plan_is_never_empty_and_repeats_nothing(case: Case) -> None:
    outcomes = outcomes_of(case)
    assert outcomes
    assert len(set(outcomes)) == len(outcomes)


@given(cases())
def test_a_refusal_leaves_the_table(case: Case) -> None:
    _, table, *_ = case
    for outcome in outcomes_of(case):
        if isinstance(outcome.reply, Refused):
            assert outcome.leaves(table) == table


@given(cases())
def test_success_leaves_the_table_asked_for(case: Case) -> None:
    profile, table, region, *_ = case
    key = as_id_of(region.slot), id_of(region.slot)
    others = tuple(s for s in table if (s.as_id, s.id) != key)
    asked = Slot(
        key[1],
        Gfn(region.guest_phys_addr // 4096),
        region.memory_size // 4096,
        Hva(region.userspace_addr),
        log_dirty=region.flags % 2 == 1,
        readonly=profile is LINUX and region.flags & BIT_1 != 0,
        as_id=key[0],
    )
    expected = others if region.memory_size == 0 else (*others, asked)
    for outcome in outcomes_of(case):
        if outcome.reply == Done():
            assert set(outcome.leaves(table)) == set(expected)


@given(cases())
def test_user_slots_are_disjoint_in_every_version(case: Case) -> None:
    for outcome in outcomes_of(case):
        for version in outcome.versions:
            for as_id in (0, 1):
                frames = frames_of_users(version, as_id)
                assert not any(a & b for a, b in combinations(frames, 2))


@given(cases())
def test_a_delete_or_move_publishes_exactly_the_window_and_the_end(case: Case) -> None:
    _, table, region, *_ = case
    old = target_of(table, region)
    if old is None or change_of(table, region) not in {Change.DELETE, Change.MOVE}:
        return
    going = Slot(
        old.id,
        old.base,
        old.npages,
        old.hva,
        log_dirty=old.log_dirty,
        readonly=old.readonly,
        invalid=True,
        as_id=old.as_id,
    )
    window = table_of(*(going if s == old else s for s in table))
    for outcome in outcomes_of(case):
        if outcome.reply == Done():
            assert outcome.versions == (window, outcome.leaves(table))
            assert len(outcome.versions) == 2
        else:
            assert outcome.versions in {(), (window, table)}


@given(cases())
def test_every_version_differs_from_the_one_before(case: Case) -> None:
    _, table, *_ = case
    for outcome in outcomes_of(case):
        for before, after in pairwise((table, *outcome.versions)):
            assert before != after


@given(cases())
def test_at_most_the_slot_asked_for_is_invalid_and_never_at_the_end(case: Case) -> None:
    _, table, region, *_ = case
    key = as_id_of(region.slot), id_of(region.slot)
    for outcome in outcomes_of(case):
        for version in outcome.versions:
            invalid = [(s.as_id, s.id) for s in version if s.invalid]
            assert invalid in ([], [key])
        assert not any(s.invalid for s in outcome.leaves(table))


@given(cases())
def test_other_slots_are_the_same_in_every_version(case: Case) -> None:
    _, table, region, *_ = case
    key = as_id_of(region.slot), id_of(region.slot)
    for outcome in outcomes_of(case):
        for version in outcome.versions:
            assert version.without(*key) == table.without(*key)


@given(cases())
def test_enomem_only_where_a_failure_was_injected(case: Case) -> None:
    *_, failure = case
    replies = {outcome.reply for outcome in outcomes_of(case)}
    assert failure is not None or Refused(Errno.ENOMEM) not in replies


@given(cases())
def test_a_request_with_nothing_wrong_succeeds(case: Case) -> None:
    profile, table, region, private, failure = case
    if objections(table, region, profile, LIMITS, private=private):
        return
    replies = {outcome.reply for outcome in outcomes_of(case)}
    assert Done() in replies
    assert failure is not None or replies == {Done()}


@given(st.data())
def test_address_spaces_do_not_see_each_other(data: st.DataObject) -> None:
    table = data.draw(reachable(LINUX))
    region = data.draw(regions | sound_regions)
    as_id = as_id_of(region.slot)
    alone = table_of(*(s for s in table if s.as_id == as_id))
    others = tuple(s for s in table if s.as_id != as_id)
    assert plan(table, region, LINUX, LIMITS) == tuple(
        Outcome(o.reply, tuple(table_of(*v, *others) for v in o.versions))
        for o in plan(alone, region, LINUX, LIMITS)
    )
