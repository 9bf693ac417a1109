"""Two sets of slots: what is edited, swapped, propagated and swapped back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_reference.linux import LinuxKvm
from memslot_reference.reference import reference_linux
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.caches import CachesUpdated, GenerationSet
from memslot_spec.history.points.mmu import Flushed, SpteRemoved
from memslot_spec.history.points.srcu import GracePeriodBegun, GracePeriodEnded
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableReclaimed,
    TableWritten,
)
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Accessed, Done, Mmio, Refused
from memslot_spec.model.values import (
    LOG_DIRTY_PAGES,
    Errno,
    Failure,
    Gfn,
    MemoryRegion,
    SlotTable,
)

SMM = 1 << 16
LIMITS = Limits(largest_gfn=(1 << 40) - 1, user_slots=32, address_spaces=2)
HERE = MemoryRegion(0, 0x10000, 0x4000, 0x600000)
THERE = MemoryRegion(SMM, 0x12000, 0x4000, 0x700000)
GONE = MemoryRegion(0, 0, 0, 0)
MOVED = MemoryRegion(0, 0x11000, 0x4000, 0x600000)
LOGGED = MemoryRegion(0, 0x10000, 0x4000, 0x600000, LOG_DIRTY_PAGES)

OF_TABLES = (
    TablePublished,
    TableReclaimed,
    TableWritten,
    GracePeriodBegun,
    GracePeriodEnded,
    Flushed,
)


class Recorder(Silent):
    """A hook that keeps what is announced, on the one thread 0."""

    def __init__(self) -> None:
        self.events: list[Point] = []

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        self.events.append(kind(0, *args, **kwargs))

    def of_tables(self) -> list[tuple[type, int | None]]:
        """What happened to which table, by its handle."""
        return [
            (type(event), getattr(event, "table", None))
            for event in self.events
            if isinstance(event, OF_TABLES)
        ]


def linux_with(*regions: MemoryRegion) -> tuple[LinuxKvm, Recorder]:
    hook = Recorder()
    kvm = reference_linux(hook, LINUX, LIMITS)
    for region in regions:
        assert kvm.set_region(region) == Done()
    hook.events.clear()
    return kvm, hook


def slots(kvm: LinuxKvm, as_id: int) -> tuple[SlotTable, SlotTable]:
    """The active and the inactive set of an address space."""
    return kvm.active[as_id].to_spec(), kvm.inactive[as_id].to_spec()


WAIT = [(GracePeriodBegun, None), (GracePeriodEnded, None)]


def test_a_create_edits_swaps_waits_and_edits_the_other_set() -> None:
    kvm, hook = linux_with()
    assert kvm.set_region(HERE) == Done()
    assert hook.of_tables() == [
        (TableWritten, 1),
        (TablePublished, 1),
        *WAIT,
        (TableReclaimed, 0),
        (TableWritten, 0),
    ]
    active, inactive = slots(kvm, 0)
    assert active == inactive


def test_a_delete_swaps_twice_and_flushes_in_between() -> None:
    kvm, hook = linux_with(HERE)
    assert kvm.set_region(GONE) == Done()
    assert hook.of_tables() == [
        (TableWritten, 0),
        (TablePublished, 0),
        *WAIT,
        (Flushed, None),
        (TableReclaimed, 1),
        (TableWritten, 1),
        (TablePublished, 1),
        *WAIT,
        (TableReclaimed, 0),
        (TableWritten, 0),
    ]
    assert slots(kvm, 0) == (SlotTable(), SlotTable())


def test_a_slot_that_goes_keeps_its_flags_in_the_window() -> None:
    kvm, hook = linux_with(LOGGED)
    before = kvm.whole_table().find(0, 0)
    assert before is not None

    assert kvm.set_region(GONE) == Done()

    shown = [e.slots.find(0, 0) for e in hook.events if isinstance(e, TablePublished)]
    assert shown == [before.as_invalid(), None]


@pytest.mark.parametrize("region", [GONE, MOVED])
def test_a_failing_request_swaps_the_untouched_set_back(region: MemoryRegion) -> None:
    kvm, hook = linux_with(HERE)
    before = slots(kvm, 0)
    refused = kvm.set_region(region, failure=Failure.PREPARE)
    assert refused == Refused(Errno.ENOMEM)
    assert hook.of_tables() == [
        (TableWritten, 0),
        (TablePublished, 0),
        *WAIT,
        (Flushed, None),
        (TablePublished, 1),
        *WAIT,
        (TableReclaimed, 0),
        (TableWritten, 0),
    ]
    assert slots(kvm, 0) == before


def test_an_early_failure_publishes_nothing() -> None:
    kvm, hook = linux_with(HERE)
    before = slots(kvm, 0)
    refused = kvm.set_region(GONE, failure=Failure.ALLOCATE)
    assert refused == Refused(Errno.ENOMEM)
    assert hook.of_tables() == []
    assert slots(kvm, 0) == before


def test_the_other_address_space_is_not_touched() -> None:
    kvm, hook = linux_with(HERE)
    assert kvm.set_region(THERE) == Done()
    assert {table for _, table in hook.of_tables()} == {2, 3, None}
    published = [e for e in hook.events if isinstance(e, TablePublished)]
    assert [e.as_id for e in published] == [1]
    assert [s.as_id for s in published[0].slots] == [0, 1]
    assert kvm.gfn_to_hva(Gfn(0x13)) == 0x603000
    assert kvm.gfn_to_hva(Gfn(0x13), 1) == 0x701000
    assert kvm.gfn_to_memslot(Gfn(0x10), 1) is None


def test_a_generation_is_marked_until_the_grace_period_has_ended() -> None:
    kvm, hook = linux_with(HERE, THERE)
    kvm.set_region(GONE)
    about = (GenerationSet, GracePeriodEnded, TablePublished, CachesUpdated)
    order = [
        (type(e), e.in_progress) if isinstance(e, GenerationSet) else (type(e), None)
        for e in hook.events
        if isinstance(e, about)
    ]
    once = [
        (GenerationSet, True),
        (TablePublished, None),
        (GracePeriodEnded, None),
        (CachesUpdated, None),
        (GenerationSet, False),
    ]
    assert order == once * 2
    made = [e for e in hook.events if isinstance(e, GenerationSet)]
    shown = [e.table for e in hook.events if isinstance(e, TablePublished)]
    assert len(set(shown)) == 2
    assert [e.table for e in made] == [table for table in shown for _ in range(2)]
    assert {e.as_id for e in made} == {0}
    final = [
        e.generation
        for e in hook.events
        if isinstance(e, GenerationSet) and not e.in_progress
    ]
    assert len(set(final)) == len(final)
    assert {g % 2 for g in final} == {kvm.first_generation() % 2}


def test_a_flush_leaves_the_sptes_of_other_slots() -> None:
    kvm, hook = linux_with(HERE, MemoryRegion(1, 0x14000, 0x4000, 0x800000))
    for gfn in (0x10, 0x14):
        reply = kvm.access(Gfn(gfn), write=True, direct=True, root=0)
        assert isinstance(reply, Accessed)
    hook.events.clear()
    assert kvm.set_region(GONE) == Done()
    assert len([e for e in hook.events if isinstance(e, SpteRemoved)]) == 1
    left = kvm.observe().sptes
    assert left is not None
    assert [s.gfn for s in left] == [0x14]


def test_an_access_in_one_space_does_not_use_the_others_mappings() -> None:
    kvm, _ = linux_with(HERE, THERE)

    def reach(gfn: int, as_id: int) -> object:
        return kvm.access(Gfn(gfn), write=False, direct=True, root=0, as_id=as_id)

    assert reach(0x13, 0) == Accessed(0x603000)
    assert reach(0x13, 1) == Accessed(0x701000)
    assert reach(0x13, 0) == Accessed(0x603000)
    assert reach(0x10, 1) == Mmio()


def test_nothing_is_announced_that_was_not_promised() -> None:
    kvm, hook = linux_with(HERE, THERE)
    for region in (LOGGED, MOVED, GONE):
        kvm.set_region(region)
    kinds = {type(event).__name__ for event in hook.events}
    assert kinds
    assert kinds <= set(kvm.announced())


def test_a_load_names_the_active_set_of_its_space() -> None:
    kvm, hook = linux_with(HERE, THERE)
    kvm.gfn_to_memslot(Gfn(0x10), 1)
    kvm.gfn_to_memslot(Gfn(0x10))

    loads = [e for e in hook.events if isinstance(e, TableLoaded)]
    assert [(e.as_id, e.table) for e in loads] == [
        (as_id, kvm.active[as_id].handle) for as_id in (1, 0)
    ]


def test_a_reader_of_every_slot_loads_one_table_for_each_space() -> None:
    kvm, hook = linux_with(HERE, THERE)
    kvm.mmu_pages()
    loads = [e for e in hook.events if isinstance(e, TableLoaded)]
    assert [e.as_id for e in loads] == [0, 1]


REGIONS = st.builds(
    MemoryRegion,
    slot=st.sampled_from((0, 1, SMM, SMM | 1, 32, 2 << 16)),
    guest_phys_addr=st.sampled_from((0, 0x2000, 0x3000, 0x8000, 0x8008)),
    memory_size=st.sampled_from((0, 0x1000, 0x4000, 0x4000, 0x4008)),
    userspace_addr=st.sampled_from((0x600000, 0x600000, 0x700000, 8)),
    flags=st.sampled_from((0, 0, LOG_DIRTY_PAGES, 2, 4)),
)


@given(st.lists(st.tuples(REGIONS, st.sampled_from((None, *Failure))), max_size=12))
def test_every_request_has_an_outcome_of_the_plan(
    requests: list[tuple[MemoryRegion, Failure | None]],
) -> None:
    kvm, hook = linux_with()
    table = SlotTable()
    for region, failure in requests:
        hook.events.clear()
        reply = kvm.set_region(region, failure=failure)
        published = [e.slots for e in hook.events if isinstance(e, TablePublished)]
        outcomes = plan(table, region, LINUX, LIMITS, failure=failure)
        assert (reply, tuple(published)) in [(o.reply, o.versions) for o in outcomes]
        table = kvm.whole_table()
        for as_id in (0, 1):
            active, inactive = slots(kvm, as_id)
            assert active == inactive
