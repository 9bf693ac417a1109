"""What each kind of event adds to the facts, after the clauses have seen it."""

from __future__ import annotations

from collections.abc import Mapping

from memslot_spec.facts.absorbing import (
    accesses,
    caches,
    calls,
    dirty,
    host,
    lives,
    mmu,
    srcu,
    tables,
)
from memslot_spec.facts.absorbing.on import Absorb, Additions


def _by_kind(*domains: Additions) -> dict[type, tuple[Absorb, ...]]:
    table: dict[type, tuple[Absorb, ...]] = {}
    for kind, absorb in (addition for domain in domains for addition in domain):
        table[kind] = (*table.get(kind, ()), absorb)
    return table


# The host and the dirty log come first: an spte that is replaced or removed is
# still among the facts when they look for it.
ABSORB: Mapping[type, tuple[Absorb, ...]] = _by_kind(
    lives.ABSORB,
    host.ABSORB,
    dirty.ABSORB,
    calls.ABSORB,
    srcu.ABSORB,
    tables.ABSORB,
    mmu.ABSORB,
    accesses.ABSORB,
    caches.ABSORB,
)
"""What each kind of event adds, domain by domain; a missing kind adds nothing."""
