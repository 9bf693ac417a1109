"""What an adapter says of itself, held against what it has and does.

None of this is broken for certain: a method may be there for its own use, and a limit
may be meant. But what is misspelt is left out of the judging in silence, and what is
not declared is judged by the numbers of the profile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, get_args

from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.adapter.perform import perform
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.scenarios.scenario import Operations
from memslot_conformance.targets.resolve import Target
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Point
from memslot_spec.history.header import Header
from memslot_spec.history.hook import Silent
from memslot_spec.judging.applies import not_applicable
from memslot_spec.model.operations import SetRegion, TableRequest
from memslot_spec.model.replies import Done
from memslot_spec.model.values import MemoryRegion

ATTRIBUTES = (
    *("domain", "limits", "profile", "interleaving", "announces"),
    *("observe", "close", "set_private_region", "software_access", "foresee"),
    "begin_turns",
)
"""What an adapter may have beside a method for each operation."""

KNOWN = (*METHODS.values(), *ATTRIBUTES)
NEAR = 0.88
"""How alike names are of which one is likely the other, misspelt."""

POINTS = {kind.__name__ for kind in get_args(Point)}

REASONS = 3
"""So many reasons are told why clauses will not apply."""

FEW = 5
"""So many methods are told that are not of the protocol."""

HVA = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `problem` is empty where it is in order.

    `note` says what could not be looked at, or what may not be meant, a line each.
    """

    name: str
    problem: str = ""
    note: str = ""


def names(target: Target) -> Check:
    """Its methods and attributes have the names that are looked for."""
    made = target.make(Silent())
    return _noted("its names are those that are looked for", _names(made))


def points(
    target: Target, operations: Callable[[AnyImplementation], Operations]
) -> Check:
    """What it announces through the hook is what it says that it announces."""
    hook = _Noting()
    made = target.make(hook)
    for operation in operations(made):
        perform(made, operation)
    told = set(target.header.capabilities.announces)
    notes = [
        f"the hook was given {kind}, which is no kind of point{_near(kind, POINTS)}"
        for kind in sorted(hook.kinds - POINTS)
    ]
    left_out = sorted(hook.kinds & POINTS - told)
    if left_out:
        notes.append(
            f"it announces {', '.join(left_out)}, and `announces` does not say so: "
            "clauses about that will not apply"
        )
    return _noted("its points are those that it declares", notes)


def limits(target: Target) -> Check:
    """The limits that it declares are those that it keeps to."""
    made = target.make(Silent())
    declared, notes = target.header.limits, list[str]()
    if getattr(made, "limits", None) is None:
        notes.append(
            f"it declares no `limits`, and is judged by those of profile "
            f"{target.profile.name}: {declared.user_slots:,} slots, frames up to "
            f"{declared.largest_gfn:#x}, {declared.address_spaces} address space(s)"
        )
    if target.header.domain.ranges is not None:
        return _noted("its limits are those that it keeps to", notes)
    size = max(target.header.domain.page_granule, 1) * PAGE_SIZE
    last = declared.user_slots - 1
    tried = ((last, True, "which is its last"), (last + 1, False, "beyond its last"))
    for slot, is_taken, which in tried:
        request = SetRegion(MemoryRegion(slot, 0, size, HVA))
        reply = perform(target.make(Silent()), request)
        if (reply == Done()) != is_taken and slot < max(target.header.domain.slots, 1):
            notes.append(f"slot {slot}, {which} by its limits, was answered {reply!r}")
    return _noted("its limits are those that it keeps to", notes)


def judged(target: Target) -> Check:
    """What of the specification it will be held to."""
    header = target.header
    why = Counter(_reason(not_applicable(clause, header)) for clause in CLAUSES)
    applies = why.pop("", 0)
    notes = [f"{applies} of {len(CLAUSES)} clauses will apply"]
    notes += [f"{count} will not: {said}" for said, count in why.most_common(REASONS)]
    others = sum(why.values()) - sum(count for _, count in why.most_common(REASONS))
    if others:
        notes.append(f"{others} will not for other reasons")
    mute = sorted(_unjudged(header))
    if mute:
        notes.append(f"no clause will judge {', '.join(mute)}")
    return _noted("clauses will apply to it", notes, "" if applies else "none will")


def _reason(said: str | None) -> str:
    return "" if said is None else said


def _unjudged(header: Header) -> Iterator[str]:
    """Methods without which the same clauses would apply, and none is about them."""
    applies = [c for c in CLAUSES if not_applicable(c, header) is None]
    for operation, method in METHODS.items():
        name = operation.__name__
        has = header.capabilities.operations
        if name not in has or operation in get_args(TableRequest):
            continue
        less = replace(
            header,
            capabilities=replace(
                header.capabilities,
                operations=tuple(other for other in has if other != name),
            ),
        )
        about = any(name in (*c.operations, *c.any_operation) for c in applies)
        if not about and all(not_applicable(c, less) is None for c in applies):
            yield f"{method}()"


def _names(made: object) -> Iterator[str]:
    has = [name for name in dir(made) if not name.startswith("_")]
    for name in has:
        if name in KNOWN:
            continue
        near = get_close_matches(name, [k for k in KNOWN if k not in has], 1, NEAR)
        is_method = callable(getattr(made, name, None))
        if near:
            call = "()" if is_method else ""
            yield f"{name}{call} is not looked for: did you mean {near[0]!r}?"
    extra = [
        f"{name}()"
        for name in has
        if name not in KNOWN and callable(getattr(made, name, None))
    ]
    if extra:
        told = ", ".join(extra[:FEW])
        more = f" and {len(extra) - FEW} others" if extra[FEW:] else ""
        yield f"no operation comes to {told}{more}"


def _near(name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), 1)
    return f": did you mean {near[0]!r}?" if near else ""


def _noted(name: str, notes: Iterator[str] | list[str], problem: str = "") -> Check:
    return Check(name, problem, "\n".join(notes))


class _Noting(Silent):
    """Notes which kinds of points it is given."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def point(self, kind: Any, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Note its kind."""
        del args, kwargs
        self.kinds.add(str(getattr(kind, "__name__", kind)))
