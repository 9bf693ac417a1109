"""Moments: what the judge makes of events, for clauses to speak of.

A clause speaks of an event, or of a moment: a slot is removed, a log is reported,
a call is over. Moments are made where a clause asks for them, before the facts
take in the event.
"""

from __future__ import annotations

from memslot_spec.moments import (
    accesses,
    answers,
    caches,
    copies,
    dirty,
    ending,
    host,
    lookups,
    mmu,
    pfn_caches,
    prefaults,
    protection,
    ranges,
    replies,
    shown,
    sizing,
    srcu,
    tables,
)
from memslot_spec.moments.making import AnyMaking, Makings

MAKINGS: Makings = (
    *replies.MAKINGS,
    *answers.MAKINGS,
    *lookups.MAKINGS,
    *copies.MAKINGS,
    *tables.MAKINGS,
    *srcu.MAKINGS,
    *mmu.MAKINGS,
    *prefaults.MAKINGS,
    *pfn_caches.MAKINGS,
    *host.MAKINGS,
    *protection.MAKINGS,
    *accesses.MAKINGS,
    *dirty.MAKINGS,
    *caches.MAKINGS,
    *ending.MAKINGS,
    *sizing.MAKINGS,
    *shown.MAKINGS,
    *ranges.MAKINGS,
)
"""Every kind of moment that is made of one event or of another moment.

`Answered`, `Updated` and `AtRest` are made by the judge itself, for they end what
several events began.
"""

_BY_KIND: dict[type, AnyMaking] = {making.kind: making for making in MAKINGS}


def made_by(kind: type) -> Makings:
    """How a moment comes about, from itself down to what it is made of at last."""
    chain: list[AnyMaking] = []
    while kind in _BY_KIND:
        chain.append(_BY_KIND[kind])
        kind = chain[-1].source
    return tuple(chain)


def root_of(kind: type) -> type:
    """The kind of event, or of call with its reply, that a moment comes from."""
    chain = made_by(kind)
    return chain[-1].source if chain else kind
