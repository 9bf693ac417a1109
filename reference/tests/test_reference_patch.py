"""The published patch: each of its defects shows, and each in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

import pytest

from memslot_reference.kvm import Kvm
from memslot_reference.patch import PublishedPatch, patch
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.host import TlbFlushed
from memslot_spec.history.points.mmu import (
    Flushed,
    MmuUnlocked,
    RmapIndexed,
    RmapUse,
    SlotBitSet,
)
from memslot_spec.history.points.tables import TableLoaded, TablePublished
from memslot_spec.model.profile import LINUX, V2_6_34
from memslot_spec.model.replies import Accessed, Done, Mmio, Refused
from memslot_spec.model.values import (
    BIT_1,
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRegion,
    SlotTable,
)

MIB = 1 << 20
HERE = MemoryRegion(0, 0x10000, 0x4000, 0x600000)


class Recorder(Silent):
    """A hook that keeps what is announced, and can do more at a point."""

    def __init__(self) -> None:
        self.events: list[Point] = []
        self.plans: list[tuple[type[Point], Callable[[], object]]] = []

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        event = kind(0, *args, **kwargs)
        self.events.append(event)
        if self.plans and isinstance(event, self.plans[0][0]):
            self.plans.pop(0)[1]()

    def published(self) -> list[SlotTable]:
        """The tables published since the last time, in order."""
        tables = [e.slots for e in self.events if isinstance(e, TablePublished)]
        self.events.clear()
        return tables


def patched(*regions: MemoryRegion) -> tuple[Kvm, Recorder]:
    """The patch, after these requests."""
    hook = Recorder()
    kvm = patch(hook, V2_6_34)
    for region in regions:
        assert kvm.set_region(region) == Done()
    hook.events.clear()
    return kvm, hook


def nothing() -> None:
    """Let the point pass."""


def stuck(kvm: Kvm, region: MemoryRegion) -> Callable[[], None]:
    """An updater that publishes and then waits for the reader it runs in."""

    def update() -> None:
        with pytest.raises(RuntimeError, match="synchronize_srcu"):
            kvm.set_region(region)

    return update


def test_the_tss_base_is_loaded_three_times() -> None:
    kvm, hook = patched(HERE)

    assert kvm.tss_base() == (16 + 4 - 3) << 12
    assert sum(isinstance(e, TableLoaded) for e in hook.events) == 3


def test_the_tss_base_mixes_two_tables() -> None:
    kvm, hook = patched()
    before = kvm.tss_base()
    hook.plans = [(TableLoaded, nothing), (TableLoaded, stuck(kvm, HERE))]

    assert kvm.tss_base() == (0 + 4 - 3) << 12
    assert before == 2**64 - 3 * 4096
    assert kvm.tss_base() == (16 + 4 - 3) << 12


def test_a_hole_has_the_id_of_the_last_slot() -> None:
    kvm, _ = patched(HERE, MemoryRegion(5, 0x100000, 0x1000, 0))

    assert kvm.memslot_id(Gfn(16)) == 0
    assert kvm.memslot_id(Gfn(0)) == 5
    kvm.set_region(MemoryRegion(5, 0x100000, 0, 0))
    assert kvm.memslot_id(Gfn(0)) == 5
    assert patched()[0].memslot_id(Gfn(0)) == -1


def test_a_fault_sets_the_bit_of_a_slot_in_another_table() -> None:
    kvm, hook = patched(HERE, MemoryRegion(5, 0x100000, 0x1000, 0))
    moved = MemoryRegion(0, 0x20000, 0x4000, 0x600000)
    hook.plans = [(TableLoaded, stuck(kvm, moved))]

    kvm.access(Gfn(16), write=True, direct=True, root=0)

    assert [e.slot_id for e in hook.events if isinstance(e, SlotBitSet)] == [5]


def test_a_slot_can_be_born_invalid() -> None:
    kvm, _ = patched(MemoryRegion(0, 0, 0x1000, 0, BIT_1))

    assert [s.invalid for s in kvm.memslots.to_spec()] == [True]
    assert kvm.access(Gfn(0), write=False, direct=True, root=0) == Mmio()


def test_unknown_flags_are_taken() -> None:
    kvm, _ = patched(MemoryRegion(0, 0, 0x1000, 0, 0xFFFF_FFFC))

    assert [s.invalid for s in kvm.memslots.to_spec()] == [False]


def test_bit_1_is_readonly_where_the_profile_says_so() -> None:
    kvm = patch(Silent(), LINUX)

    assert kvm.set_region(MemoryRegion(0, 0, 0x1000, 0, BIT_1)) == Done()
    assert [(s.readonly, s.invalid) for s in kvm.memslots.to_spec()] == [(True, False)]


@pytest.mark.parametrize("failure", Failure)
def test_a_failed_delete_leaves_the_slot_invalid_until_a_flags_request(
    failure: Failure,
) -> None:
    kvm, _ = patched(HERE)

    reply = kvm.set_region(MemoryRegion(0, 0, 0, 0), failure=failure)

    assert reply == Refused(Errno.ENOMEM)
    assert [s.invalid for s in kvm.memslots.to_spec()] == [True]
    assert kvm.set_region(HERE) == Done()
    assert [s.invalid for s in kvm.memslots.to_spec()] == [False]


def test_a_move_takes_one_step_and_leaves_what_was_mapped() -> None:
    kvm, hook = patched(HERE)
    kvm.access(Gfn(16), write=True, direct=True, root=0)
    rmaps = kvm.memslots.slots[0].rmaps

    kvm.set_region(MemoryRegion(0, 0x20000, 0x4000, 0x600000))

    assert Flushed(0, None) not in hook.events
    assert [[s.base for s in table] for table in hook.published()] == [[32]]
    assert kvm.memslots.slots[0].rmaps is rmaps
    stale = kvm.access(Gfn(16), write=False, direct=True, root=0)
    assert stale == Accessed(0x600000)


def test_after_a_move_an_spte_is_dropped_without_a_slot() -> None:
    kvm, hook = patched(HERE)
    kvm.access(Gfn(16), write=True, direct=True, root=0)
    kvm.set_region(MemoryRegion(0, 0x20000, 0x4000, 0x600000))

    kvm.release_notifier()

    assert RmapIndexed(0, RmapUse.REMOVE, None, 0, 1, 16, 0) in hook.events
    assert kvm.observe().sptes == ()
    assert kvm.count_rmaps() == 1
    kvm.unmap_hva(Hva(0x600000))
    assert not kvm.age_hva(Hva(0x600000))


def test_a_new_host_address_is_done_and_ignored() -> None:
    kvm, _ = patched(HERE)

    assert kvm.set_region(MemoryRegion(0, 0x10000, 0x4000, 0x700000)) == Done()
    assert [s.hva for s in kvm.memslots.to_spec()] == [0x600000]


def test_an_unmap_misses_a_large_mapping_of_an_unaligned_slot() -> None:
    kvm, hook = patched(MemoryRegion(0, MIB, 4 * MIB, 3 * MIB))
    kvm.access(Gfn(600), write=False, direct=True, root=0)

    kvm.unmap_hva(Hva(4 * MIB))

    assert [s.level for s in kvm.observe().sptes or ()] == [2]
    walked = [e.index for e in hook.events if isinstance(e, RmapIndexed)]
    assert walked[-1] == 0


def unmaps(kvm: Kvm) -> None:
    kvm.unmap_hva(Hva(0x600000))


def invalidates(kvm: Kvm) -> None:
    kvm.invalidate_range(Hva(0x600000), Hva(0x601000))


@pytest.mark.parametrize("event", [unmaps, invalidates])
def test_a_host_event_flushes_after_it_gave_the_lock_back(
    event: Callable[[Kvm], None],
) -> None:
    kvm, hook = patched(HERE)
    kvm.access(Gfn(16), write=False, direct=True, root=0)
    hook.events.clear()

    event(kvm)

    kinds = [type(e) for e in hook.events]
    assert kinds.index(MmuUnlocked) < kinds.index(TlbFlushed)
    hook.events.clear()
    event(kvm)
    assert not any(isinstance(e, TlbFlushed) for e in hook.events)


def test_a_user_slot_may_lie_over_a_private_one() -> None:
    kvm, _ = patched()

    assert kvm.set_private_region(MemoryRegion(33, 0x10000, 0x1000, 0)) == Done()
    assert kvm.set_region(HERE) == Done()
    assert kvm.memslot_id(Gfn(16)) == 0


def test_deleting_nothing_costs_every_mapping() -> None:
    kvm, hook = patched(HERE)
    kvm.access(Gfn(16), write=True, direct=True, root=0)
    before = kvm.memslots.to_spec()

    assert kvm.set_region(MemoryRegion(9, 0, 0, 0)) == Done()

    assert kvm.observe().sptes == ()
    assert hook.published() == [before, before]


def test_a_defect_is_one_method() -> None:
    methods = [name for name in vars(PublishedPatch) if not name.startswith("_")]

    assert sorted(methods) == [
        "accepted_flags",
        "bitmap_pages",
        "delete_absent",
        "find_memslot_id",
        "host_address",
        "hva_walk_index",
        "invalidate_page",
        "invalidate_range_start",
        "is_scanned",
        "moves",
        "page_header_update_slot",
        "rmode_tss_base",
        "roll_back",
        "swap_bitmap",
    ]
