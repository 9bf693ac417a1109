"""A VM of a program, as an adapter: a method for each operation that it greets with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import takewhile
from types import NoneType
from typing import Any, TypeVar, cast

from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.spelling import close_to
from memslot_conformance.targets.stdio.connection import Connection
from memslot_conformance.targets.stdio.messages import Greeting, LineAnswer
from memslot_spec.history.header import Interleaving
from memslot_spec.history.json_kinds import MisfitError, refuse
from memslot_spec.history.views import View
from memslot_spec.model import operations as ops
from memslot_spec.model import replies as given
from memslot_spec.model.operations import GuestAccess, Operation, Origin, SetRegion
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import Failure, Gfn, MemoryRegion, table_of

AHEAD = 32
"""So many requests are written before the first of their answers is read."""

ELSEWHERE = "something else was asked than what was foreseen, and written ahead"

T = TypeVar("T")

Kinds = tuple[type[Reply], ...]
REQUESTED: Kinds = (given.Done, given.Refused)
NO_ANSWER: Kinds = (given.Done,)

REPLIES: Mapping[type[Operation], Kinds] = {
    ops.SetRegion: REQUESTED,
    ops.GfnToMemslot: (given.FoundSlot,),
    ops.GfnToHva: (given.FoundHva,),
    ops.GfnToHvaProt: (given.FoundHostPage,),
    ops.VcpuGfnToMemslot: (given.FoundSlot,),
    ops.InitHvaCache: REQUESTED,
    ops.UseHvaCache: (given.Translated, given.Refused),
    ops.ActivatePfnCache: REQUESTED,
    ops.RefreshPfnCache: REQUESTED,
    ops.UsePfnCache: (given.Accessed, given.Retry),
    ops.DeactivatePfnCache: NO_ANSWER,
    ops.IsVisibleGfn: (given.Visible,),
    ops.MemslotId: (given.FoundId,),
    ops.TssBase: (given.Number,),
    ops.MmuPages: (given.Number,),
    ops.CountRmaps: (given.Number,),
    ops.GuestAccess: (given.Accessed, given.Mmio, given.Retry, given.Refused),
    ops.ReadGuest: (given.Translated, given.CutShort),
    ops.WriteGuest: (given.Translated, given.CutShort),
    ops.PreFault: (given.PreFaulted, given.Refused),
    ops.AllocateRoot: REQUESTED,
    ops.UnmapHva: NO_ANSWER,
    ops.InvalidateRange: NO_ANSWER,
    ops.AgeHva: (given.Touched,),
    ops.ChangePte: NO_ANSWER,
    ops.WriteProtectGfn: NO_ANSWER,
    ops.GetDirtyLog: (given.DirtyLog, given.Refused),
    ops.ClearDirtyLog: REQUESTED,
    ops.EnableManualProtect: REQUESTED,
    ops.AddRange: REQUESTED,
    ops.RemoveRange: REQUESTED,
    ops.ReplaceTable: REQUESTED,
    ops.GetDirtyRange: (given.DirtyLog, given.Refused),
    ops.Halt: NO_ANSWER,
    ops.ReleaseNotifier: NO_ANSWER,
    ops.DestroyVm: NO_ANSWER,
}
"""What an operation may be answered with."""

UNWRAPPED: Mapping[type[Reply], str] = {
    given.FoundSlot: "slot",
    given.FoundHva: "hva",
    given.FoundId: "id",
    given.Visible: "visible",
    given.Number: "value",
    given.Touched: "young",
}
"""Replies of which an adapter's method gives one field."""


class Asking:
    """One VM of a program, asked. What is asked next may be written ahead."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._vm = connection.new_vm()
        self._foreseen: deque[Operation | None] = deque()
        self._posted: deque[tuple[Operation | None, int]] = deque()

    def foresee(self, operations: tuple[Operation, ...], *, looks: bool) -> None:
        """These come next, and where it `looks` a look after each.

        Errors: `RuntimeError` where others were written ahead, and never asked: the
        program has carried them out.
        """
        if self._posted:
            raise RuntimeError(ELSEWHERE)
        self._foreseen.clear()
        for operation in operations:
            self._foreseen.append(_as_asked(operation))
            if looks:
                self._foreseen.append(None)

    def close(self) -> None:
        """Give it back."""
        self._connection.close_vm(self._vm)

    def ask(self, asked: Operation | None, check: Callable[[LineAnswer], T]) -> T:
        """Ask for an operation, or with None what stands.

        Errors: `ProgramError`; `RuntimeError` as `foresee`.
        """
        connection, posted = self._connection, self._posted
        if not posted and self._foreseen and self._foreseen[0] == asked:
            while self._foreseen and len(posted) < AHEAD:
                ahead = self._foreseen.popleft()
                posted.append((ahead, connection.post(self._vm, ahead)))
        if posted:
            if posted[0][0] != asked:
                raise RuntimeError(ELSEWHERE)
            return connection.answer(posted.popleft()[1], check)
        self._foreseen.clear()
        return connection.answer(connection.post(self._vm, asked), check)

    def reply(self, operation: Operation) -> Reply:
        """Have the operation carried out. Errors: `ProgramError`."""
        kinds = REPLIES[type(operation)]
        if isinstance(operation, GuestAccess) and not operation.may_use_spte:
            kinds = (*kinds, given.GuestPageFault)

        def check(answer: LineAnswer) -> Reply:
            reply = answer.reply
            if reply is None or type(reply) not in kinds or answer.view is not None:
                words = " or ".join(kind.__name__ for kind in kinds)
                came = None if reply is None else type(reply).__name__
                refuse(f"{words} for a {type(operation).__name__}", came, "reply")
            return reply

        return self.ask(operation, check)


class ProgramVm:
    """One VM of a program, as an adapter without methods."""

    def __init__(self, connection: Connection) -> None:
        self.asking = Asking(connection)

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
    if has.interleaving is not Interleaving.NONE:
        expected = f"{Interleaving.NONE.value!r}, for a program is not stepped"
        refuse(expected, has.interleaving.value, "capabilities.interleaving")
    if has.announces:
        expected = "no points, for there is no message for them"
        refuse(expected, has.announces, "capabilities.announces")
    known = {operation.__name__: operation for operation in METHODS}
    inside: dict[str, object] = {}
    for at, name in enumerate(has.operations):
        if name not in known:
            message = f"{name!r} is no operation.{close_to(name, tuple(known))}"
            raise MisfitError(message, f"capabilities.operations[{at}]")
        inside[METHODS[known[name]]] = _method(known[name])
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


def _as_asked(operation: Operation) -> Operation:
    """As the method is given it: an access by software has no root."""
    if isinstance(operation, GuestAccess) and not operation.may_use_spte:
        return replace(operation, direct=True, root=0)
    return operation


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
