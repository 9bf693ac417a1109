"""What readers answer of one table, by example and against a list of frames."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_spec.model.operations import (
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Origin,
    TableReader,
    TssBase,
)
from memslot_spec.model.profile import (
    LINUX,
    PROFILES,
    V2_6_34,
    HostHole,
    Limits,
    Profile,
)
from memslot_spec.model.readers import (
    accesses,
    answer,
    default_tss_base,
    gfn_to_hva,
    gfn_to_hva_prot,
    gfn_to_memslot,
    is_visible_gfn,
    memslot_id,
    mmu_pages,
    total_pages,
)
from memslot_spec.model.replies import (
    Accessed,
    FoundHostPage,
    FoundHva,
    FoundId,
    FoundSlot,
    GuestPageFault,
    Mmio,
    Number,
    Refused,
    Reply,
    Retry,
    Visible,
)
from memslot_spec.model.values import (
    EMPTY,
    Errno,
    Gfn,
    Hva,
    HvaError,
    Slot,
    SlotTable,
    table_of,
)

LIMITS = Limits(user_slots=4)
U64 = 1 << 64

PLAIN = Slot(1, Gfn(16), 4, Hva(0x10_0000))
GOING = Slot(2, Gfn(32), 4, Hva(0x20_0000), invalid=True)
READONLY = Slot(3, Gfn(48), 4, Hva(0x30_0000), readonly=True)
PRIVATE = Slot(4, Gfn(64), 1, Hva(0x40_0000))
ELSEWHERE = Slot(0, Gfn(80), 4, Hva(0x50_0000), as_id=1)
TABLE = table_of(PLAIN, GOING, READONLY, PRIVATE, ELSEWHERE)

LOOKUPS: tuple[tuple[int, Slot | None, int | None, bool], ...] = (
    (15, None, None, False),
    (16, PLAIN, 0x10_0000, True),
    (19, PLAIN, 0x10_3000, True),
    (20, None, None, False),
    (33, GOING, None, False),
    (49, READONLY, None, True),
    (64, PRIVATE, 0x40_0000, False),
    (65, None, None, False),
    (81, None, None, False),
)
"""Frame; the slot found, its host address for writing, whether it is visible."""


@pytest.mark.parametrize(("gfn", "slot", "hva", "visible"), LOOKUPS)
def test_lookups_of_a_frame(
    gfn: int, slot: Slot | None, hva: int | None, *, visible: bool
) -> None:
    assert gfn_to_memslot(TABLE, gfn) == slot
    assert gfn_to_hva(TABLE, gfn) == hva
    assert is_visible_gfn(TABLE, gfn, LIMITS) is visible
    assert memslot_id(TABLE, gfn) == (None if slot is None else slot.id)


def test_an_invalid_slot_is_found_and_has_no_host_address() -> None:
    assert gfn_to_memslot(TABLE, 32) == GOING
    assert memslot_id(TABLE, 32) == 2
    assert gfn_to_hva(TABLE, 32) is None
    assert not is_visible_gfn(TABLE, 32, LIMITS)


def test_a_private_slot_is_backed_and_not_visible() -> None:
    assert gfn_to_hva(TABLE, 64) == 0x40_0000
    assert not is_visible_gfn(TABLE, 64, LIMITS)
    assert is_visible_gfn(TABLE, 64, Limits(user_slots=5))


def test_the_lowest_id_answers_where_slots_overlap() -> None:
    private = Slot(4, Gfn(16), 8, Hva(0x60_0000))
    table = table_of(private, PLAIN)
    assert memslot_id(table, 17) == 1
    assert gfn_to_hva(table, 17) == 0x10_1000
    assert memslot_id(table, 21) == 4


def test_a_user_slot_under_a_private_one_is_visible() -> None:
    hidden = table_of(Slot(0, Gfn(64), 1, Hva(0), invalid=True), PRIVATE)
    assert memslot_id(hidden, 64) == 0
    assert gfn_to_hva(hidden, 64) is None
    assert not is_visible_gfn(hidden, 64, LIMITS)


def test_other_address_spaces_are_not_looked_at() -> None:
    assert gfn_to_memslot(TABLE, 81) is None
    assert total_pages(TABLE) == 17


def test_a_host_page_says_whether_it_may_be_written() -> None:
    bad, forbidden = HvaError.BAD, HvaError.RO_BAD
    rows = {
        (17, True): FoundHostPage(0x10_1000, writable=True),
        (17, False): FoundHostPage(0x10_1000, writable=True),
        (49, True): FoundHostPage(None, error=forbidden),
        (49, False): FoundHostPage(0x30_1000, writable=False),
        (33, True): FoundHostPage(None, error=bad),
        (20, False): FoundHostPage(None, error=bad),
    }
    for (gfn, write), found in rows.items():
        assert gfn_to_hva_prot(TABLE, gfn, write=write) == found


def test_a_lookup_that_names_an_address_space_is_answered_from_it() -> None:
    for gfn, as_id in ((81, 0), (81, 1), (17, 0), (17, 1)):
        slot = {(81, 1): ELSEWHERE, (17, 0): PLAIN}.get((gfn, as_id))
        hva = None if slot is None else slot.hva_of(gfn)
        found = answer(TABLE, GfnToMemslot(Gfn(gfn), as_id), LINUX, LIMITS)
        host = answer(TABLE, GfnToHva(Gfn(gfn), as_id), LINUX, LIMITS)
        assert (found, host) == (FoundSlot(slot), FoundHva(hva))


def test_an_empty_table_answers_nothing() -> None:
    assert gfn_to_memslot(EMPTY, 0) is None
    assert gfn_to_hva(EMPTY, 0) is None
    assert not is_visible_gfn(EMPTY, 0, LIMITS)
    assert memslot_id(EMPTY, 0) is None
    assert total_pages(EMPTY) == 0


TSS: tuple[tuple[SlotTable, int], ...] = (
    (EMPTY, U64 - 0x3000),
    (table_of(Slot(0, Gfn(0), 1, Hva(0))), U64 - 0x2000),
    (table_of(Slot(0, Gfn(0), 2, Hva(0))), U64 - 0x1000),
    (table_of(Slot(0, Gfn(0), 3, Hva(0))), 0),
    (table_of(Slot(0, Gfn(16), 4, Hva(0))), 0x11000),
    (table_of(Slot(0, Gfn(16), 4, Hva(0), invalid=True)), 0x11000),
    (table_of(PLAIN), U64 - 0x3000),
    (table_of(ELSEWHERE), U64 - 0x3000),
    (table_of(Slot(0, Gfn((1 << 52) - 1), 1, Hva(0))), 0xFFFF_FFFF_FFFF_D000),
)


@pytest.mark.parametrize(("table", "address"), TSS)
def test_the_tss_lies_three_pages_below_slot_0_and_wraps(
    table: SlotTable, address: int
) -> None:
    assert default_tss_base(table) == address


BUDGETS: tuple[tuple[SlotTable, int], ...] = (
    (EMPTY, 64),
    (TABLE, 64),
    (table_of(Slot(0, Gfn(0), 3249, Hva(0))), 64),
    (table_of(Slot(0, Gfn(0), 3250, Hva(0))), 65),
    (table_of(Slot(0, Gfn(0), 3250, Hva(0), invalid=True)), 65),
    (
        table_of(Slot(0, Gfn(0), 3249, Hva(0)), Slot(4, Gfn(1 << 20), 1, Hva(0))),
        65,
    ),
    (
        table_of(Slot(0, Gfn(0), 3249, Hva(0)), Slot(0, Gfn(0), 1, Hva(0), as_id=1)),
        65,
    ),
    (table_of(Slot(0, Gfn(0), 214_748_365, Hva(0))), 4_294_967),
    (table_of(Slot(0, Gfn(0), 300_000_000, Hva(0))), 6_000_000),
)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
@pytest.mark.parametrize(("table", "pages"), BUDGETS)
def test_the_budget_counts_every_slot_and_does_not_overflow(
    table: SlotTable, pages: int, profile: Profile
) -> None:
    assert mmu_pages(table, profile) == pages


ACCESSES: tuple[tuple[int, bool, tuple[Reply, ...], tuple[Reply, ...]], ...] = (
    (15, False, (Mmio(),), (Mmio(),)),
    (17, False, (Accessed(0x10_1000),), (Accessed(0x10_1000),)),
    (17, True, (Accessed(0x10_1000),), (Accessed(0x10_1000),)),
    (33, False, (Mmio(), Retry()), (Retry(),)),
    (33, True, (Mmio(), Retry()), (Retry(),)),
    (49, False, (Accessed(0x30_1000),), (Accessed(0x30_1000),)),
    (49, True, (Mmio(),), (Mmio(),)),
    (64, True, (Accessed(0x40_0000), Mmio()), (Accessed(0x40_0000), Mmio())),
    (81, False, (Mmio(),), (Mmio(),)),
)
"""Frame, write; the replies in 2009 and today. Frame 64 is in a private slot, which
KVM may emulate."""


@pytest.mark.parametrize(("gfn", "write", "in_2009", "today"), ACCESSES)
def test_a_guest_access_is_explained_by_these_replies(
    gfn: int, in_2009: tuple[Reply, ...], today: tuple[Reply, ...], *, write: bool
) -> None:
    access = GuestAccess(gfn, write=write)
    assert accesses(TABLE, access, V2_6_34, LIMITS) == in_2009
    assert accesses(TABLE, access, LINUX, LIMITS) == today


AS_A_FAULT = (Accessed(0x10_1000), Refused(Errno.EFAULT), Refused(None))

WITHOUT_PAGE: tuple[tuple[Origin, tuple[Reply, ...], tuple[Reply, ...]], ...] = (
    (Origin.PAGE_FAULT, (*AS_A_FAULT, Mmio()), AS_A_FAULT),
    (Origin.EMULATOR, (*AS_A_FAULT, Mmio()), (*AS_A_FAULT, Mmio())),
    (
        Origin.TABLE_WALK,
        (*AS_A_FAULT, GuestPageFault()),
        (*AS_A_FAULT, GuestPageFault()),
    ),
    (Origin.KVM, AS_A_FAULT, AS_A_FAULT),
)
"""Who makes the access; the replies in 2009 and today."""


@pytest.mark.parametrize(("origin", "in_2009", "today"), WITHOUT_PAGE)
def test_an_access_may_end_so_where_the_host_has_no_page(
    origin: Origin, in_2009: tuple[Reply, ...], today: tuple[Reply, ...]
) -> None:
    limits = replace(LIMITS, holes=(HostHole(0x10_1000, 0x10_2000),))
    access = GuestAccess(Gfn(17), origin=origin)
    assert accesses(TABLE, access, V2_6_34, limits) == in_2009
    assert accesses(TABLE, access, LINUX, limits) == today


def test_a_guest_access_is_made_in_its_own_address_space() -> None:
    for profile in PROFILES:
        there = GuestAccess(81, as_id=1)
        assert accesses(TABLE, there, profile, LIMITS) == (Accessed(0x50_1000),)
        hole = GuestAccess(17, as_id=1)
        assert accesses(TABLE, hole, profile, LIMITS) == (Mmio(),)


ANSWERS: tuple[tuple[TableReader, Reply], ...] = (
    (GfnToMemslot(17), FoundSlot(PLAIN)),
    (GfnToMemslot(15), FoundSlot(None)),
    (GfnToHva(17), FoundHva(0x10_1000)),
    (GfnToHva(33), FoundHva(None)),
    (IsVisibleGfn(17), Visible(visible=True)),
    (MemslotId(33), FoundId(2)),
    (MemslotId(15), FoundId(None)),
    (TssBase(), Number(U64 - 0x3000)),
    (MmuPages(), Number(64)),
)


@pytest.mark.parametrize(("operation", "reply"), ANSWERS)
def test_each_reader_answers_with_its_own_reply(
    operation: TableReader, reply: Reply
) -> None:
    assert answer(TABLE, operation, LINUX, LIMITS) == reply
