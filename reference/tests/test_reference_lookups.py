"""The readers: what they answer, and that one load is all they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

import pytest

from memslot_reference.kvm import Kvm
from memslot_reference.lookups import SlotReaders
from memslot_reference.memslots import INVALID, MemorySlot, ReadAfterReclaim
from memslot_reference.reference import reference
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.srcu import (
    SectionEntered,
    SectionEntering,
    SectionLeft,
)
from memslot_spec.history.points.tables import TableLoaded, TablePublished, TableRead
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Limits, Profile
from memslot_spec.model.values import BIT_1, Gfn, Hva, MemoryRegion, Slot


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

    def at(self, kind: type[Point], action: Callable[[], object]) -> None:
        """At the next point of this kind, after earlier plans, do this."""
        self.plans.append((kind, action))

    def kinds(self) -> list[type[Point]]:
        """The kinds announced since the last time, in order."""
        kinds = [type(event) for event in self.events]
        self.events.clear()
        return kinds


READERS: dict[str, Callable[[SlotReaders], object]] = {
    "gfn_to_memslot": lambda kvm: kvm.gfn_to_memslot(Gfn(17)),
    "gfn_to_hva": lambda kvm: kvm.gfn_to_hva(Gfn(17)),
    "is_visible_gfn": lambda kvm: kvm.is_visible_gfn(Gfn(17)),
    "memslot_id": lambda kvm: kvm.memslot_id(Gfn(17)),
    "tss_base": lambda kvm: kvm.tss_base(),
    "mmu_pages": lambda kvm: kvm.mmu_pages(),
}


def kvm_with(*slots: MemorySlot, profile: Profile = V2_6_34) -> Kvm:
    """A VM with these slots, put there without an update."""
    kvm = reference(Recorder(), profile)
    for slot in slots:
        kvm.memslots.put(slot)
    return kvm


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_reader_loads_one_table_inside_one_section(
    name: str, profile: Profile
) -> None:
    hook = Recorder()
    kvm = reference(hook, profile)

    READERS[name](kvm)

    kinds = hook.kinds()
    assert kinds[:3] == [SectionEntering, SectionEntered, TableLoaded]
    assert set(kinds[3:-1]) == {TableRead}
    assert kinds[-1] is SectionLeft


@pytest.mark.parametrize(
    ("flags", "hva", "visible"),
    [
        pytest.param(0, 0x7000, True, id="a valid slot"),
        pytest.param(INVALID, None, False, id="an INVALID slot"),
        pytest.param(BIT_1, None, True, id="a READONLY slot, for writing"),
        pytest.param(BIT_1 | INVALID, None, False, id="a slot that is both"),
    ],
)
def test_only_a_translation_minds_the_flags_of_a_slot(
    flags: int, hva: int | None, *, visible: bool
) -> None:
    kvm = kvm_with(MemorySlot(3, 16, 4, 0x6000, flags), profile=LINUX)

    found = kvm.gfn_to_memslot(Gfn(17))

    assert found is not None
    assert found.id == 3
    assert kvm.memslot_id(Gfn(17)) == 3
    assert kvm.gfn_to_hva(Gfn(17)) == hva
    assert kvm.is_visible_gfn(Gfn(17)) is visible


@pytest.mark.parametrize("gfn", [15, 20])
def test_beside_a_slot_there_is_nothing(gfn: int) -> None:
    kvm = kvm_with(MemorySlot(3, 16, 4, 0x6000))

    assert kvm.gfn_to_memslot(Gfn(gfn)) is None
    assert kvm.gfn_to_hva(Gfn(gfn)) is None
    assert not kvm.is_visible_gfn(Gfn(gfn))
    assert kvm.memslot_id(Gfn(gfn)) is None


def test_a_private_slot_is_found_but_not_visible() -> None:
    kvm = kvm_with(MemorySlot(33, 16, 4, 0x6000))

    assert kvm.gfn_to_memslot(Gfn(16)) == Slot(33, Gfn(16), 4, Hva(0x6000))
    assert not kvm.is_visible_gfn(Gfn(16))


def test_where_slots_overlap_the_lowest_id_is_found() -> None:
    kvm = kvm_with(MemorySlot(32, 16, 4, 0x6000), MemorySlot(5, 16, 4, 0x9000))

    assert kvm.memslot_id(Gfn(16)) == 5


def test_a_slot_of_another_address_space_is_not_found() -> None:
    kvm = kvm_with(MemorySlot(1, 16, 4, 0x6000, as_id=1), profile=LINUX)

    assert kvm.gfn_to_memslot(Gfn(16)) is None
    assert not kvm.is_visible_gfn(Gfn(16))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize(
    ("npages", "budget"), [(0, 64), (3249, 64), (3250, 65), (250_000_000, 5_000_000)]
)
def test_the_page_budget_counts_every_slot(
    profile: Profile, npages: int, budget: int
) -> None:
    half = npages // 2
    kvm = kvm_with(
        MemorySlot(0, 0, half, 0, INVALID),
        MemorySlot(33, 1 << 40, npages - half, 0),
        profile=profile,
    )

    assert kvm.mmu_pages() == budget


@pytest.mark.parametrize(
    ("slots", "base"),
    [
        pytest.param((MemorySlot(0, 16, 8, 0),), 21 << 12, id="slot 0"),
        pytest.param((MemorySlot(1, 16, 8, 0),), 2**64 - 3 * 4096, id="no slot 0"),
        pytest.param((MemorySlot(0, 0, 1, 0),), 2**64 - 2 * 4096, id="one page"),
    ],
)
def test_the_tss_is_three_pages_below_the_end_of_slot_0(
    slots: tuple[MemorySlot, ...], base: int
) -> None:
    assert kvm_with(*slots).tss_base() == base


def test_the_tss_base_is_of_one_table_whatever_is_published_meanwhile() -> None:
    hook = Recorder()
    kvm = reference(hook, V2_6_34)
    kvm.memslots.put(MemorySlot(0, 16, 8, 0))

    def create_and_get_stuck() -> None:
        with pytest.raises(RuntimeError, match="synchronize_srcu"):
            kvm.set_region(MemoryRegion(1, 0x100000, 0x1000, 0))

    hook.at(TableLoaded, create_and_get_stuck)

    assert kvm.tss_base() == 21 << 12
    assert [e.field for e in hook.events if isinstance(e, TableRead)][-2:] == [
        "base_gfn",
        "npages",
    ]
    assert TablePublished in hook.kinds()


def test_a_read_of_a_reclaimed_table_is_announced_before_it_raises() -> None:
    hook = Recorder()
    kvm = reference(hook, V2_6_34)
    hook.at(TableLoaded, kvm.memslots.poison)

    with pytest.raises(ReadAfterReclaim, match="read slots of table 0"):
        kvm.gfn_to_memslot(Gfn(0))

    assert hook.events[-1] == TableRead(0, 0, "slots")


def test_the_limits_of_the_profile_are_the_default() -> None:
    limits = Limits(user_slots=7)

    assert reference(Silent(), LINUX).limits.user_slots == LINUX.default_user_slots
    assert reference(Silent(), LINUX, limits).limits is limits
