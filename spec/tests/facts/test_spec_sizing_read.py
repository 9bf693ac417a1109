"""The page budget and the TSS base: what is known of them when they are read."""

from __future__ import annotations

import pytest

from host_histories import called, created, holds, is_left_alone, published
from memslot_spec.arithmetic.sizing import tss_base
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.operations import MmuPages, SetRegion, TssBase
from memslot_spec.model.profile import LINUX, V2_6_34
from memslot_spec.model.replies import Done, Number
from memslot_spec.model.values import EMPTY, Gfn, Hva, MemoryRegion, Slot, table_of

MANY = Slot(0, Gfn(0), 300_000_000, Hva(0))
LOADS = TableLoaded(1, 1)


def of_many(answer: int) -> bool:
    asked = called(1, MmuPages(), Number(answer), LOADS)
    return holds("SIZE-2", published(table_of(MANY)), *asked, profile=V2_6_34)


def test_a_budget_that_lost_bits_is_told_from_one_that_is_wrong() -> None:
    assert of_many(6_000_000)
    assert not of_many(300_000_000 * 20 % (1 << 32) // 1000)
    assert of_many(7)
    begun = published(table_of(MANY))
    wrong = called(1, MmuPages(), Number(7), LOADS)
    assert not holds("SIZE-1", begun, *wrong, profile=V2_6_34)


def test_before_there_was_a_slot_the_budget_may_be_0_today() -> None:
    asked = called(1, MmuPages(), Number(0))
    assert is_left_alone("SIZE-3", *asked, profile=LINUX)
    assert not holds("SIZE-3", *created(), *asked, profile=LINUX)
    more = called(1, MmuPages(), Number(65))
    assert holds("SIZE-3", *created(), *more, profile=LINUX)


@pytest.mark.parametrize(("base", "right"), [(0, True), (9, True), (8, False)])
def test_a_deleted_slot_0_lies_where_its_delete_said(base: int, *, right: bool) -> None:
    delete = SetRegion(MemoryRegion(0, 9 << 12, 0, 0))
    gone = called(0, delete, Done(), published(EMPTY))
    asked = called(1, TssBase(), Number(tss_base(base, 0)), LOADS)
    assert holds("TSS-1", *gone, *asked, profile=V2_6_34) is right


@pytest.mark.parametrize(("first", "second"), [("base_gfn", "npages"), ("a", "b")])
def test_reads_of_two_tables_are_told_by_any_name(first: str, second: str) -> None:
    begun = published(table_of(Slot(0, Gfn(16), 4, Hva(0))))
    both = (LOADS, TableRead(1, 0, first), TableRead(1, 1, second))
    torn = called(1, TssBase(), Number(0), *both)
    assert not holds("TSS-2", begun, *torn, profile=V2_6_34)
    whole = (LOADS, TableRead(1, 1, first), TableRead(1, 1, second))
    right = called(1, TssBase(), Number(tss_base(16, 4)), *whole)
    assert holds("TSS-2", begun, *right, profile=V2_6_34)
