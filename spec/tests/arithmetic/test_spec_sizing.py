"""The page budget and the TSS base, against the kernel's own expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.arithmetic.sizing import (
    MIN_ALLOC_MMU_PAGES,
    page_budget_fiftieth,
    page_budget_permille,
    tss_base,
)

u64s = st.integers(0, U64 - 1)


@pytest.mark.parametrize(
    ("total_pages", "budget"),
    [(0, 64), (3249, 64), (3250, 65), (3299, 65), (3300, 66), (262144, 5242)],
)
def test_page_budget_at_the_edge(total_pages: int, budget: int) -> None:
    assert page_budget_permille(total_pages) == budget
    assert page_budget_fiftieth(total_pages) == budget


@given(u64s)
def test_page_budgets_agree(total_pages: int) -> None:
    assert page_budget_permille(total_pages) == page_budget_fiftieth(total_pages)


@given(u64s, u64s)
def test_page_budget_never_falls_as_memory_grows(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert page_budget_permille(low) >= MIN_ALLOC_MMU_PAGES
    assert page_budget_permille(low) <= page_budget_permille(high)


@given(st.integers(0, 40_000))
def test_page_budget_counts_whole_groups_of_fifty(total_pages: int) -> None:
    groups = len(range(50, total_pages + 1, 50))
    assert page_budget_fiftieth(total_pages) == max(64, groups)


@pytest.mark.parametrize(
    ("base", "npages", "address"),
    [
        (0, 3, 0),
        (0, 4, 0x1000),
        (0x100, 0x200, 0x2FD000),
        (0, 0, U64 - 0x3000),
        (0, 2, U64 - 0x1000),
    ],
)
def test_tss_base_is_three_pages_before_the_end(
    base: int, npages: int, address: int
) -> None:
    assert tss_base(base, npages) == address


@given(u64s, u64s)
def test_tss_base_as_the_kernels_unsigned_shift(base: int, npages: int) -> None:
    frame = (base + npages - 3) & (U64 - 1)
    assert tss_base(base, npages) == (frame << PAGE_SHIFT) & (U64 - 1)
