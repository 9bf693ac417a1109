"""Updates: what is published, in which order, and what is put back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_reference.reference import reference
from memslot_spec.history.hook import Silent
from memslot_spec.history.points.host import (
    MetadataAllocated,
    MetadataFreed,
    TlbFlushed,
)
from memslot_spec.history.points.mmu import Flushed, MmuLocked, MmuUnlocked
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Limits, Profile
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    Errno,
    Failure,
    Gfn,
    MemoryRegion,
    SlotTable,
)
from recorded_updates import (
    EINVAL,
    GRACE_PERIOD,
    HERE,
    LIMITS,
    Recorder,
    kvm_with_a_slot,
)


def test_address_spaces_have_slots_of_their_own() -> None:
    kvm = reference(Silent(), LINUX, Limits(address_spaces=2))

    assert kvm.set_region(MemoryRegion(0, 0, 0x1000, 0)) == Done()
    assert kvm.set_region(MemoryRegion(1 << 16, 0, 0x2000, 0)) == Done()
    assert kvm.set_region(MemoryRegion(2 << 16, 0, 0x2000, 0)) == EINVAL
    assert [(s.as_id, s.npages) for s in kvm.memslots.to_spec()] == [(0, 1), (1, 2)]


def test_a_create_publishes_a_copy_and_reclaims_the_table_before() -> None:
    hook = Recorder()
    kvm = reference(hook, V2_6_34)

    kvm.set_region(HERE)

    assert [type(event) for event in hook.events] == [
        *[UpdateLocked, TableLoaded, TableRead, MetadataAllocated],
        *[TableRead, TableWritten, TablePublished, *GRACE_PERIOD, TableReclaimed],
        UpdateUnlocked,
    ]
    assert TableReclaimed(0, 0) in hook.events


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_delete_flushes_between_its_two_tables(profile: Profile) -> None:
    kvm, hook = kvm_with_a_slot(profile)
    (old,) = kvm.memslots.to_spec()

    assert kvm.set_region(MemoryRegion(0, 0x10000, 0, 0)) == Done()

    assert [type(event) for event in hook.events] == [
        *[UpdateLocked, TableLoaded, TableRead],
        *[TableRead, TableWritten, TablePublished, *GRACE_PERIOD],
        *[MmuLocked, TlbFlushed, Flushed, MmuUnlocked, TableReclaimed],
        *[TableRead, TableWritten, TablePublished, *GRACE_PERIOD],
        *[MetadataFreed, TableReclaimed, UpdateUnlocked],
    ]
    assert hook.published() == [SlotTable((old.as_invalid(),)), SlotTable()]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_move_goes_by_the_invalid_step_and_gets_new_reverse_maps(
    profile: Profile,
) -> None:
    kvm, hook = kvm_with_a_slot(profile)
    rmaps = kvm.memslots.slots[0].rmaps

    assert kvm.set_region(MemoryRegion(0, 0x12000, 0x4000, 0x600000)) == Done()

    window, after = hook.published()
    assert [(s.base, s.invalid) for s in window] == [(16, True)]
    assert [(s.base, s.invalid) for s in after] == [(18, False)]
    assert kvm.memslots.slots[0].rmaps is not rmaps


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("address", [None, 0x20000])
def test_a_failure_after_the_invalid_step_puts_the_slot_back(
    profile: Profile, failure: Failure, address: int | None
) -> None:
    kvm, hook = kvm_with_a_slot(profile)
    kvm.access(Gfn(16), write=True, direct=False, root=0)
    before, rmaps = kvm.memslots.to_spec(), kvm.memslots.slots[0].rmaps
    hook.events.clear()
    region = MemoryRegion(0, address or 0, 0x4000 if address else 0, 0x600000)

    assert kvm.set_region(region, failure=failure) == Refused(Errno.ENOMEM)

    window, after = hook.published()
    assert [s.invalid for s in window] == [True]
    assert after == before
    assert kvm.memslots.slots[0].rmaps is rmaps
    assert not kvm.slots_lock


@pytest.mark.parametrize("failure", Failure)
def test_a_create_that_fails_publishes_nothing(failure: Failure) -> None:
    hook = Recorder()
    kvm = reference(hook, V2_6_34)

    assert kvm.set_region(HERE, failure=failure) == Refused(Errno.ENOMEM)
    assert hook.published() == []


@pytest.mark.parametrize("failure", list(Failure))
def test_a_change_of_flags_that_fails_publishes_nothing(failure: Failure) -> None:
    kvm, hook = kvm_with_a_slot(V2_6_34)
    logged = replace(HERE, flags=LOG_DIRTY_PAGES)

    assert kvm.set_region(logged, failure=failure) == Refused(Errno.ENOMEM)
    assert hook.published() == []


def test_each_table_has_a_handle_that_no_other_had() -> None:
    hook = Recorder()
    kvm = reference(hook, V2_6_34, LIMITS)
    for region in (HERE, replace(HERE, memory_size=0)):
        assert kvm.set_region(region) == Done()

    written = [e.table for e in hook.events if isinstance(e, TableWritten)]
    published = [e.table for e in hook.events if isinstance(e, TablePublished)]
    assert written == published == [1, 2, 3]


def test_refuses_a_move_beyond_the_guest_after_the_invalid_step() -> None:
    kvm, hook = kvm_with_a_slot(LINUX)
    before = kvm.memslots.to_spec()

    assert kvm.set_region(MemoryRegion(0, 1 << 63, 0x4000, 0x600000)) == EINVAL

    window, after = hook.published()
    assert [s.invalid for s in window] == [True]
    assert after == before


def test_a_request_for_what_is_there_publishes_in_2010_only() -> None:
    in_2010, recorded_in_2010 = kvm_with_a_slot(V2_6_34)
    today, recorded_today = kvm_with_a_slot(LINUX)

    assert in_2010.set_region(HERE) == Done()
    assert today.set_region(HERE) == Done()

    assert recorded_in_2010.published() == [in_2010.memslots.to_spec()]
    assert recorded_today.published() == []


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_logging_destroys_what_was_mapped_before(profile: Profile) -> None:
    kvm, hook = kvm_with_a_slot(profile)
    rmaps = kvm.memslots.slots[0].rmaps
    kvm.access(Gfn(16), write=True, direct=False, root=0)
    logged = MemoryRegion(0, 0x10000, 0x4000, 0x600000, LOG_DIRTY_PAGES)
    hook.events.clear()

    assert kvm.set_region(logged) == Done()

    assert kvm.observe().sptes == ()
    kinds = [type(event) for event in hook.events]
    assert kinds.index(GracePeriodEnded) < kinds.index(MmuLocked)
    assert len(hook.published()) == 1
    assert kvm.memslots.slots[0].rmaps is rmaps


def requests(slots: int = 3) -> st.SearchStrategy[MemoryRegion]:
    """Requests that often meet each other, and are sometimes malformed."""
    pages = st.sampled_from([0, 1, 2, 4, 512])
    return st.builds(
        MemoryRegion,
        st.integers(0, slots) | st.sampled_from([31, 32, 1 << 16]),
        pages.map(lambda n: n << 12) | st.sampled_from([8, 1 << 63]),
        pages.map(lambda n: n << 12) | st.just(8),
        st.sampled_from([0, 0x200000, 0x600000, 8, 1 << 63]),
        st.sampled_from([0, 0, LOG_DIRTY_PAGES, BIT_1, 4]),
    )


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@given(
    steps=st.lists(
        st.tuples(requests(), st.none() | st.sampled_from(Failure)), max_size=12
    )
)
def test_every_update_has_an_outcome_of_the_plan(
    profile: Profile, steps: list[tuple[MemoryRegion, Failure | None]]
) -> None:
    hook = Recorder()
    kvm = reference(hook, profile, LIMITS)
    for region, failure in steps:
        before = kvm.memslots.to_spec()
        reply = kvm.set_region(region, failure=failure)
        allowed = plan(before, region, profile, LIMITS, failure=failure)
        published = [table for table in hook.published() if table != before]

        assert (reply, published[-1:]) in [
            (outcome.reply, [t for t in outcome.versions if t != before][-1:])
            for outcome in allowed
        ]
