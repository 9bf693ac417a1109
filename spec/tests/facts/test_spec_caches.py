"""Cached host ranges and hints: the pure answers, and the clauses by hand."""

from __future__ import annotations

from typing import get_args

import pytest

from cached_ranges import AT_17, EDGE, EFAULT, EINVAL, ONE, OTHER, A, init
from memslot_spec.arithmetic.ranges import U64
from memslot_spec.clauses import CLAUSES
from memslot_spec.facts.caches import Cached
from memslot_spec.facts.calls import CallFacts
from memslot_spec.history.events import Call, Event, Point, Return
from memslot_spec.history.header import (
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points.tables import TableLoaded, TablePublished
from memslot_spec.judging.blind import blind
from memslot_spec.judging.judge import judge
from memslot_spec.judging.judgement import Judgement
from memslot_spec.model.hva_caches import HvaRange
from memslot_spec.model.operations import (
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    Operation,
    SetRegion,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Done, FoundSlot, Mmio, Refused, Reply, Translated
from memslot_spec.model.values import MemoryRegion, Slot, table_of

SIGHTED = Header(
    target="by hand",
    profile=LINUX.name,
    limits=Limits(user_slots=32),
    capabilities=Capabilities(
        operations=tuple(kind.__name__ for kind in get_args(Operation)),
        interleaving=Interleaving.POINTS,
        announces=tuple(kind.__name__ for kind in get_args(Point)),
    ),
    domain=Domain(),
)
BLIND = blind(SIGHTED)
PUT_A = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000))
PUT_B = SetRegion(MemoryRegion(1, 20 << 12, 4 << 12, 0x20_0000))
PUT_OTHER = SetRegion(MemoryRegion(2, 16 << 12, 4 << 12, 0x30_0000))
DELETE_A = SetRegion(MemoryRegion(0, 0, 0, 0))
OURS = tuple(c for c in CLAUSES if c.id.startswith(("CACHE", "LOOK-1")))


def answered(known: Cached, asked: InitHvaCache, reply: Reply, requests: int) -> None:
    call = CallFacts(asked, 0, 0, 0, 0, [], {})
    known.called(call, ())
    known.returned(call, reply, requests, at_rest=True)


def test_a_cache_that_could_not_be_resolved_may_keep_its_range() -> None:
    known = Cached()
    answered(known, init(AT_17), Done(), 1)
    assert known.ranges == {0: AT_17}
    answered(known, init(EDGE), EFAULT, 1)
    assert known.ranges == {}
    assert known.wrapped == {}
    answered(known, InitHvaCache(0, U64 - 8, 16), EINVAL, 3)
    assert known.wrapped == {0: 3}
    answered(known, init(AT_17), Done(), 3)
    assert known.wrapped == {}


def asked(operation: Operation, reply: Reply) -> tuple[Event, Event]:
    return Call(0, operation), Return(0, reply)


def judged(*events: Event, header: Header = BLIND) -> Judgement:
    return judge(History(header, events), OURS)


def found(*events: Event, header: Header = BLIND) -> set[str]:
    return {finding.clause for finding in judged(*events, header=header).findings}


def made(*tables: SetRegion) -> tuple[Event, ...]:
    return tuple(e for put in tables for e in asked(put, Done()))


READY = (*made(PUT_A), *asked(init(AT_17), Done()))
USE = UseHvaCache(0, 8, 8)


@pytest.mark.parametrize(
    ("use", "reply", "clause"),
    [
        (USE, Translated((0x10_1008,)), None),
        (USE, Translated((0x10_1000,)), "CACHE-6"),
        (USE, EINVAL, "CACHE-14"),
        (UseHvaCache(0, 16, 8), EINVAL, None),
        (UseHvaCache(0, 16, 8), EFAULT, "CACHE-15"),
    ],
)
def test_uses_of_one_page(use: UseHvaCache, reply: Reply, clause: str | None) -> None:
    assert found(*READY, *asked(use, reply)) == ({clause} - {None})


def test_an_address_does_not_outlive_its_table() -> None:
    changed = (*READY, *made(DELETE_A, PUT_OTHER))
    assert not found(*changed, *asked(USE, Translated((0x30_1008,))))
    assert found(*changed, *asked(USE, Translated((0x10_1008,)))) == {"CACHE-7"}


def test_a_hole_is_seen_wherever_it_is() -> None:
    both = (*made(PUT_A, PUT_B), *asked(init(EDGE), Done()))
    use = UseHvaCache(0, 0, 8)
    assert not found(*both, *asked(use, Translated((0x10_3FF8,))))
    gone = (*both, *made(SetRegion(MemoryRegion(1, 0, 0, 0))))
    assert not found(*gone, *asked(use, EFAULT))
    assert found(*gone, *asked(use, Translated((0x10_3FF8,)))) == {"CACHE-13"}


def test_each_page_comes_from_its_own_slot() -> None:
    both = (*made(PUT_A, PUT_B), *asked(init(EDGE), Done()))
    use = UseHvaCache(0, 0, 16)
    right, wrong = (
        Translated((0x10_3FF8, 0x20_0000)),
        Translated((0x10_3FF8, 0x10_4000)),
    )
    assert not found(*both, *asked(use, right))
    assert found(*both, *asked(use, wrong)) == {"CACHE-8"}


@pytest.mark.parametrize(
    ("cached", "reply", "clause"),
    [
        (HvaRange(U64 - 8, 16), EINVAL, None),
        (HvaRange(U64 - 8, 16), Refused(None), None),
        (HvaRange(U64 - 8, 16), Done(), "CACHE-9"),
        (EDGE, EFAULT, None),
        (EDGE, Done(), "CACHE-10"),
        (AT_17, EFAULT, "CACHE-11"),
    ],
)
def test_ranges_are_resolved_or_not(
    cached: HvaRange, reply: Reply, clause: str | None
) -> None:
    assert found(*made(PUT_A), *asked(init(cached), reply)) == ({clause} - {None})


def test_a_range_that_wraps_is_of_no_use_until_the_slots_change() -> None:
    wraps = (*READY, *asked(InitHvaCache(0, U64 - 8, 16), EINVAL))
    assert not found(*wraps, *asked(USE, EFAULT))
    assert found(*wraps, *asked(USE, Translated((0x10_1008,)))) == {"CACHE-12"}
    later = judged(*wraps, *made(PUT_B), *asked(USE, Translated((0x10_1008,))))
    assert not later.findings
    assert later.reached["CACHE-12"] == 0


FIND_17 = VcpuGfnToMemslot(1, 17)
GOING = table_of(A.as_invalid())


def test_a_hint_is_as_good_as_a_scan() -> None:
    hinted = (*made(PUT_A), *asked(FIND_17, FoundSlot(A)))
    assert found(*hinted, *asked(FIND_17, FoundSlot(None))) == {"CACHE-16"}
    miss = VcpuGfnToMemslot(1, 40)
    assert found(*hinted, *asked(miss, FoundSlot(A))) == {"CACHE-17", "LOOK-11"}
    changed = (*hinted, *made(DELETE_A, PUT_OTHER))
    assert not found(*changed, *asked(FIND_17, FoundSlot(OTHER)))
    assert found(*changed, *asked(FIND_17, FoundSlot(A))) == {"CACHE-18"}
    judgement = judged(*changed, *asked(FIND_17, FoundSlot(OTHER)))
    assert judgement.reached["CACHE-18"] == 1


@pytest.mark.parametrize(
    ("gfn", "slot", "clauses"),
    [
        (16, A, set[str]()),
        (16, None, {"LOOK-1", "LOOK-10"}),
        (19, None, {"LOOK-1", "LOOK-10"}),
        (17, None, {"LOOK-1"}),
        (3, A, {"LOOK-11"}),
        (15, A, {"LOOK-11"}),
        (20, A, {"LOOK-11"}),
        (99, A, {"LOOK-11"}),
    ],
)
def test_searches_at_the_edges(
    gfn: int, *, slot: Slot | None, clauses: set[str]
) -> None:
    events = (*made(PUT_A), *asked(GfnToMemslot(gfn), FoundSlot(slot)))
    assert found(*events) == clauses


def test_a_search_of_nothing_finds_nothing() -> None:
    assert found(*asked(GfnToMemslot(17), FoundSlot(A))) == {"LOOK-12"}
    assert not found(*asked(GfnToMemslot(17), FoundSlot(None)))


def test_what_was_mmio_is_memory_once_a_slot_is_there() -> None:
    read = GuestAccess(17)
    noted = (*asked(read, Mmio()), *made(PUT_A))
    assert found(*noted, *asked(read, Mmio())) == {"CACHE-1"}
    assert not found(*made(PUT_A), *asked(read, Mmio()))
    readonly = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000, 2))
    write = GuestAccess(17, write=True)
    assert not found(*asked(write, Mmio()), *made(readonly), *asked(write, Mmio()))


BESIDE = (*READY, Call(1, DELETE_A), Call(0, USE))


def test_a_use_beside_an_update_may_meet_either_table() -> None:
    assert not found(*BESIDE, Return(0, Translated((0x10_1008,))))
    assert not found(*BESIDE, Return(0, EFAULT))
    assert found(*BESIDE, Return(0, Translated((0x10_1000,)))) == {"CACHE-6"}


def test_a_use_that_saw_the_new_table_is_not_followed_by_one_of_the_old() -> None:
    later = (*BESIDE, Return(0, EFAULT), Call(0, USE))
    assert found(*later, Return(0, Translated((0x10_1008,)))) == {
        "CACHE-7",
        "CACHE-13",
    }


def test_a_use_is_held_to_the_tables_that_it_loaded() -> None:
    born = (Call(0, PUT_A), TablePublished(0, 1, ONE), Return(0, Done()))
    ready = (Call(0, init(AT_17)), TableLoaded(0, 1), Return(0, Done()))
    going = (Call(1, DELETE_A), TablePublished(1, 2, GOING))
    use = (Call(0, USE), TableLoaded(0, 2))
    history = (*born, *ready, *going, *use)
    assert not found(*history, Return(0, EFAULT), header=SIGHTED)
    stale = Return(0, Translated((0x10_1008,)))
    assert found(*history, stale, header=SIGHTED) >= {"CACHE-13"}
