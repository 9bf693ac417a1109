"""Which replies can be explained by the tables that a caller may have met."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from memslot_spec.arithmetic.sizing import tss_base
from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.facts import Facts
from memslot_spec.model.explain import BY_ONE_TABLE, explains
from memslot_spec.model.guest_copies import copy_explained, is_in_one_page
from memslot_spec.model.hva_caches import is_resolved_by_page, use_explained
from memslot_spec.model.operations import (
    GuestAccess,
    GuestCopy,
    MmuPages,
    PfnCacheOperation,
    PreFault,
    TssBase,
    UseHvaCache,
)
from memslot_spec.model.pfn_caches import pfn_cache_explained
from memslot_spec.model.prefaults import prefault_explained
from memslot_spec.model.readers import default_tss_base, gfn_to_memslot
from memslot_spec.model.replies import Accessed, Number, Reply
from memslot_spec.model.values import SlotTable

CALLERS = (UseHvaCache, *get_args(GuestCopy), PreFault, *get_args(PfnCacheOperation))
"""Those who look page by page, or go by what they had looked up."""


def any_explains(
    facts: Facts, tables: Iterable[SlotTable], known: CallFacts, reply: Reply
) -> bool:
    """One of the tables explains the reply, or there is nothing to explain."""
    operation = known.operation
    if isinstance(operation, CALLERS):
        return _any_explains_caller(facts, tuple(tables), known, reply)
    if isinstance(operation, TssBase) and facts.profile.keeps_deleted_base:
        return any(reply in tss_bases(facts, table) for table in tables)
    profile, limits = facts.profile, facts.limits
    for table in tables:  # noqa: SIM110 - mostly one, and a generator costs more
        if explains(table, operation, reply, profile, limits):
            return True
    return False


def _any_explains_caller(
    facts: Facts, tables: tuple[SlotTable, ...], known: CallFacts, reply: Reply
) -> bool:
    """The same of those who look page by page, or go by what they had looked up."""
    operation, limits = known.operation, facts.limits
    if isinstance(operation, UseHvaCache):
        return use_explained(tables, known.cached, operation, reply)
    if isinstance(operation, GuestCopy):
        return copy_explained(tables, operation, reply, limits)
    if isinstance(operation, PreFault):
        return prefault_explained(tables, operation, reply, limits)
    return isinstance(operation, PfnCacheOperation) and any(
        pfn_cache_explained(table, known.pfn_cache, operation, reply, limits)
        for table in tables
    )


def tss_bases(facts: Facts, table: SlotTable) -> tuple[Number, ...]:
    """The default TSS bases of a table: one, unless its slot 0 was deleted.

    A deleted slot has no pages, and lies where the request said that deleted it; or
    at 0, where it is as if it had never been there.
    """
    usual = Number(default_tss_base(table))
    if table.find(0, 0) is not None:
        return (usual,)
    deleted = (Number(tss_base(base, 0)) for base in sorted(facts.deleted_bases))
    return tuple(dict.fromkeys((usual, *deleted)))


def explained_by_spte(
    facts: Facts, known: CallFacts, tables: Iterable[SlotTable], reply: Accessed
) -> bool:
    """A page fault of an INVALID slot ended by an spte that stood meanwhile.

    It opened the spte itself, or found that another vCPU had; or it was taken again,
    and by then an spte was there. The flush has yet to remove what was mapped before.
    Source: 6.1 arch/x86/kvm/mmu/mmu.c:4252, direct_page_fault(): fast_page_fault()
    comes before the test of INVALID; 3355, RET_PF_SPURIOUS.
    """
    access = known.operation
    if not isinstance(access, GuestAccess):
        return False
    found = (gfn_to_memslot(table, access.gfn, access.as_id) for table in tables)
    going = {(slot.id, slot.base) for slot in found if slot and slot.invalid}
    return bool(going) and any(
        spte.lets_through(access)
        and spte.hva_of(access.gfn) == reply.hva
        and spte.slot is not None
        and not spte.slot.invalid
        and (spte.slot.id, spte.slot.base) in going
        for spte in (*known.stood, *facts.shadow.sptes.values())
    )


def may_mix_tables(known: CallFacts) -> bool:
    """The operation looks page by page, and each page may be of another table."""
    operation = known.operation
    if isinstance(operation, UseHvaCache):
        return known.cached is None or is_resolved_by_page(known.cached)
    if isinstance(operation, PreFault):
        return True
    return isinstance(operation, GuestCopy) and not is_in_one_page(operation)


def is_explained_by_one_table(facts: Facts, known: CallFacts) -> bool:
    """The operation answers from one table: later readers see no older one."""
    operation = known.operation
    if isinstance(operation, UseHvaCache | GuestCopy | PreFault):
        return not may_mix_tables(known)
    if isinstance(operation, MmuPages) and facts.profile.keeps_budget:
        return False
    if isinstance(operation, PfnCacheOperation):
        return known.pfn_cache is not None
    if isinstance(operation, GuestAccess):
        return not operation.may_use_spte
    return isinstance(operation, BY_ONE_TABLE)
