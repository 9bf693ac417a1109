"""Programs of the protocol with steps left out, moved, or replaced by wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from memslot_spec.arithmetic.sizing import tss_base
from memslot_spec.history.points.mmu import RmapIndexed
from memslot_spec.history.points.tables import (
    TableLoaded,
    TableRead,
    TableWritten,
    UpdateLocked,
)
from memslot_spec.model.operations import GfnToMemslot, SetRegion
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import (
    Accessed,
    FoundHva,
    Mmio,
    Number,
    Refused,
    Reply,
    Retry,
)
from memslot_spec.model.values import Hva, Slot
from memslot_spec.protocol import fault_steps, shadow_steps, steps
from memslot_spec.protocol.programs import (
    DESTROY,
    GRACE_PERIOD,
    UNMAP,
    UPDATE,
    Program,
    Step,
)
from memslot_spec.protocol.state import State
from memslot_spec.protocol.steps import Act, Move, Promises

BEGIN = [step.name for step in UPDATE].index("begin")
OVER = BEGIN + len(GRACE_PERIOD)
UNDER_MMU_LOCK: Program = (
    *UPDATE[:BEGIN],
    Step("lock mmu first", shadow_steps.lock_mmu),
    *UPDATE[BEGIN:OVER],
    Step("unlock mmu again", shadow_steps.unlock_mmu),
    *UPDATE[OVER:],
)
"""An update that waits for readers under the lock over shadow state."""

NOTIFIER_LOCKS: Program = (
    UNMAP[0],
    Step("lock updates", steps.lock_updates),
    *UNMAP[1:-1],
    Step("unlock updates", steps.unlock_updates),
    UNMAP[-1],
)
"""A notifier that keeps updates away."""


def without(program: Program, *names: str) -> Program:
    """The program with these steps left out."""
    assert set(names) <= {step.name for step in program}
    return tuple(step for step in program if step.name not in names)


def moved(program: Program, names: tuple[str, ...], before: str) -> Program:
    """The program with these steps somewhere else."""
    taken = tuple(step for step in program if step.name in names)
    left = without(program, *names)
    at = [step.name for step in left].index(before)
    return (*left[:at], *taken, *left[at:])


def twice(program: Program, name: str) -> Program:
    """The program with this step made once more."""
    (step,) = (step for step in program if step.name == name)
    at = program.index(step)
    return (*program[:at], step, *program[at:])


RECLAIMS_TWICE = twice(DESTROY, "reclaim last")
DESTROYS_TWICE = twice(DESTROY, "destroy domain")


def doing(program: Program, name: str, act: Act) -> Program:
    """The program with another act in the place of a step's."""
    assert name in {step.name for step in program}
    return tuple(replace(s, act=act) if s.name == name else s for s in program)


def go_to(name: str) -> Act:
    """A step that only says where to go on."""

    def go(_: Promises, state: State, me: int) -> Iterator[Move]:
        del me
        yield Move(state, to=name)

    return go


def never_on(_: Promises, state: State, me: int) -> Iterator[Move]:
    """A step that nobody wakes the thread from."""
    del state, me
    yield from ()


def flush_or(name: str) -> Act:
    """Where an update goes on that has nothing to flush."""

    def go(promises: Promises, state: State, me: int) -> Iterator[Move]:
        for move in steps.flush_if_invalid(promises, state, me):
            yield move._replace(to=name) if move.to else move

    return go


def last_table_only(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """No INVALID step."""
    for move in steps.choose_outcome(promises, state, me):
        thread = move.state.threads[me]
        last = thread._replace(ahead=thread.ahead[-1:])
        yield move._replace(state=move.state.with_thread(me, last))


def never_back(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """No rollback: a request that fails has published INVALID and nothing else."""
    for move in steps.choose_outcome(promises, state, me):
        thread = move.state.threads[me]
        if isinstance(thread.reply, Refused):
            thread = thread._replace(ahead=thread.ahead[:1])
        yield move._replace(state=move.state.with_thread(me, thread))


def back_to_nothing(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """A request that fails puts back a table without its slot."""
    for move in steps.choose_outcome(promises, state, me):
        thread = move.state.threads[me]
        if isinstance(thread.reply, Refused) and thread.ahead:
            window = thread.ahead[0]
            thread = thread._replace(ahead=(window, window.without(0, 0)))
        yield move._replace(state=move.state.with_thread(me, thread))


def everything_twice(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """Two equal tables are published where there is one to publish."""
    for move in steps.choose_outcome(promises, state, me):
        thread = move.state.threads[me]
        doubled = thread._replace(ahead=thread.ahead * 2)
        yield move._replace(state=move.state.with_thread(me, doubled))


def wait_for_last_only(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """A grace period after the last table only."""
    if state.threads[me].ahead:
        yield Move(state, to="read current")
    else:
        yield from steps.begin_grace_period(promises, state, me)


def overlapping(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The new slot is put in without a look at the others."""
    for move in steps.choose_outcome(promises, state, me):
        thread = state.threads[me]
        request = thread.operation
        if move.state.threads[me].ahead or not isinstance(request, SetRegion):
            yield move
            continue
        region = request.region
        slot = Slot(region.slot, region.base, region.npages, Hva(region.userspace_addr))
        table = state.current.with_slot(slot)
        chosen = thread._replace(ahead=(table,))
        yield Move(state.with_thread(me, chosen), move.event)


def lock_at_once(_: Promises, state: State, me: int) -> Iterator[Move]:
    """Whoever holds the lock."""
    yield Move(state._replace(update_lock=me), UpdateLocked(me))


def edit_in_place(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The table that readers have is written to."""
    yield Move(state, TableWritten(me, state.newest))


def load_older(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The table before the one that is current."""
    older = state.newest - 1
    thread = state.threads[me]._replace(again=older)
    yield Move(state.with_thread(me, thread), TableLoaded(me, older))


def load_remembered(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """One kind of lookup uses the table before the one that is current."""
    thread, older = state.threads[me], state.newest - 1
    if isinstance(thread.operation, GfnToMemslot):
        loaded = thread._replace(table=older)
        yield Move(state.with_thread(me, loaded), TableLoaded(me, older))
    else:
        yield from steps.load_table(promises, state, me)


def look_up_torn(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The base of slot 0 in one table, and its size in another."""
    thread = state.threads[me]
    slot, now = state.tables[thread.table or 0].find(0, 0), state.current.find(0, 0)
    base, npages = slot.base if slot else 0, now.npages if now else 0
    for move in steps.look_up(promises, state, me):
        torn = move.state.threads[me]._replace(reply=Number(tss_base(base, npages)))
        yield move._replace(state=move.state.with_thread(me, torn))


def look_up_nothing(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """No frame resolves while some slot is INVALID."""
    for move in steps.look_up(promises, state, me):
        thread = move.state.threads[me]
        if any(slot.invalid for slot in state.tables[thread.table or 0]):
            thread = thread._replace(reply=FoundHva(None))
        yield move._replace(state=move.state.with_thread(me, thread))


def faulting(when: str, act: str) -> Act:
    """A fault whose slot is `invalid` or `absent` does something else."""

    def look_up(promises: Promises, state: State, me: int) -> Iterator[Move]:
        thread = state.threads[me]
        gfn = getattr(thread.operation, "gfn", 0)
        slot = gfn_to_memslot(state.tables[thread.table or 0], gfn)
        is_invalid = slot is not None and slot.invalid
        if (when == "invalid") != is_invalid or (when == "absent") != (slot is None):
            yield from fault_steps.look_up_fault(promises, state, me)
            return
        read = TableRead(me, thread.table or 0, "slots")
        if act in {"map", "retry", "wait until valid"}:
            yield Move(state, read, None if act == "map" else act)
            return
        replies: dict[str, Reply] = {
            "mmio": Mmio(),
            "again": Retry(),
            "reach": Accessed(0x1001000),
        }
        given = thread._replace(reply=replies[act])
        yield Move(state.with_thread(me, given), read, "leave section")

    return look_up


def unmap_valid_only(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The walk passes INVALID slots over."""
    slot = state.tables[state.threads[me].table or 0].find(0, 0)
    if slot is not None and slot.invalid:
        yield Move(state, to="unlock mmu")
    else:
        yield from shadow_steps.unmap_next(promises, state, me)


def index_valid_only(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The lookup of `rmap_remove` hides INVALID slots."""
    for move in shadow_steps.index_rmap(promises, state, me):
        slot = state.tables[state.threads[me].again or 0].find(0, 0)
        event = move.event
        if slot is not None and slot.invalid and isinstance(event, RmapIndexed):
            event = replace(event, slot_id=None)
        yield move._replace(event=event)


def flush_nothing(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The flush is over before it has begun."""
    empty = state._replace(sptes=())
    for move in shadow_steps.flush_next(promises, empty, me):
        if move.to == "unlock mmu":
            yield move._replace(state=move.state._replace(sptes=state.sptes))


ENTRY = ("take index", "raise counter")
WAIT = tuple(step.name for step in GRACE_PERIOD)
FLUSH = (
    "lock mmu",
    "next spte",
    "load for rmap",
    "read for rmap",
    "index rmap",
    "clear spte",
    "go on",
    "unlock mmu",
)
