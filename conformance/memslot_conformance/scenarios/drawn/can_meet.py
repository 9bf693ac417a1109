"""What a target could show of all that is counted as met, and what it never did.

Only what can be met is worth a line where it was not. So what cannot is left out here,
each with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from memslot_conformance.scenarios.drawn import touches
from memslot_conformance.scenarios.drawn.edges import edges_of
from memslot_conformance.scenarios.drawn.kinds import KINDS
from memslot_spec.history.header import Header, Interleaving
from memslot_spec.model.dirty_log import DirtyObjection
from memslot_spec.model.operations import (
    ActivatePfnCache,
    ClearDirtyLog,
    DeactivatePfnCache,
    EnableManualProtect,
    GetDirtyLog,
    InitHvaCache,
    Operation,
    RefreshPfnCache,
    SetRegion,
    UseHvaCache,
    UsePfnCache,
)
from memslot_spec.model.profile import profile_named
from memslot_spec.model.updates import Objection

ASKED_OF_A_LOG = (
    DirtyObjection.BAD_SLOT,
    DirtyObjection.ABSENT,
    DirtyObjection.NOT_LOGGED,
)
OF_LOGS: dict[type[Operation], tuple[DirtyObjection, ...]] = {
    GetDirtyLog: ASKED_OF_A_LOG,
    ClearDirtyLog: (
        *ASKED_OF_A_LOG,
        DirtyObjection.MISALIGNED,
        DirtyObjection.BAD_RANGE,
    ),
    EnableManualProtect: (DirtyObjection.BAD_OPTIONS,),
}
"""What can be wrong with a request about a log, by its kind."""

RESOLVED_BY: dict[type[Operation], type[Operation]] = {
    UseHvaCache: InitHvaCache,
    RefreshPfnCache: ActivatePfnCache,
    UsePfnCache: ActivatePfnCache,
    DeactivatePfnCache: ActivatePfnCache,
}
"""What touches only what another operation had resolved before."""


def can_be_met(header: Header) -> frozenset[str]:
    """Every key of `met` that this target could show."""
    asked = {k for k in KINDS if k.__name__ in header.capabilities.operations}
    keys = {f"kind {one.__name__}" for one in asked}
    every = edges_of(header).values()
    keys |= {f"edge {edge.name}" for edges in every for edge in edges}
    if SetRegion in asked:
        keys |= {f"objection {objection.name}" for objection in _possible(header)}
    of_logs = {one for kind in asked for one in OF_LOGS.get(kind, ())}
    keys |= {f"objection of a log {objection.name}" for objection in of_logs}
    for mine, its in _meeting(asked):
        keys.add(f"then {mine} > {its}")
        # Without a second thread nothing races.
        if header.capabilities.interleaving is not Interleaving.NONE:
            keys.add(f"pair {mine} x {its}")
    return frozenset(keys)


def counted_by_kind(keys: Iterable[str]) -> dict[str, int]:
    """How many keys there are of each kind, which is their first word."""
    return dict(Counter(key.partition(" ")[0] for key in sorted(keys)))


def _meeting(asked: Collection[type[Operation]]) -> Iterator[tuple[str, str]]:
    """The kinds that can meet on one thing, as ordered pairs.

    What touches the whole VM meets everything. All else can be aimed at one frame or
    its host page, unless it touches nothing at all: a cache that nothing can resolve.
    """
    whole = {one for one in asked if KINDS[one].touching is touches.everything}
    idle = {one for one in asked if RESOLVED_BY.get(one, one) not in asked}
    for mine in asked:
        for its in asked:
            if mine in whole or its in whole or not {mine, its} & idle:
                yield mine.__name__, its.__name__


def _possible(header: Header) -> Iterator[Objection]:
    """What can be wrong with a request to this target."""
    profile, domain = profile_named(header.profile), header.domain
    lacking = {
        Objection.READONLY_CHANGED: not profile.has_readonly,
        Objection.BAD_ADDRESS_SPACE: not profile.strict_flags,
        Objection.BEYOND_GUEST: not profile.strict_flags,
        Objection.TOO_MANY_PAGES: profile.max_pages is None
        or domain.largest_slot is not None,
    }
    yield from (one for one in Objection if not lacking.get(one, False))
