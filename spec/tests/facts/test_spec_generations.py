"""Generations on histories written by hand: each clause kept, and broken."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from memslot_spec.clauses import CLAUSES
from memslot_spec.facts.generations import Generation, Generations
from memslot_spec.history.events import Call, Event, Point, Return
from memslot_spec.history.header import (
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points.caches import (
    CachesUpdated,
    GenerationSet,
    MmioCached,
    MmioHit,
    MmioPlace,
)
from memslot_spec.history.points.srcu import GracePeriodBegun, GracePeriodEnded
from memslot_spec.history.points.tables import TableLoaded, TablePublished, UpdateLocked
from memslot_spec.judging.judge import judge
from memslot_spec.judging.judgement import Judgement
from memslot_spec.model.operations import GuestAccess, Operation, SetRegion
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Done, Mmio
from memslot_spec.model.values import Gfn, Hva, MemoryRegion, Slot, SlotTable, table_of

HEADER = Header(
    target="by hand",
    profile=LINUX.name,
    limits=Limits(user_slots=32, address_spaces=2),
    capabilities=Capabilities(
        operations=tuple(kind.__name__ for kind in get_args(Operation)),
        interleaving=Interleaving.POINTS,
        announces=tuple(kind.__name__ for kind in get_args(Point)),
    ),
    domain=Domain(),
)

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
B = Slot(1, Gfn(32), 4, Hva(0x20_0000))
ONE, TWO = table_of(A), table_of(A, B)
PUT_A = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000))
PUT_A_ELSEWHERE = SetRegion(MemoryRegion(1 << 16, 16 << 12, 4 << 12, 0x10_0000))
PUT_B = SetRegion(MemoryRegion(1, 32 << 12, 4 << 12, 0x20_0000))
READ_33 = GuestAccess(33)
GRACE = (GracePeriodBegun(1), GracePeriodEnded(1))

OURS = tuple(c for c in CLAUSES if c.id.startswith(("GEN", "CACHE")))


def judged(*events: Event) -> Judgement:
    return judge(History(HEADER, events), OURS)


def found(*events: Event) -> set[str]:
    return {finding.clause for finding in judged(*events).findings}


def swapped(
    table: int, slots: SlotTable, *, before: int, after: int, as_id: int = 0
) -> tuple[Event, ...]:
    """A publication as it ought to be, with these numbers."""
    return (
        GenerationSet(1, table, as_id, before, in_progress=True),
        TablePublished(1, table, slots, as_id),
        *GRACE,
        CachesUpdated(1, after, dropped=False),
        GenerationSet(1, table, as_id, after, in_progress=False),
    )


def updated(operation: SetRegion, *events: Event) -> tuple[Event, ...]:
    return Call(1, operation), UpdateLocked(1), *events, Return(1, Done())


FIRST = updated(PUT_A, *swapped(1, ONE, before=0, after=2))


def noted(place: MmioPlace, stored: int, table: int, gfn: int = 33) -> MmioCached:
    return MmioCached(1, place, gfn, 0, stored, table)


def test_an_update_as_it_ought_to_be_breaks_nothing() -> None:
    judgement = judged(*FIRST, *updated(PUT_B, *swapped(0, TWO, before=2, after=4)))
    assert not judgement.findings
    assert {judgement.reached[f"GEN-{n}"] for n in (1, 2, 3, 4)} == {2}


@pytest.mark.parametrize("number", [2, 1])
def test_a_number_that_a_table_had_is_not_given_again(number: int) -> None:
    there = updated(PUT_A_ELSEWHERE, *swapped(3, ONE, before=-1, after=1, as_id=1))
    again = updated(PUT_B, *swapped(0, TWO, before=2, after=number))
    assert found(*FIRST, *there, *again) == {"GEN-1"}


def test_a_table_is_marked_before_it_is_published() -> None:
    bare = (GenerationSet(1, 1, 0, 0, in_progress=False), TablePublished(1, 1, ONE))
    assert found(*updated(PUT_A, *bare)) == {"GEN-2"}
    assert found(*updated(PUT_A, TablePublished(1, 1, ONE))) == {"GEN-2"}


def test_the_mark_stays_for_a_grace_period_after_the_publication() -> None:
    marked, published, begun, ended, ready, settled = swapped(1, ONE, before=0, after=2)
    early = (marked, begun, published, ended, ready, settled)
    assert found(*updated(PUT_A, *early)) == {"GEN-3"}
    never = (marked, begun, ended, published, ready, settled)
    assert found(*updated(PUT_A, *never)) == {"GEN-3"}


def test_caches_are_ready_for_the_number_itself() -> None:
    marked, published, begun, ended, _, settled = swapped(1, ONE, before=0, after=2)
    other = CachesUpdated(1, 4, dropped=True)
    assert found(*updated(PUT_A, marked, published, begun, ended, other, settled)) == {
        "GEN-4"
    }
    # What was made ready for an earlier table does not count for this one.
    ready = CachesUpdated(1, 2, dropped=False)
    assert found(*updated(PUT_A, ready, marked, published, begun, ended, settled)) == {
        "GEN-4"
    }


def test_a_table_that_is_swapped_back_gets_a_new_number() -> None:
    going = table_of(A.as_invalid())
    window = swapped(0, going, before=2, after=4)
    delete = SetRegion(MemoryRegion(0, 0, 0, 0))
    right = updated(delete, *window, *swapped(1, ONE, before=4, after=6))
    judgement = judged(*FIRST, *right)
    assert not judgement.findings
    assert judgement.reached["GEN-5"] == 1
    wrong = updated(delete, *window, *swapped(1, ONE, before=4, after=2))
    assert found(*FIRST, *wrong) == {"GEN-5"}


def hit(place: MmioPlace, table: int, gfn: int = 33) -> tuple[Event, ...]:
    return (
        Call(2, GuestAccess(gfn)),
        TableLoaded(2, table),
        MmioHit(2, place, gfn, 0, table),
        Return(2, Mmio()),
    )


ACCESS = (Call(1, READ_33), TableLoaded(1, 1))
ANSWER = Return(1, Mmio())


def test_a_note_hits_under_its_own_number() -> None:
    note = noted(MmioPlace.SPTE, 2, 1)
    judgement = judged(*FIRST, *ACCESS, note, ANSWER, *hit(MmioPlace.SPTE, 1))
    assert not judgement.findings
    assert judgement.reached["GEN-6"] == judgement.reached["CACHE-2"] == 1


def test_a_note_does_not_hit_under_equal_bits_of_another_number() -> None:
    note = noted(MmioPlace.SPTE, 2, 1)
    far = Slot(1, Gfn(64), 4, Hva(0x20_0000))
    put = SetRegion(MemoryRegion(1, 64 << 12, 4 << 12, 0x20_0000))
    wrapped = updated(put, *swapped(0, table_of(A, far), before=2, after=10))
    stale = hit(MmioPlace.SPTE, 0)
    assert found(*FIRST, *ACCESS, note, ANSWER, *wrapped, *stale) == {"GEN-6"}
    note = noted(MmioPlace.VCPU, 2, 1)
    stale = hit(MmioPlace.VCPU, 0)
    assert found(*FIRST, *ACCESS, note, ANSWER, *wrapped, *stale) == {"CACHE-4"}


def test_a_note_of_the_table_a_vm_is_born_with_goes_with_it() -> None:
    born = (Call(1, READ_33), TableLoaded(1, 0), noted(MmioPlace.SPTE, 0, 0), ANSWER)
    assert not found(*born, *hit(MmioPlace.SPTE, 0))
    assert found(*born, *FIRST, *hit(MmioPlace.SPTE, 1)) == {"GEN-6"}


def open_update(*inside: Event) -> tuple[Event, ...]:
    """The second update, with something that happens while it is open."""
    events = updated(PUT_B, *swapped(0, TWO, before=2, after=4))
    return (*events[:4], *inside, *events[4:])


def test_a_note_made_during_an_update_never_hits() -> None:
    note = MmioCached(2, MmioPlace.SPTE, 40, 0, 2, 0)
    inside = (Call(2, GuestAccess(40)), TableLoaded(2, 0), note, Return(2, Mmio()))
    later = hit(MmioPlace.SPTE, 0, gfn=40)
    assert found(*FIRST, *open_update(*inside), *later) == {"GEN-7"}
    again = (Call(1, GuestAccess(40)), TableLoaded(1, 0))
    at_rest = MmioCached(1, MmioPlace.SPTE, 40, 0, 4, 0)
    judgement = judged(*FIRST, *open_update(*inside), *again, at_rest, ANSWER, *later)
    assert not judgement.findings
    assert judgement.reached["GEN-7"] == 1


def test_a_vcpu_takes_no_note_during_an_update() -> None:
    note = MmioCached(2, MmioPlace.VCPU, 40, 0, 2, 0)
    inside = (Call(2, GuestAccess(40)), TableLoaded(2, 0), note, Return(2, Mmio()))
    assert found(*FIRST, *open_update(*inside)) == {"CACHE-5"}


def test_a_note_of_the_old_table_has_the_old_number() -> None:
    early = (Call(2, GuestAccess(40)), TableLoaded(2, 1))
    right = MmioCached(2, MmioPlace.SPTE, 40, 0, 2, 1)
    wrong = MmioCached(2, MmioPlace.SPTE, 40, 0, 4, 1)
    answer = Return(2, Mmio())
    assert not found(*FIRST, *early, *open_update(right, answer))
    assert found(*FIRST, *early, *open_update(wrong, answer)) == {"CACHE-3"}


def test_a_hit_says_what_the_table_says() -> None:
    note = noted(MmioPlace.SPTE, 2, 1)
    marked = (*updated(PUT_B, *swapped(0, TWO, before=2, after=4))[:4],)
    during = (*hit(MmioPlace.SPTE, 0),)
    assert found(*FIRST, *ACCESS, note, ANSWER, *marked, *during) == {"CACHE-2"}


def bits(*stored: int) -> Generations:
    """Facts after notes of these bits."""
    known = Generations()
    for value in stored:
        known.remember(noted(MmioPlace.SPTE, value, 1))
    return known


@pytest.mark.parametrize(
    ("seen", "stored", "number", "fits"),
    [
        ((), 5, 5, True),
        ((), 5, 13, True),
        ((), 4, 13, False),
        ((), 0, 8, True),
        ((7,), 0, 4, False),
        ((7,), 0, 8, True),
        ((7,), 1, 9, True),
        ((7, 9), 1, 9, False),
        ((), 12, 4, False),
    ],
)
def test_the_bits_of_a_number_are_its_lowest(
    seen: tuple[int, ...], *, stored: int, number: int, fits: bool
) -> None:
    note = noted(MmioPlace.SPTE, stored, 1)
    assert bits(*seen).has_bits_of(note, number) is fits


@pytest.mark.parametrize(
    ("stored", "number", "width", "fits"),
    [(5, 13, 3, True), (1, 13, 3, False), (1, 13, 2, True), (13, 13, 64, True)],
)
def test_an_entry_of_known_room_has_just_these_bits(
    *, stored: int, number: int, width: int, fits: bool
) -> None:
    note = replace(noted(MmioPlace.SPTE, stored, 1), bits=width)
    assert bits(7, 9).has_bits_of(note, number) is fits
    assert Generations().has_bits_of(note, number) is fits


def test_what_was_never_announced_has_a_number_of_its_own() -> None:
    known = Generations()
    assert known.of(0, 0) == known.of(1, 0) != known.of(2, 1)
    known.set(GenerationSet(1, 0, 0, 6, in_progress=True))
    assert known.of(0, 0) == Generation(6, in_progress=True)
    assert known.used == set()
