"""Ranges, flushes and arrays of the reference, and what a mutant hides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

import pytest

from memslot_conformance.scenarios.scenario import Scenario
from memslot_reference.kvm import Kvm
from memslot_reference.museum import mutant_named
from memslot_reference.reference import MAX_GFN, reference, reference_linux
from memslot_reference.vm import Vm
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.host import (
    InvalidationBegun,
    InvalidationEnded,
    MetadataAllocated,
    MetadataFreed,
    TlbFlushed,
)
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked, SpteRemoved
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import LINUX, V2_6_34
from memslot_spec.model.replies import FoundHostPage, Refused
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    Errno,
    Failure,
    Gfn,
    Hva,
    HvaError,
    MemoryRegion,
)
from museum_cases import Case, applicable_to, delete, plays, put

HOST = 0x600000


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

    def of(self, *kinds: type[Point]) -> list[type[Point]]:
        """The kinds announced so far that are among these, in order."""
        return [type(event) for event in self.events if isinstance(event, kinds)]


def region(gfn: int, flags: int = 0, npages: int = 4) -> MemoryRegion:
    return MemoryRegion(0, gfn << 12, npages << 12, HOST, flags)


def kvm_with_pages(*gfns: int) -> tuple[Kvm, Recorder]:
    """Two slots at one host address, at gfn 16 and 32, with these frames mapped."""
    hook = Recorder()
    kvm = reference(hook, V2_6_34)
    kvm.set_region(region(16))
    kvm.set_region(MemoryRegion(1, 32 << 12, 4 << 12, HOST))
    for gfn in gfns:
        kvm.access(Gfn(gfn), write=True, direct=True, root=0)
    hook.events.clear()
    return kvm, hook


def mapped(kvm: Vm) -> list[int]:
    return sorted(spte.gfn for spte in kvm.observe().sptes or ())


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [
        (HOST, HOST + 1, [17, 18, 19, 33]),
        (HOST - 1, HOST, [16, 17, 18, 19, 32, 33]),
        (HOST + PAGE_SIZE - 1, HOST + PAGE_SIZE + 1, [18, 19]),
        (HOST + 3 * PAGE_SIZE, HOST + 9 * PAGE_SIZE, [16, 17, 18, 32, 33]),
        (HOST + 4 * PAGE_SIZE, HOST + 9 * PAGE_SIZE, [16, 17, 18, 19, 32, 33]),
        (0, 1 << 47, []),
    ],
)
def test_a_range_takes_the_pages_that_it_touches(
    start: int, end: int, left: list[int]
) -> None:
    kvm, hook = kvm_with_pages(16, 17, 18, 19, 32, 33)

    kvm.invalidate_range(Hva(start), Hva(end))

    assert mapped(kvm) == left
    assert hook.of(InvalidationBegun, InvalidationEnded, MmuLocked, MmuUnlocked) == [
        *[MmuLocked, InvalidationBegun, MmuUnlocked],
        *[MmuLocked, InvalidationEnded, MmuUnlocked],
    ]
    assert kvm.active_invalidations == 0
    assert kvm.no_range_is_open()


@pytest.mark.parametrize("end", [HOST, HOST - PAGE_SIZE])
def test_an_empty_range_does_nothing(end: int) -> None:
    kvm, hook = kvm_with_pages(16)

    kvm.invalidate_range(Hva(HOST), Hva(end))

    assert hook.events == []


def test_a_range_flushes_what_it_took_under_the_lock() -> None:
    kvm, hook = kvm_with_pages(16)

    kvm.invalidate_range(Hva(HOST), Hva(HOST + 1))

    kinds = hook.of(SpteRemoved, TlbFlushed, MmuUnlocked)
    assert kinds[:3] == [SpteRemoved, TlbFlushed, MmuUnlocked]
    hook.events.clear()
    kvm.invalidate_range(Hva(HOST), Hva(HOST + 1))
    assert hook.of(TlbFlushed) == []


def test_a_mapping_that_permits_more_is_not_flushed() -> None:
    kvm, hook = kvm_with_pages()
    kvm.set_region(region(16, LOG_DIRTY_PAGES))
    for gfn, write in ((16, False), (16, True)):
        hook.events.clear()
        kvm.access(Gfn(gfn), write=write, direct=False, root=0)
        assert hook.of(TlbFlushed) == []
    kvm.set_region(MemoryRegion(2, (512 + 16) << 12, 4 << 12, 0))
    kvm.access(Gfn(512 + 16), write=True, direct=False, root=0)
    assert hook.of(SpteRemoved, TlbFlushed)[-2:] == [SpteRemoved, TlbFlushed]


def test_a_move_gets_other_arrays_and_a_change_of_flags_does_not() -> None:
    kvm, hook = kvm_with_pages()
    first = kvm.memslots.slots[0].metadata

    kvm.set_region(region(16, LOG_DIRTY_PAGES))
    assert kvm.memslots.slots[0].metadata == first
    assert hook.of(MetadataAllocated, MetadataFreed) == []
    kvm.set_region(region(18, LOG_DIRTY_PAGES))
    assert kvm.memslots.slots[0].metadata != first
    assert hook.of(MetadataAllocated, MetadataFreed) == [
        MetadataAllocated,
        MetadataFreed,
    ]


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("gfn", [16, 18, 64])
def test_a_failure_frees_what_was_made_and_nothing_else(
    failure: Failure, gfn: int
) -> None:
    kvm, hook = kvm_with_pages()
    before = kvm.memslots.slots[0].metadata

    reply = kvm.set_region(region(gfn, LOG_DIRTY_PAGES), failure=failure)

    assert reply == Refused(Errno.ENOMEM)
    made = {e.metadata for e in hook.events if isinstance(e, MetadataAllocated)}
    freed = {e.metadata for e in hook.events if isinstance(e, MetadataFreed)}
    assert made == freed
    assert len(made) == (gfn != 16)
    assert kvm.memslots.slots[0].metadata == before


def test_a_readonly_slot_is_translated_for_reading() -> None:
    kvm = reference_linux(Silent(), LINUX)
    kvm.set_region(region(16, BIT_1))

    page = FoundHostPage(HOST + PAGE_SIZE, writable=False)
    assert kvm.gfn_to_hva_prot(Gfn(17), write=False) == page
    forbidden = FoundHostPage(None, error=HvaError.RO_BAD)
    assert kvm.gfn_to_hva_prot(Gfn(17), write=True) == forbidden
    nothing = FoundHostPage(None, error=HvaError.BAD)
    assert kvm.gfn_to_hva_prot(Gfn(20), write=True) == nothing


def test_sptes_beyond_the_limit_survive_the_zap_of_k58() -> None:
    """The request is found first; here only what comes of it is asked about."""
    make, beyond = mutant_named("K58").make, MAX_GFN + 1
    operations = (put(0, beyond, 4, 0x1000), GuestAccess(beyond), delete(0))
    case = Case("DEL-9", "K58", Scenario(operations))
    whole = applicable_to(make, LINUX, is_blind=False)
    held = ApplicableClauses(whole.header, (clause_by_id("DEL-9"),))
    (played,) = plays(make, LINUX, case)
    assert [f.clause for f in judge_events(held, played.events).findings] == ["DEL-9"]
