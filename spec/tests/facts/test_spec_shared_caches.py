"""What two calls at once leave in a cache or a hint is left open, never guessed."""

from __future__ import annotations

import pytest

from cached_ranges import AT_17, EDGE, EINVAL, A, init
from memslot_spec.arithmetic.ranges import U64
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import Capabilities, Header, History, Interleaving
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    InitHvaCache,
    SetRegion,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Done, FoundSlot, Translated
from memslot_spec.model.values import MemoryRegion

HEADER = Header(
    target="by hand",
    profile=LINUX.name,
    limits=Limits(user_slots=32),
    capabilities=Capabilities(
        operations=("SetRegion", "InitHvaCache", "UseHvaCache", "VcpuGfnToMemslot"),
        interleaving=Interleaving.THREADS,
    ),
)
PUT_A = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000))
PUT_B = SetRegion(MemoryRegion(1, 20 << 12, 4 << 12, 0x20_0000))
DELETE_A = SetRegion(MemoryRegion(0, 0, 0, 0))
MADE = (Call(0, PUT_A), Return(0, Done()), Call(0, PUT_B), Return(0, Done()))
USE = UseHvaCache(0, 8, 8)
WRONG = Translated((0x66_6000,))
WRAPS = InitHvaCache(0, U64 - 8, 16)


def found(*events: Event) -> set[str]:
    judgement = judge(History(HEADER, (*MADE, *events)), CLAUSES)
    return {finding.clause for finding in judgement.findings}


def test_two_initialisations_at_once_leave_the_range_open() -> None:
    both = (
        Call(1, init(AT_17)),
        Call(2, init(EDGE)),
        Return(1, Done()),
        Return(2, Done()),
    )
    assert not found(*both, Call(1, USE), Return(1, WRONG))
    anew = (Call(1, init(AT_17)), Return(1, Done()))
    assert found(*both, *anew, Call(1, USE), Return(1, WRONG)) >= {"CACHE-6"}


@pytest.mark.parametrize("uses_first", [True, False])
def test_a_use_beside_an_initialisation_is_left_open(*, uses_first: bool) -> None:
    ready = (Call(1, init(AT_17)), Return(1, Done()))
    calls = (Call(1, init(EDGE)), Call(2, USE))
    begun = calls[::-1] if uses_first else calls
    assert not found(*ready, *begun, Return(1, Done()), Return(2, WRONG))
    assert not found(*ready, *begun, Return(2, WRONG), Return(1, Done()))


def test_a_range_refused_beside_a_request_may_be_of_use() -> None:
    beside = (Call(0, DELETE_A), Call(1, WRAPS), Return(1, EINVAL), Return(0, Done()))
    use = (Call(1, USE), Return(1, Translated((0x10_1008,))))
    assert not found(*beside, *use)
    assert found(Call(1, WRAPS), Return(1, EINVAL), *use) == {"CACHE-12"}


def test_two_lookups_of_one_vcpu_leave_its_hint_open() -> None:
    in_a, in_b = VcpuGfnToMemslot(0, 17), VcpuGfnToMemslot(0, 21)
    both = (
        Call(1, in_a),
        Call(2, in_b),
        Return(1, FoundSlot(A)),
        Return(2, FoundSlot(None)),
    )
    assert "CACHE-16" not in found(*both)
    stale = (
        Call(0, DELETE_A),
        Return(0, Done()),
        Call(1, in_a),
        Return(1, FoundSlot(A)),
    )
    first = (Call(1, in_a), Return(1, FoundSlot(A)))
    assert "CACHE-18" in found(*first, *stale)
    assert "CACHE-18" not in found(*both[:3], Return(2, FoundSlot(A)), *stale)
