"""Asking one VM of a program, what may be written ahead among it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import NoReturn, TypeVar, cast, get_args

from memslot_conformance.adapter.stepped import Stretch, Went
from memslot_conformance.targets.stdio.checks import check_bare, printable
from memslot_conformance.targets.stdio.connection import Connection
from memslot_conformance.targets.stdio.messages import (
    LineAnswer,
    LineTurn,
    OperationRow,
)
from memslot_conformance.targets.stdio.process import ProgramError
from memslot_spec.history.events import Point
from memslot_spec.history.hook import Hook
from memslot_spec.history.json_kinds import refuse
from memslot_spec.model import operations as ops
from memslot_spec.model import replies as given
from memslot_spec.model.operations import GuestAccess, Operation
from memslot_spec.model.replies import Reply

AHEAD = 32
"""So many requests are written before the first of their answers is read."""

NAMES: Mapping[type[Point], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name != "thread")
    for kind in get_args(Point)
}
"""The fields of each kind of point but its thread."""

LABEL = 200
"""Characters that are shown of what a thread waits for."""

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


class Asking:
    """One VM of a program, asked. What is asked next may be written ahead.

    What is announced meanwhile the `hook` is told of. `renewed` gives a connection that
    is not broken.
    """

    def __init__(self, renewed: Callable[[], Connection], hook: Hook) -> None:
        self._renewed = renewed
        self._connection = connection = renewed()
        self._hook = hook
        self._vm = connection.new_vm()
        self._foreseen: deque[Operation | None] = deque()
        self._posted: deque[tuple[Operation | None, int]] = deque()
        self._done: list[Operation] = []

    @property
    def checked(self) -> dict[int, tuple[LineTurn, Went | None]]:
        """Turns, by their identities, that are known to be in order by themselves."""
        return self._connection.checked

    def foresee(self, operations: tuple[Operation, ...], *, looks: bool) -> None:
        """These come next, and where it `looks` a look after each.

        Errors: `RuntimeError` where others were written ahead, and never asked: the
        program has carried them out.
        """
        if self._posted:
            raise RuntimeError(ELSEWHERE)
        self._foreseen.clear()
        for operation in operations:
            self._foreseen.append(as_asked(operation))
            if looks:
                self._foreseen.append(None)

    def close(self) -> None:
        """Give it back."""
        self._connection.close_vm(self._vm)

    def again(self) -> None:
        """Take a new VM, of which the same was asked. Errors: `ProgramError`."""
        self.close()
        self._connection = self._renewed()
        self._vm = self._connection.new_vm()
        for operation in self._done:
            self._connection.post(self._vm, operation)

    def start(self, threads: tuple[OperationRow, ...], stops: str) -> None:
        """Have the threads of a race ready. Errors: `ProgramError`."""
        rows = tuple(tuple(map(as_asked, row)) for row in threads)
        self._connection.start(self._vm, rows, stops)

    def turns(
        self,
        runs: Sequence[Stretch],
        take: Callable[[LineTurn], None],
        *,
        stays: bool,
        most: int,
    ) -> None:
        """Have turns taken, and each told to `take`. Errors: `ProgramError`."""
        number = self._connection.advance(self._vm, runs, stays=stays, most=most)
        self._connection.answer(number, check_bare, take)

    def refuse(self, kind: type[ProgramError], words: str) -> NoReturn:
        """End the program for this. Errors: `ProgramError`, of this kind."""
        self._connection.refuse(kind, words)

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
        """Have the operation carried out.

        Errors: `ProgramError`; whatever the hook raises.
        """

        def check(answer: LineAnswer) -> LineAnswer:
            if answer.waits is None:
                check_reply(operation, answer.reply, "reply")
            elif answer.reply is not None:
                refuse("a reply or a wait", "both", "waits")
            if answer.view is not None:
                refuse("a reply alone", "a view", "view")
            for at, point in enumerate(answer.points):
                if point.thread:
                    refuse("thread 0", point.thread, f"points[{at}].thread")
            return answer

        answer = self.ask(operation, check)
        for point in answer.points:
            kind = cast("Callable[..., Point]", type(point))
            self._hook.point(kind, *told_by(point))
        if answer.reply is None:
            # Nobody is there who could end it.
            self._hook.wait(lambda: False, printable(answer.waits or "", LABEL))
            message = "a wait of thread 0 came to an end"
            raise RuntimeError(message)
        self._done.append(operation)
        return answer.reply


def check_reply(operation: Operation, reply: Reply | None, path: str) -> None:
    """Errors: `MisfitError` where the operation is not answered by such a reply."""
    kinds = REPLIES[type(operation)]
    if isinstance(operation, GuestAccess) and not operation.may_use_spte:
        kinds = (*kinds, given.GuestPageFault)
    if reply is None or type(reply) not in kinds:
        words = " or ".join(kind.__name__ for kind in kinds)
        came = None if reply is None else type(reply).__name__
        refuse(f"{words} for a {type(operation).__name__}", came, path)


def told_by(point: Point) -> list[object]:
    """The fields of a point but its thread, in their order."""
    return [getattr(point, name) for name in NAMES[type(point)]]


def as_asked(operation: Operation) -> Operation:
    """As the method is given it: an access by software has no root."""
    if isinstance(operation, GuestAccess) and not operation.may_use_spte:
        return replace(operation, direct=True, root=0)
    return operation
