"""The lawful wing: implementations that are unusual and right.

It stands beside the museum of bugs. A mutant shows that a clause accuses what is
wrong; a variant shows that it leaves alone what is right, though it be done
otherwise than the references do it.
"""

from __future__ import annotations

from memslot_reference.lawful import (
    arch_locks,
    caches,
    copies,
    deletes,
    dirty,
    dirty_bits,
    host,
    host_pages,
    locks,
    logs,
    mappings,
    pfn_caches,
    prefault,
    protection,
    ranges,
    readers,
    requests,
    sections,
    shadow_pages,
    tables,
    teardown,
    windows,
)
from memslot_reference.lawful.variant import Variant

_EVERY = (
    *deletes.VARIANTS,
    *caches.VARIANTS,
    *copies.VARIANTS,
    *dirty.VARIANTS,
    *dirty_bits.VARIANTS,
    *host.VARIANTS,
    *host_pages.VARIANTS,
    *logs.VARIANTS,
    *mappings.VARIANTS,
    *pfn_caches.VARIANTS,
    *prefault.VARIANTS,
    *protection.VARIANTS,
    *readers.VARIANTS,
    *sections.VARIANTS,
    *locks.VARIANTS,
    *arch_locks.VARIANTS,
    *shadow_pages.VARIANTS,
    *tables.VARIANTS,
    *teardown.VARIANTS,
    *windows.VARIANTS,
    *requests.VARIANTS,
    *ranges.VARIANTS,
)

WAITING: dict[str, tuple[str, ...]] = {}
"""Variants that are right and accused all the same, each with the clauses that do."""

CATALOGUE: tuple[Variant, ...] = tuple(v for v in _EVERY if v.name not in WAITING)
"""Every variant that no clause may accuse, by what it is unusual in."""


def variant_named(name: str) -> Variant:
    """The variant of this name. Errors: `KeyError` names it."""
    for known in _EVERY:
        if known.name == name:
            return known
    raise KeyError(name)
