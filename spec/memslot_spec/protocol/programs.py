"""Which step follows which: one program for each kind of operation.

Read a program downwards: it is what the thread does. Between two steps another
thread may run. After a `local` one it need not: the step changes nothing that
another thread reads and reads nothing that another changes, so whoever runs in
between could as well have run before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from memslot_spec.model.operations import (
    DestroyVm,
    GuestAccess,
    Halt,
    Operation,
    SetRegion,
    TableReader,
    UnmapHva,
)
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.protocol import fault_steps as faults
from memslot_spec.protocol import shadow_steps as shadow
from memslot_spec.protocol import steps
from memslot_spec.protocol.state import State
from memslot_spec.protocol.steps import END, Act, Move, Promises


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program: its name there, what it does, whether it is local."""

    name: str
    act: Act
    local: bool = False


Program = tuple[Step, ...]


def _local(name: str, act: Act) -> Step:
    return Step(name, act, local=True)


ENTER: Program = (
    Step("take index", steps.take_index),
    Step("raise counter", steps.raise_counter),
)
GRACE_PERIOD: Program = (
    Step("begin", steps.begin_grace_period),
    Step("wait for other", steps.wait_for_other),
    Step("flip", steps.flip_index),
    Step("wait for old", steps.wait_for_old),
)
DROP_SPTE: Program = (
    Step("load for rmap", shadow.load_for_rmap),
    _local("read for rmap", shadow.read_for_rmap),
    _local("index rmap", shadow.index_rmap),
    Step("clear spte", shadow.clear_spte),
)

UPDATE: Program = (
    Step("call", steps.call),
    Step("lock updates", steps.lock_updates),
    _local("load table", steps.load_table),
    _local("choose outcome", steps.choose_outcome),
    _local("read current", steps.read_current),
    _local("write copy", steps.write_copy),
    Step("publish", steps.publish),
    *GRACE_PERIOD,
    _local("flush if invalid", steps.flush_if_invalid),
    Step("lock mmu", shadow.lock_mmu),
    _local("next spte", shadow.flush_next),
    *DROP_SPTE,
    _local("go on", shadow.go_on),
    Step("unlock mmu", shadow.unlock_mmu),
    Step("reclaim", steps.reclaim),
    _local("publish next", steps.publish_next),
    Step("unlock updates", steps.unlock_updates),
    Step("return", steps.give_reply),
)

LOOKUP: Program = (
    _local("call", steps.call),
    *ENTER,
    Step("load table", steps.load_table),
    _local("look up", steps.look_up),
    Step("leave section", steps.leave_section),
    Step("return", steps.give_reply),
)

FAULT: Program = (
    _local("call", steps.call),
    _local("enter guest", faults.enter_guest),
    Step("access", faults.access),
    *ENTER,
    Step("load table", steps.load_table),
    _local("look up", faults.look_up_fault),
    Step("lock mmu", shadow.lock_mmu),
    _local("check stale", faults.check_stale),
    _local("make page", faults.make_page),
    _local("make way", faults.make_way),
    *DROP_SPTE,
    _local("map frame", faults.map_frame),
    Step("unlock mmu", shadow.unlock_mmu),
    Step("leave section", steps.leave_section),
    _local("try again", faults.try_again),
    _local("retry", faults.retry),
    Step("wait until valid", faults.wait_until_valid),
    Step("return", steps.give_reply),
)

UNMAP: Program = (
    _local("call", steps.call),
    *ENTER,
    Step("lock mmu", shadow.lock_mmu),
    Step("load table", shadow.begin_unmap),
    _local("look up", steps.look_up),
    _local("next spte", shadow.unmap_next),
    *DROP_SPTE,
    _local("go on", shadow.go_on),
    Step("unlock mmu", shadow.unlock_mmu),
    Step("leave section", steps.leave_section),
    Step("return", steps.give_reply),
)

HALT: Program = (
    _local("call", steps.call),
    *ENTER,
    Step("leave section", steps.leave_section),
    _local("sleep", steps.sleep),
    Step("take index again", steps.take_index),
    Step("raise counter again", steps.raise_counter),
    Step("leave section again", steps.leave_section),
    Step("return", steps.give_reply),
)

DESTROY: Program = (
    _local("call", steps.call_when_alone),
    *ENTER,
    Step("lock mmu", shadow.lock_mmu),
    _local("next spte", shadow.zap_next),
    *DROP_SPTE,
    _local("go on", shadow.go_on),
    Step("unlock mmu", shadow.unlock_mmu),
    Step("leave section", steps.leave_section),
    _local("load last", steps.load_table),
    _local("reclaim last", steps.reclaim_last),
    _local("destroy domain", steps.destroy_domain),
    Step("return", steps.give_reply),
)


@dataclass(frozen=True)
class Programs:
    """What each kind of operation does."""

    update: Program = UPDATE
    lookup: Program = LOOKUP
    fault: Program = FAULT
    unmap: Program = UNMAP
    halt: Program = HALT
    destroy: Program = DESTROY

    def of(self, operation: Operation) -> Program:
        """The program of this operation. Errors: `ValueError` where it has none."""
        match operation:
            case SetRegion():
                return self.update
            case GuestAccess():
                return self.fault
            case UnmapHva():
                return self.unmap
            case Halt():
                return self.halt
            case DestroyVm():
                return self.destroy
            case _ if isinstance(operation, TableReader):
                return self.lookup
            case _:
                message = f"the protocol does not speak of {type(operation).__name__}"
                raise ValueError(message)


class Protocol:
    """The transition system of one version: states, and the steps between them."""

    def __init__(
        self, profile: Profile, limits: Limits, programs: Programs | None = None
    ) -> None:
        """The protocol as this profile promises it; `programs` may plant a bug."""
        self.promises = Promises(profile, limits)
        self.programs = programs or Programs()
        self._of: dict[type[Operation], tuple[Program, Mapping[str, int]]] = {}

    def speaks_of(self, operation: Operation) -> bool:
        """There is a program for the operation."""
        try:
            self.programs.of(operation)
        except ValueError:
            return False
        return True

    def moves(self, state: State, me: int) -> Iterator[tuple[Step, Move]]:
        """Each way in which this thread can take its next step."""
        thread = state.threads[me]
        if not thread.todo:
            return
        program, places = self._program(thread.todo[0])
        step = program[thread.at]
        for move in step.act(self.promises, state, me):
            yield step, self._placed(move, me, thread.at, places)

    def _program(self, operation: Operation) -> tuple[Program, Mapping[str, int]]:
        kind = type(operation)
        if kind not in self._of:
            program = self.programs.of(operation)
            self._of[kind] = program, {s.name: n for n, s in enumerate(program)}
        return self._of[kind]

    @staticmethod
    def _placed(move: Move, me: int, at: int, places: Mapping[str, int]) -> Move:
        """The move with its thread at the step that comes next."""
        if move.to == END:
            return move
        after = at + 1 if move.to is None else places[move.to]
        thread = move.state.threads[me]._replace(at=after)
        return move._replace(state=move.state.with_thread(me, thread))
