"""Sizing and the TSS: what two readers compute out of a whole table."""

from __future__ import annotations

from memslot_spec.arithmetic.sizing import (
    MIN_ALLOC_MMU_PAGES,
    page_budget_fiftieth,
    page_budget_permille,
)
from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.readers.snapshots import what_the_tables_answer
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.operations import TssBase
from memslot_spec.model.profile import ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.replies import Number
from memslot_spec.moments.replies import Answered
from memslot_spec.moments.sizing import BudgetRead

OVERFLOWS_AT = (1 << 32) // 20
"""Pages from which `npages * 20` no longer fits 32 bits."""


def budgets_in_32_bits(pages: int) -> tuple[Number, ...]:
    """What is left of a budget whose pages, or their product by 20, lose bits."""
    product = pages * 20 % (1 << 32)
    of_product = Number(max(MIN_ALLOC_MMU_PAGES, product // 1000))
    of_pages = Number(max(MIN_ALLOC_MMU_PAGES, pages % (1 << 32) // 50))
    right = Number(page_budget_permille(pages))
    return tuple(left for left in (of_product, of_pages) if left != right)


def does_not_overflow(facts: Facts, read: BudgetRead) -> bool:
    """The answer is not one that SIZE-2 is about."""
    return read.pages <= OVERFLOWS_AT or read.reply not in budgets_in_32_bits(
        read.pages
    )


def the_budget(facts: Facts, read: BudgetRead) -> str:
    at_least = "at least " if facts.profile.keeps_budget else ""
    return f"{at_least}{budget_of(facts, read.pages)}, of {read.pages} pages"


def budget_of(facts: Facts, pages: int) -> int:
    permille = facts.profile.budget_is_permille
    return (page_budget_permille if permille else page_budget_fiftieth)(pages)


@clause(
    id="SIZE-1",
    title="The page budget follows the published table",
    must="With no limit requested, the shadow page budget MUST be the larger of 64 "
    "and the published table's pages * 20 / 1000.",
    known=Known(
        read="patch, kvm_mmu_calculate_mmu_pages()",
        last_read="2026-11",
    ),
    rows=(61,),
    profiles=ONLY_2_6_34,
    on=BudgetRead,
    premise=does_not_overflow,
    expected=the_budget,
    operations=("MmuPages",),
)
def budget(facts: Facts, read: BudgetRead) -> bool:
    return read.reply == Number(budget_of(facts, read.pages))


def overflows(facts: Facts, read: BudgetRead) -> bool:
    return read.pages > OVERFLOWS_AT


@clause(
    id="SIZE-2",
    title="The page budget does not overflow",
    must="The shadow page budget MUST NOT be what is left of it in 32 bits, however "
    "many pages there are.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.c:13022, kvm_arch_commit_memory_region(): "
        "nr_memslot_pages and what comes of it are unsigned long; commit bc8a3d8925a8",
        last_read="2026-11-27",
        derived="of v2.6.34 nobody meant a budget that is small because there are "
        "many pages",
    ),
    rows=(61,),
    on=BudgetRead,
    premise=overflows,
    expected=the_budget,
    operations=("MmuPages",),
)
def budget_of_many(facts: Facts, read: BudgetRead) -> bool:
    return read.reply not in budgets_in_32_bits(read.pages)


def is_kept(facts: Facts, read: BudgetRead) -> bool:
    return facts.profile.keeps_budget and does_not_overflow(facts, read)


@clause(
    id="SIZE-3",
    title="The page budget that a request leaves is enough",
    must="With no limit requested and no request under way, the shadow page budget of "
    "a VM that has had a slot MUST NOT be below the larger of 64 and a fiftieth of the "
    "pages of all its slots.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.c:13022, kvm_arch_commit_memory_region(); more "
        "where more are in use: 6.1 arch/x86/kvm/mmu/mmu.c:2621, "
        "kvm_mmu_change_mmu_pages()",
        last_read="2026-11",
    ),
    rows=(61,),
    profiles=ONLY_LINUX,
    on=BudgetRead,
    premise=is_kept,
    expected=the_budget,
    operations=("MmuPages",),
)
def budget_left(facts: Facts, read: BudgetRead) -> bool:
    reply = read.reply
    return isinstance(reply, Number) and reply.value >= budget_of(facts, read.pages)


def asks_tss_base(facts: Facts, answered: Answered) -> bool:
    return isinstance(answered.operation, TssBase) and len(answered.candidates) == 1


@clause(
    id="TSS-1",
    title="The TSS lies three pages below slot 0's end",
    must="The default TSS base MUST be (base0 + npages0 - 3) * 4096; an absent slot 0 "
    "has no pages, and lies at 0 or where the request said that deleted it.",
    known=Known(
        read="patch, rmode_tss_base(); __kvm_set_memory_region(): new.base_gfn = "
        "base_gfn",
        last_read="2026-11",
    ),
    rows=(62,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=asks_tss_base,
    expected=what_the_tables_answer,
    operations=("TssBase",),
)
def tss(facts: Facts, answered: Answered) -> bool:
    return answered.explained


PARTS = ("base_gfn", "npages")
"""The two fields of slot 0, by the names that `docs/adapters.md` asks for."""


def reads_slot_0(facts: Facts, answered: Answered) -> bool:
    return isinstance(answered.operation, TssBase) and bool(answered.call.read_from)


def read_from(answered: Answered) -> dict[str, int]:
    """Both parts with the versions they were read from; empty for other names."""
    last_read = answered.call.last_read
    names_both = all(part in last_read for part in PARTS)
    return {part: last_read[part] for part in PARTS} if names_both else {}


def versions_read(facts: Facts, answered: Answered) -> str:
    parts = read_from(answered)
    if parts:
        return ", ".join(f"{part} read from v{parts[part]}" for part in PARTS)
    versions = ", ".join(f"v{v}" for v in sorted(answered.call.read_from))
    return f"slot 0 read from {versions}"


@clause(
    id="TSS-2",
    title="The TSS base comes from one table",
    must="Both parts of the default TSS base MUST be read from one table.",
    known=Known(
        read="patch, rmode_tss_base() reads two; commit f495c6e5e8f repairs half of it",
        last_read="2026-11",
    ),
    rows=(62,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=reads_slot_0,
    expected="base_gfn and npages of slot 0 read from one table",
    observed=versions_read,
    operations=("TssBase",),
    points=("TableRead", "TablePublished"),
)
def tss_of_one_table(facts: Facts, answered: Answered) -> bool:
    # Of a reader that names its reads otherwise, all have to be of one table.
    parts = read_from(answered)
    return len(set(parts.values()) if parts else answered.call.read_from) == 1


CLAUSES: tuple[AnyClause, ...] = (
    budget,
    budget_of_many,
    budget_left,
    tss,
    tss_of_one_table,
)
