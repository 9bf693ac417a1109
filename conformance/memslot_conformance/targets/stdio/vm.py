"""A VM of a program, as an adapter: a method for each operation that it greets with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain, takewhile
from types import NoneType
from typing import Any, cast, get_args

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.adapter.stepped import Turning
from memslot_conformance.spelling import close_to
from memslot_conformance.targets.stdio.asking import NO_ANSWER, REPLIES, Asking
from memslot_conformance.targets.stdio.connection import Connection
from memslot_conformance.targets.stdio.messages import (
    Greeting,
    LineAnswer,
    OperationRow,
)
from memslot_conformance.targets.stdio.race import LineRace
from memslot_spec.history.events import Point
from memslot_spec.history.header import Capabilities, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.json_kinds import MisfitError, refuse
from memslot_spec.history.views import View
from memslot_spec.model import operations as ops
from memslot_spec.model import replies as given
from memslot_spec.model.operations import GuestAccess, Operation, Origin, SetRegion
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import Failure, Gfn, MemoryRegion, table_of

POINTS = tuple(kind.__name__ for kind in get_args(Point))

UNWRAPPED: Mapping[type[Reply], str] = {
    given.FoundSlot: "slot",
    given.FoundHva: "hva",
    given.FoundId: "id",
    given.Visible: "visible",
    given.Number: "value",
    given.Touched: "young",
}
"""Replies of which an adapter's method gives one field."""


class ProgramVm:
    """One VM of a program, as an adapter without methods."""

    def __init__(self, renewed: Callable[[], Connection], hook: Hook) -> None:
        self.asking = Asking(renewed, hook)

    def foresee(self, operations: tuple[Operation, ...], *, watched: bool) -> None:
        """These come next, and where `watched` a look after each."""
        looks = watched and hasattr(self, "observe")
        # Beyond what there is no method for, nothing will be asked.
        known = tuple(takewhile(self._has_method, operations))
        self.asking.foresee(known, looks=looks)

    def _has_method(self, operation: Operation) -> bool:
        return hasattr(self, METHODS[type(operation)])

    def close(self) -> None:
        """Give it back."""
        self.asking.close()


def adapter_of(greeting: Greeting) -> type[ProgramVm]:
    """The class of adapters that has what the program says that it has.

    Errors: `MisfitError` where it says what cannot be.
    """
    has = greeting.capabilities
    inside: dict[str, object] = {**_stepped(has), **_methods(has)}
    if has.shows:
        inside["observe"] = _observe(frozenset(has.shows))
    for name in ("profile", "limits", "domain"):
        declared = getattr(greeting, name)
        if declared is not None:
            inside[name] = declared
    domain = greeting.domain
    if domain is not None and domain.private_slots:
        inside["set_private_region"] = _set_private_region
    if domain is not None and domain.origins:
        inside["software_access"] = _software_access
    return type("ProgramVm", (ProgramVm,), inside)


def _stepped(has: Capabilities) -> dict[str, object]:
    if has.interleaving is Interleaving.THREADS:
        expected = "'none' or 'points', for a program is asked on one thread"
        refuse(expected, has.interleaving.value, "capabilities.interleaving")
    for at, name in enumerate(has.announces):
        if name not in POINTS:
            message = f"{name!r} is no kind of point.{close_to(name, POINTS)}"
            raise MisfitError(message, f"capabilities.announces[{at}]")
    inside: dict[str, object] = {"announces": has.announces} if has.announces else {}
    if has.interleaving is Interleaving.POINTS:
        inside |= {"interleaving": has.interleaving, "begin_turns": _begin_turns}
    return inside


def _methods(has: Capabilities) -> dict[str, object]:
    known = {operation.__name__: operation for operation in METHODS}
    inside: dict[str, object] = {}
    for at, name in enumerate(has.operations):
        if name not in known:
            message = f"{name!r} is no operation.{close_to(name, tuple(known))}"
            raise MisfitError(message, f"capabilities.operations[{at}]")
        inside[METHODS[known[name]]] = _method(known[name])
    return inside


def as_implementation(vm: ProgramVm) -> AnyImplementation:
    """The VM, of which the class has the methods that its program greeted with."""
    return cast("AnyImplementation", vm)


def _method(kind: type[Operation]) -> Callable[..., object]:
    if kind is SetRegion:
        return _set_region
    make = cast("Callable[..., Operation]", kind)
    kinds = REPLIES[kind]
    field = UNWRAPPED.get(kinds[0])

    def method(
        self: ProgramVm,
        *values: Any,  # noqa: ANN401 - of the operation's fields, in their order
        **named: Any,  # noqa: ANN401
    ) -> object:
        reply = self.asking.reply(make(*values, **named))
        if field is not None:
            return getattr(reply, field)
        if kind is ops.AllocateRoot:
            return isinstance(reply, Done)
        return None if kinds is NO_ANSWER else reply

    return method


def _begin_turns(
    self: ProgramVm, threads: tuple[OperationRow, ...], stops: tuple[str, ...]
) -> Turning:
    for operation in chain.from_iterable(threads):
        method = METHODS[type(operation)]
        if not hasattr(self, method):
            message = f"the target has no method {method}()"
            raise TargetError(message)
    return LineRace(self.asking, threads, stops)


def _set_region(
    self: ProgramVm, region: MemoryRegion, *, failure: Failure | None = None
) -> Reply:
    return self.asking.reply(SetRegion(region, failure=failure))


def _set_private_region(self: ProgramVm, region: MemoryRegion) -> Reply:
    return self.asking.reply(SetRegion(region, private=True))


def _software_access(
    self: ProgramVm, gfn: Gfn, *, origin: Origin, write: bool, as_id: int = 0
) -> Reply:
    access = GuestAccess(gfn, write=write, as_id=as_id, origin=origin)
    return self.asking.reply(access)


def _observe(shows: frozenset[str]) -> Callable[[ProgramVm], View]:
    def check(answer: LineAnswer) -> View:
        view = answer.view
        if view is None or answer.reply is not None:
            refuse("a view and no reply", None if view is None else "both", "view")
        if answer.points:
            refuse("no points while it is looked at", "some", "points")
        for name in ("table", "sptes", "pages"):
            part: object = getattr(view, name)
            if isinstance(part, NoneType) == (name in shows):
                expected = "a part" if name in shows else "null, as it greeted"
                refuse(expected, None if part is None else "a part", f"view.{name}")
        if view.table is None:
            return view
        return View(table_of(*view.table.slots), view.sptes, view.pages)

    def observe(self: ProgramVm) -> View:
        return self.asking.ask(None, check)

    return observe
