"""Sizing and the TSS: what two readers compute out of a whole table."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.lookup.lookup import expects_answer, is_explained
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import MmuPages, TssBase
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.model.readers import total_pages
from memslot_spec.moments.replies import Answered


def asks_budget(facts: Facts, answered: Answered) -> bool:
    """The budget, of one table."""
    return isinstance(answered.operation, MmuPages) and len(answered.candidates) == 1


BUDGET = Clause(
    id="SIZE-1",
    title="The page budget follows the published table",
    must="With no limit requested, the shadow page budget MUST be the larger of 64 "
    "and the published table's pages * 20 / 1000 (v2.6.34) or / 50 (today).",
    source="seed, kvm_mmu_calculate_mmu_pages",
    rows=(61,),
    on=Answered,
    premise=asks_budget,
    expected=expects_answer,
    operations=("MmuPages",),
    holds=is_explained,
)


OVERFLOWS_AT = (1 << 32) // 20

"""Pages from which `npages * 20` no longer fits 32 bits."""


def asks_budget_of_many(facts: Facts, answered: Answered) -> bool:
    """The budget of a table with more pages than 32 bits can multiply."""
    return (
        asks_budget(facts, answered)
        and total_pages(answered.candidates[0]) > OVERFLOWS_AT
    )


BUDGET_OF_MANY = Clause(
    id="SIZE-2",
    title="The page budget does not overflow",
    must="The shadow page budget MUST be computed without overflow.",
    source="commit bc8a3d8925a8",
    rows=(61,),
    on=Answered,
    premise=asks_budget_of_many,
    expected=expects_answer,
    operations=("MmuPages",),
    holds=is_explained,
)


def asks_tss(facts: Facts, answered: Answered) -> bool:
    """The TSS base, of one table."""
    return isinstance(answered.operation, TssBase) and len(answered.candidates) == 1


TSS = Clause(
    id="TSS-1",
    title="The TSS lies three pages below slot 0's end",
    must="The default TSS base MUST be (base0 + npages0 - 3) * 4096, an absent slot "
    "0 counting as base 0 with no pages.",
    source="seed, rmode_tss_base",
    rows=(62,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=asks_tss,
    expected=expects_answer,
    operations=("TssBase",),
    holds=is_explained,
)


def reads_both_parts(facts: Facts, answered: Answered) -> bool:
    """The operation read slot 0's base and its size."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, TssBase)
        and known is not None
        and {"base_gfn", "npages"} <= known.last_read.keys()
    )


def expects_one_version(facts: Facts, answered: Answered) -> str:
    """The two versions."""
    known = facts.calls.get(answered.thread)
    if known is None:
        return ""
    return (
        f"base0 and npages0 of one table; base0 is of v{known.last_read['base_gfn']}, "
        f"npages0 of v{known.last_read['npages']}"
    )


@clause(
    id="TSS-2",
    title="The TSS base comes from one table",
    must="Both parts of the default TSS base MUST be read from one table.",
    source="seed, rmode_tss_base reads two; commit f495c6e5e8f repairs half of it",
    rows=(62,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=reads_both_parts,
    expected=expects_one_version,
    operations=("TssBase",),
    points=("TableRead", "TablePublished"),
)
def tss_of_one_table(facts: Facts, answered: Answered) -> bool:
    known = facts.calls.get(answered.thread)
    return known is None or known.last_read["base_gfn"] == known.last_read["npages"]


CLAUSES: tuple[AnyClause, ...] = (
    BUDGET,
    BUDGET_OF_MANY,
    TSS,
    tss_of_one_table,
)
