"""What is certain of an ageing: which sptes have their A bit set, if anybody knows.

Thread 1 has made an spte for frame 17; thread 2 ages its page.
"""

from __future__ import annotations

import pytest

from host_histories import (
    HOST,
    MAPPED,
    PAGE_17,
    READ_17,
    UNMAP_17,
    called,
    created,
    gone,
    header,
    is_left_alone,
    locked,
    mapped,
)
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import History
from memslot_spec.history.points.host import TlbFlushed
from memslot_spec.history.points.mmu import (
    RmapIndexed,
    RmapUse,
    RootsInvalidated,
    SpteUpdated,
)
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import AgeHva, GuestAccess
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Accessed, Done, Mmio, Touched

AGE = AgeHva(PAGE_17 + 8)
WALK = RmapIndexed(2, RmapUse.HVA_WALK, 0, 16, 1, 17, 1)
FLUSHED = (WALK, TlbFlushed(2))
READ = called(1, READ_17, Accessed(PAGE_17))


def aged(*inside: Event, young: bool, thread: int = 2) -> tuple[Event, ...]:
    return called(thread, AGE, Touched(young), *inside)


OLD, YOUNG = aged(young=False), aged(young=True)
CLEARED = aged(*FLUSHED, young=True)
"""The bit is clear, and no TLB has the translation."""


def asked(clause: str, *events: Event) -> int:
    """How often the clause is asked. Errors: it accuses."""
    judgement = judge(History(header(LINUX), events), (clause_by_id(clause),))
    assert judgement.contradiction is None
    assert not judgement.findings
    return judgement.reached[clause]


def keeps(clause: str, before: tuple[Event, ...], last: tuple[Event, ...]) -> bool:
    """The last ageing keeps the clause."""
    judgement = judge(History(header(LINUX), before + last), (clause_by_id(clause),))
    return not judgement.findings


def must_be_young(*before: Event) -> bool:
    """No other answer keeps HVA-14, and HVA-15 is not asked."""
    assert asked("HVA-15", *before, *YOUNG) == asked("HVA-15", *before)
    return keeps("HVA-14", before, YOUNG) and not keeps("HVA-14", before, OLD)


def must_be_old(*before: Event) -> bool:
    """No other answer keeps HVA-15, and HVA-14 is not asked."""
    assert asked("HVA-14", *before, *OLD) == asked("HVA-14", *before)
    return keeps("HVA-15", before, OLD) and not keeps("HVA-15", before, YOUNG)


def is_open(*before: Event) -> bool:
    """Either answer will do: the last ageing is not asked about."""
    return all(
        asked(clause, *before, *last) == asked(clause, *before)
        for clause in ("HVA-14", "HVA-15")
        for last in (OLD, YOUNG)
    )


def test_what_a_fault_has_mapped_is_young() -> None:
    assert must_be_young(*MAPPED)
    assert must_be_young(*MAPPED, *READ)


def test_a_fault_that_is_under_way_may_have_mapped_ahead() -> None:
    begun = Call(1, READ_17), *locked(1, mapped())
    assert is_open(*created(), *begun)
    assert is_open(*created(), *begun, *YOUNG, Return(1, Accessed(PAGE_17)))
    assert must_be_young(*created(), *begun, Return(1, Accessed(PAGE_17)))


def test_an_spte_that_no_vcpu_can_use_proves_nothing() -> None:
    assert is_open(*MAPPED, RootsInvalidated(3))


def test_what_nothing_maps_is_old() -> None:
    assert must_be_old(*created())
    assert must_be_old(*MAPPED, *called(3, UNMAP_17, Done(), gone(3)))


def test_what_is_mapped_while_it_is_aged_may_be_either() -> None:
    beside = Call(1, READ_17), *locked(1, mapped())
    for young in (False, True):
        history = (*created(), *aged(*beside, young=young))
        assert is_left_alone("HVA-14", *history)
        assert is_left_alone("HVA-15", *history)


def test_what_was_aged_and_not_accessed_since_is_old() -> None:
    assert must_be_old(*MAPPED, *YOUNG)
    assert must_be_old(*MAPPED, *CLEARED, *OLD)


def test_an_access_marks_what_no_tlb_has() -> None:
    assert must_be_young(*MAPPED, *CLEARED, *READ)
    assert is_open(*MAPPED, *YOUNG, *READ)
    later = (*MAPPED, *YOUNG, TlbFlushed(3), *READ)
    assert must_be_young(*later)


def test_a_flush_before_the_walk_may_be_too_early() -> None:
    assert is_open(*MAPPED, *aged(TlbFlushed(2), WALK, young=True), *READ)


@pytest.mark.parametrize(
    "reply", [Accessed(PAGE_17), Mmio()], ids=["reached", "not reached"]
)
def test_an_access_counts_if_it_reached_the_page(reply: Accessed | Mmio) -> None:
    history = (*MAPPED, *CLEARED, *called(1, READ_17, reply))
    if isinstance(reply, Accessed):
        assert must_be_young(*history)
    else:
        assert is_open(*history)


def test_an_access_under_way_leaves_it_open() -> None:
    assert is_open(*MAPPED, *YOUNG, Call(1, READ_17))
    within = Call(2, AGE), *READ, *FLUSHED, Return(2, Touched(young=True))
    assert is_open(*MAPPED, *within)


def test_another_ageing_under_way_may_have_taken_the_mark() -> None:
    assert is_open(*MAPPED, Call(3, AGE))
    over = (*MAPPED, Call(3, AGE), *YOUNG, Return(3, Touched(young=True)))
    assert must_be_old(*over)


def test_an_spte_that_is_gone_or_changed_proves_nothing() -> None:
    assert is_left_alone("HVA-14", *MAPPED, *aged(gone(3), young=False))
    changed = SpteUpdated(3, 1, 17, writable=False, other_page=True)
    assert is_open(*MAPPED, changed)


def test_what_was_mapped_ahead_is_not_marked() -> None:
    ahead = (Call(1, GuestAccess(18)), *locked(1, mapped()), Return(1, Mmio()))
    assert is_open(*created(), *ahead)


def test_of_two_sptes_nobody_knows_which_an_access_used() -> None:
    second = locked(1, mapped(index=9))
    shadowed = called(1, READ_17, Accessed(PAGE_17), *second)
    both = (*MAPPED, *shadowed, *CLEARED)
    assert is_open(*both, *READ)


def test_another_page_is_another_matter() -> None:
    beside = called(2, AgeHva(HOST + 3 * PAGE_SIZE), Touched(young=False))
    assert must_be_young(*MAPPED, *beside)
