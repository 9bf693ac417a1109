"""What a target declares: limits, domain, announced points, each held to its type.

A declaration that is wrong is not left out in silence: requests would be judged by
numbers that are not the target's own. The types are looked at too, for a stranger's
Python has no type checker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn, cast, get_args

from memslot_conformance.adapter.answers import TargetError, typed
from memslot_conformance.spelling import close_to
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.events import Point
from memslot_spec.history.header import DirtyTracking, Domain
from memslot_spec.model.operations import Origin
from memslot_spec.model.profile import HostHole, Limits, Profile
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.values import Failure

LAST_GFN = (1 << 64 - PAGE_SHIFT) - 1
"""The highest frame of which the guest address fits 64 bits."""

LAST_ID = (1 << 16) - 1
"""The highest number that half a slot word holds: an id, or an address space."""

LAST_HVA = 1 << 64
"""The end of the host's addresses."""

Bounds = Mapping[str, tuple[int, int]]

LIMITS: Bounds = {
    "largest_gfn": (0, LAST_GFN),
    "address_spaces": (1, LAST_ID),
    "hva_end": (1, LAST_HVA),
    "user_slots": (1, LAST_ID),
}
DOMAIN: Bounds = {
    "largest_gfn": (0, LAST_GFN),
    "slots": (1, LAST_ID),
    "private_slots": (0, LAST_ID),
    "page_granule": (1, LAST_GFN + 1),
}
HOLE: Bounds = {"start": (0, LAST_HVA), "end": (0, LAST_HVA)}
"""What each number may be, both ends included."""

RULES = ("refuses_overlap", "fresh_logs", "reading_clears", "removes_at_once")
"""What a target with a table by ranges claims or does not."""

SOFTWARE = tuple(name for name in Origin.__members__ if name != Origin.PAGE_FAULT.name)
"""Who makes accesses beside the processor, which every target has."""


def limits_of(made: object, profile: Profile) -> Limits:
    """The limits that a target declares, or else those of its profile.

    Errors: `TargetError` names the field, the value, and what it may be.
    """
    limits: object = getattr(made, "limits", None)
    if limits is None:
        return Limits(user_slots=profile.default_user_slots)
    if not isinstance(limits, Limits):
        _refuse("limits", limits, "which is no Limits")
    _check_numbers("limits", limits, LIMITS)
    if limits.enough_pages is not None:
        _check_numbers("limits", limits, {"enough_pages": (0, LAST_GFN + 1)})
    for number, hole in enumerate(typed("limits.holes", limits.holes, tuple)):
        _check_hole(f"limits.holes[{number}]", hole)
    return limits


def domain_of(made: object) -> Domain:
    """The domain that a target declares, or else the widest. Errors: as `limits_of`."""
    domain: object = getattr(made, "domain", None)
    if domain is None:
        return Domain()
    if not isinstance(domain, Domain):
        _refuse("domain", domain, "which is no Domain")
    _check_numbers("domain", domain, DOMAIN)
    if domain.page_granule > domain.largest_gfn + 1:
        pages = domain.largest_gfn + 1
        message = f"which is more than the {pages} pages up to largest_gfn"
        _refuse("domain.page_granule", domain.page_granule, message)
    if domain.largest_slot is not None:
        least, most = domain.page_granule, domain.largest_gfn + 1
        _check_numbers("domain", domain, {"largest_slot": (least, most)})
    _check_names(
        "domain.failures", domain.failures, tuple(Failure.__members__), "failure"
    )
    _check_names("domain.origins", domain.origins, SOFTWARE, "origin of software")
    typed("domain.exact_dirty_log", domain.exact_dirty_log, bool)
    typed("domain.tracks_accesses", domain.tracks_accesses, bool)
    typed("domain.names_host_pages", domain.names_host_pages, bool)
    typed("domain.overlaps_private", domain.overlaps_private, bool)
    typed("domain.dirty_tracking", domain.dirty_tracking, DirtyTracking)
    _check_rules(made, domain.ranges)
    return domain


def _check_rules(made: object, rules: object) -> None:
    """Whoever has methods on ranges says which rules it has, and nobody else."""
    has = callable(getattr(made, "add", None))
    if rules is None:
        if has and not hasattr(made, "set_region"):
            _refuse("domain.ranges", rules, "but the target has a method add()")
        return
    if not isinstance(rules, RangeRules):
        _refuse("domain.ranges", rules, "which is no RangeRules")
    if not has or hasattr(made, "set_region"):
        message = "which takes a method add() and none called set_region()"
        _refuse("domain.ranges", rules, message)
    typed("domain.ranges.removal", rules.removal, Removal)
    for name in RULES:
        typed(f"domain.ranges.{name}", getattr(rules, name), bool)


def announces_of(made: object) -> tuple[str, ...]:
    """The kinds of points that a target announces. Errors: as `limits_of`."""
    announces: object = getattr(made, "announces", ())
    points = tuple(kind.__name__ for kind in get_args(Point))
    return _check_names("announces", announces, points, "kind of point")


def _check_hole(what: str, hole: object) -> None:
    if not isinstance(hole, HostHole):
        _refuse(what, hole, "which is no HostHole")
    _check_numbers(what, hole, HOLE)
    if hole.end <= hole.start:
        _refuse(f"{what}.end", hole.end, "which is not after its start")


def _check_numbers(what: str, declared: object, bounds: Bounds) -> None:
    for name, (least, most) in bounds.items():
        value: object = getattr(declared, name)
        if isinstance(value, bool) or not isinstance(value, int):
            _refuse(f"{what}.{name}", value, "which is no int")
        if value < least:
            _refuse(f"{what}.{name}", value, f"which is less than {least}")
        if value > most:
            _refuse(f"{what}.{name}", value, f"which is more than {most}")


def _check_names(
    what: str, declared: object, known: tuple[str, ...], noun: str
) -> tuple[str, ...]:
    typed(what, declared, tuple)
    found: list[str] = []
    for name in cast("tuple[object, ...]", declared):
        if not isinstance(name, str) or name not in known:
            hint = close_to(str(name), known)
            _refuse(what, name, f"which is no {noun}.{hint}")
        found.append(name)
    return tuple(found)


def _refuse(what: str, came: object, why: str) -> NoReturn:
    message = f"{what} gave {came!r}, {why}"
    raise TargetError(message)
