"""Sizing and the TSS: what two readers compute out of a whole table."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.readers.snapshots import what_the_tables_answer
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import MmuPages, TssBase
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.model.readers import default_tss_base, mmu_pages, total_pages
from memslot_spec.model.replies import Number
from memslot_spec.moments.replies import Answered


def asks_budget(facts: Facts, answered: Answered) -> bool:
    return isinstance(answered.operation, MmuPages) and len(answered.candidates) == 1


@clause(
    id="SIZE-1",
    title="The page budget follows the published table",
    must="With no limit requested, the shadow page budget MUST be the larger of 64 "
    "and the published table's pages * 20 / 1000 (v2.6.34) or / 50 (today).",
    source="seed, kvm_mmu_calculate_mmu_pages",
    rows=(61,),
    on=Answered,
    premise=asks_budget,
    expected=what_the_tables_answer,
    operations=("MmuPages",),
)
def budget(facts: Facts, answered: Answered) -> bool:
    pages = mmu_pages(answered.candidates[0], facts.profile)
    return answered.reply == Number(pages)


OVERFLOWS_AT = (1 << 32) // 20
"""Pages from which `npages * 20` no longer fits 32 bits."""


def asks_budget_of_many(facts: Facts, answered: Answered) -> bool:
    return (
        asks_budget(facts, answered)
        and total_pages(answered.candidates[0]) > OVERFLOWS_AT
    )


@clause(
    id="SIZE-2",
    title="The page budget does not overflow",
    must="The shadow page budget MUST be computed without overflow.",
    source="commit bc8a3d8925a8",
    rows=(61,),
    on=Answered,
    premise=asks_budget_of_many,
    expected=what_the_tables_answer,
    operations=("MmuPages",),
)
def budget_of_many(facts: Facts, answered: Answered) -> bool:
    pages = mmu_pages(answered.candidates[0], facts.profile)
    return answered.reply == Number(pages)


def asks_tss_base(facts: Facts, answered: Answered) -> bool:
    return isinstance(answered.operation, TssBase) and len(answered.candidates) == 1


@clause(
    id="TSS-1",
    title="The TSS lies three pages below slot 0's end",
    must="The default TSS base MUST be (base0 + npages0 - 3) * 4096, an absent slot "
    "0 counting as base 0 with no pages.",
    source="seed, rmode_tss_base",
    rows=(62,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=asks_tss_base,
    expected=what_the_tables_answer,
    operations=("TssBase",),
)
def tss(facts: Facts, answered: Answered) -> bool:
    return answered.reply == Number(default_tss_base(answered.candidates[0]))


def read_base_and_size(facts: Facts, answered: Answered) -> bool:
    return {"base_gfn", "npages"} <= answered.call.last_read.keys()


def versions_read(facts: Facts, answered: Answered) -> str:
    version_of = answered.call.last_read
    base, npages = version_of["base_gfn"], version_of["npages"]
    return f"base_gfn read from v{base}, npages from v{npages}"


@clause(
    id="TSS-2",
    title="The TSS base comes from one table",
    must="Both parts of the default TSS base MUST be read from one table.",
    source="seed, rmode_tss_base reads two; commit f495c6e5e8f repairs half of it",
    rows=(62,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=read_base_and_size,
    expected="base_gfn and npages of slot 0 read from one table",
    observed=versions_read,
    operations=("TssBase",),
    points=("TableRead", "TablePublished"),
)
def tss_of_one_table(facts: Facts, answered: Answered) -> bool:
    version_of = answered.call.last_read
    return version_of["base_gfn"] == version_of["npages"]


CLAUSES: tuple[AnyClause, ...] = (budget, budget_of_many, tss, tss_of_one_table)
