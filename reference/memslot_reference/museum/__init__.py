"""The museum: implementations with one bug each, and what is known of the bug.

An exhibit is a bug of the kernel's past, or one that its code only just avoids;
the rest are planted, so that every clause is broken by some mutant.
"""

from __future__ import annotations

from memslot_reference.museum import (
    arch_locks,
    balance,
    copies,
    deletes,
    dirty,
    dirty_armed,
    dirty_clears,
    generations,
    host,
    host_pages,
    hva_caches,
    invalidations,
    lives,
    lookups,
    mmio_caches,
    mmu,
    overlaps,
    pages,
    pfn_caches,
    prefault,
    protection,
    public,
    publications,
    range_tables,
    ranges,
    refusals,
    requests,
    rmaps,
    sections,
    slot_hints,
    spaces,
    updates,
)
from memslot_reference.museum.mutant import Mutant

_EVERY = (
    *lookups.MUTANTS,
    *sections.MUTANTS,
    *arch_locks.MUTANTS,
    *balance.MUTANTS,
    *ranges.MUTANTS,
    *requests.MUTANTS,
    *overlaps.MUTANTS,
    *spaces.MUTANTS,
    *updates.MUTANTS,
    *deletes.MUTANTS,
    *mmu.MUTANTS,
    *rmaps.MUTANTS,
    *dirty.MUTANTS,
    *dirty_armed.MUTANTS,
    *dirty_clears.MUTANTS,
    *host.MUTANTS,
    *host_pages.MUTANTS,
    *protection.MUTANTS,
    *pages.MUTANTS,
    *public.MUTANTS,
    *slot_hints.MUTANTS,
    *generations.MUTANTS,
    *mmio_caches.MUTANTS,
    *hva_caches.MUTANTS,
    *publications.MUTANTS,
    *invalidations.MUTANTS,
    *lives.MUTANTS,
    *refusals.MUTANTS,
    *copies.MUTANTS,
    *prefault.MUTANTS,
    *pfn_caches.MUTANTS,
    *range_tables.MUTANTS,
)

CATALOGUE: tuple[Mutant, ...] = (
    *sorted((m for m in _EVERY if m.kind == "museum"), key=lambda m: m.name),
    *(mutant for mutant in _EVERY if mutant.kind == "planted"),
)
"""Every mutant: the exhibits, and then the planted ones."""


def mutant_named(name: str) -> Mutant:
    """The mutant of this name. Errors: `KeyError` names it."""
    for mutant in CATALOGUE:
        if mutant.name == name:
            return mutant
    raise KeyError(name)
