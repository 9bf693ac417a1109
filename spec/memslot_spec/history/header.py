"""A history and its header: what was run on what, and everything that happened.

The header says all that judging needs, so that a history can be judged again
on its own: by this version's clauses, or by the next one's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from memslot_spec.history.events import Event
from memslot_spec.model.profile import Limits
from memslot_spec.model.range_rules import RangeRules

FORMAT_VERSION = 1
"""Rises when a history of the older form can no longer be read as it is."""


class Interleaving(Enum):
    """How an implementation can be raced.

    `POINTS`: it announces points and can be stepped. `THREADS`: it may be
    called from several threads at once. `NONE`: one call at a time.
    """

    POINTS = "points"
    THREADS = "threads"
    NONE = "none"

    def __repr__(self) -> str:
        return f"Interleaving.{self.name}"


class DirtyTracking(Enum):
    """How a target notices that a page of a slot that logs is written.

    `WRITE_PROTECTION`: the write faults. `DIRTY_BIT`: the processor sets the D bit of
    the spte and logs the page (PML); an spte with D clear is as good as protected.
    """

    WRITE_PROTECTION = "write-protection"
    DIRTY_BIT = "dirty-bit"

    def __repr__(self) -> str:
        return f"DirtyTracking.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What a target can be asked.

    `largest_gfn`, `slots` (ids `0..slots-1`, or so many ranges) and `largest_slot`
    (pages of one, None for as many as the law allows) bound the generated requests;
    sizes and bases are multiples of `page_granule` pages. `failures` are the names of
    the failures that can be injected. `exact_dirty_log` claims that a dirty
    log shows no page that was not written; otherwise it may show more. `origins` are
    the names of those who can be made to access guest memory beside the processor.
    `dirty_tracking` tells how a write is noticed, `overlaps_private` that a user slot
    may lie over a private one, as v2.6.34 lets it. `tracks_accesses` says that an
    ageing knows what was accessed, as by A bits; v2.6.34 without them always says that
    nothing was. `names_host_pages` says that an access tells which page of the host it
    reached (`Accessed.replaced`). `ranges` has the rules of a table by ranges; with
    None the slots have ids.
    """

    largest_gfn: int = (1 << 40) - 1
    slots: int = (1 << 16) - 1
    private_slots: int = 0
    page_granule: int = 1
    failures: tuple[str, ...] = ()
    exact_dirty_log: bool = False
    dirty_tracking: DirtyTracking = DirtyTracking.WRITE_PROTECTION
    origins: tuple[str, ...] = ()
    overlaps_private: bool = False
    tracks_accesses: bool = False
    names_host_pages: bool = False
    largest_slot: int | None = None
    ranges: RangeRules | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a target provides: operations by name, introspection, points.

    `announces` names the kinds of points it promises to announce whenever they
    happen; a clause that needs a kind which is not there is not applicable.
    `shows` names the parts of a `View` that introspection fills.
    """

    operations: tuple[str, ...]
    interleaving: Interleaving = Interleaving.NONE
    announces: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Everything a judge must know before the first event."""

    target: str
    profile: str
    limits: Limits
    capabilities: Capabilities
    domain: Domain = field(default_factory=Domain)


@dataclass(frozen=True, slots=True)
class History:
    """A header and the events after it, in the order in which they happened.

    A history begins with a VM that has no slots.
    """

    header: Header
    events: tuple[Event, ...]
