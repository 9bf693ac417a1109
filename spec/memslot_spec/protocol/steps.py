"""The steps of read sections, of grace periods and of updates, one access each.

A step says what comes of taking it in a state: the next states, each with the
event that announces it. A step from which nothing comes has to wait; one from
which several things come leaves a choice. Which step follows which is told in
`programs`; `to` names another than the next one. The steps of a guest access are
in `fault_steps`, those that remove sptes in `shadow_steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    IndexFlipped,
    SectionEntered,
    SectionEntering,
    SectionLeft,
    Slept,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.model.operations import SetRegion, TableReader
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.readers import answer
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.updates import target_of
from memslot_spec.protocol.state import State, Thread

END = "end"
"""Where an operation goes that has answered."""


class Promises(NamedTuple):
    """What the steps must know of the version and the machine."""

    profile: Profile
    limits: Limits


class Move(NamedTuple):
    """What came of a step: the state after it, what it announced, where next."""

    state: State
    event: Event | None = None
    to: str | None = None


Act = Callable[[Promises, State, int], Iterator[Move]]
"""What comes of a step that a thread takes in a state."""


# Beginning and ending an operation.


def call(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The operation begins."""
    yield Move(state, Call(me, state.threads[me].operation))


def call_when_alone(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The operation begins when every other thread has done all it had to do."""
    if state.unfinished == (me,):
        yield Move(state, Call(me, state.threads[me].operation))


def give_reply(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The operation answers; the thread forgets all about it."""
    yield returned(state, me, state.threads[me].reply or Done())


def returned(state: State, me: int, reply: Reply) -> Move:
    """The operation of this thread is over, with this reply."""
    fresh = Thread(state.threads[me].todo[1:])
    return Move(state.with_thread(me, fresh), Return(me, reply), END)


# A read section: `srcu_read_lock` and `srcu_read_unlock`.


def take_index(_: Promises, state: State, me: int) -> Iterator[Move]:
    """Which counter to raise is read first ..."""
    thread = state.threads[me]._replace(held=state.active)
    yield Move(state.with_thread(me, thread), SectionEntering(me, state.active))


def raise_counter(_: Promises, state: State, me: int) -> Iterator[Move]:
    """... and raised later, when new readers may be raising the other one."""
    index = state.threads[me].held or 0
    yield Move(state.with_counter(index, +1), SectionEntered(me, index))


def load_table(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`rcu_dereference`: the table that is current now stays the thread's own."""
    thread = state.threads[me]._replace(table=state.newest)
    yield Move(state.with_thread(me, thread), TableLoaded(me, state.newest))


def look_up(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """A reader takes its answer from the table that it loaded."""
    thread = state.threads[me]
    operation, version = thread.operation, thread.table or 0
    if isinstance(operation, TableReader):
        reply = answer(state.tables[version], operation, *promises)
        thread = thread._replace(reply=reply)
    yield Move(state.with_thread(me, thread), TableRead(me, version, "slots"))


def leave_section(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The counter that was raised is lowered."""
    thread = state.threads[me]
    index = thread.held or 0
    outside = state.with_thread(me, thread._replace(held=None))
    yield Move(outside.with_counter(index, -1), SectionLeft(me, index))


# A grace period: `synchronize_srcu`.


def begin_grace_period(_: Promises, state: State, me: int) -> Iterator[Move]:
    """Whoever is in a section now is waited for."""
    yield Move(state, GracePeriodBegun(me))


def wait_for_other(_: Promises, state: State, __: int) -> Iterator[Move]:
    """Wait for readers who took the other index before the last flip, and were slow."""
    if state.counters[1 - state.active] == 0:
        yield Move(state)


def flip_index(_: Promises, state: State, me: int) -> Iterator[Move]:
    """New readers raise the other counter from here on."""
    flipped = state._replace(active=1 - state.active)
    yield Move(flipped, IndexFlipped(me, flipped.active))


def wait_for_old(_: Promises, state: State, me: int) -> Iterator[Move]:
    """Wait for the readers of before the flip; the grace period is over."""
    if state.counters[1 - state.active] == 0:
        yield Move(state, GracePeriodEnded(me))


# An update: `kvm_set_memory_region`.


def lock_updates(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`slots_lock`: one update at a time."""
    if state.update_lock is None:
        yield Move(state._replace(update_lock=me), UpdateLocked(me))


def choose_outcome(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """What will come of the request: each outcome that the plan allows.

    A delete publishes two tables, INVALID and absent; one that fails on its way
    publishes INVALID and then the old table again.
    """
    thread = state.threads[me]
    request, version = thread.operation, thread.table or 0
    if not isinstance(request, SetRegion):
        return
    for outcome in plan(
        state.tables[version],
        request.region,
        *promises,
        private=request.private,
        failure=request.failure,
    ):
        chosen = thread._replace(ahead=outcome.versions, reply=outcome.reply)
        yield Move(
            state.with_thread(me, chosen),
            TableRead(me, version, "slots"),
            None if outcome.versions else "unlock updates",
        )


def read_current(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The current table is copied ..."""
    yield Move(state, TableRead(me, state.newest, "slots"))


def write_copy(_: Promises, state: State, me: int) -> Iterator[Move]:
    """... and the copy, which nobody else can see, is changed."""
    yield Move(state, TableWritten(me, state.newest + 1))


def publish(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`rcu_assign_pointer`: the copy is the current table."""
    thread = state.threads[me]
    table = thread.ahead[0]
    published = state._replace(tables=(*state.tables, table))
    yield Move(
        published.with_thread(me, thread._replace(ahead=thread.ahead[1:])),
        TablePublished(me, published.newest, table),
    )


def flush_if_invalid(_: Promises, state: State, me: int) -> Iterator[Move]:
    """After the first of two tables there is a flush; else there is none."""
    request = state.threads[me].operation
    if isinstance(request, SetRegion):
        slot = target_of(state.current, request.region)
        window = slot is not None and slot.invalid
        yield Move(state, to=None if window else "reclaim")


def reclaim(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The table that was replaced is freed, or is edited next time."""
    replaced = state.newest - 1
    gone = state._replace(reclaimed=state.reclaimed | {replaced})
    yield Move(gone, TableReclaimed(me, replaced))


def publish_next(_: Promises, state: State, me: int) -> Iterator[Move]:
    """Once more from the copy on, if there is another table to publish."""
    yield Move(state, to="read current" if state.threads[me].ahead else None)


def unlock_updates(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The next update may begin."""
    yield Move(state._replace(update_lock=None), UpdateUnlocked(me))


# Sleep, and the end of the VM.


def sleep(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The vCPU waits for an interrupt, outside any read section."""
    yield Move(state, Slept(me))


def reclaim_last(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`kvm_free_memslots`: in no section, for nobody else has the VM any more."""
    last = state.newest
    gone = state._replace(reclaimed=state.reclaimed | {last})
    yield Move(gone, TableReclaimed(me, last))


def destroy_domain(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`cleanup_srcu_struct`: nobody can be inside."""
    yield Move(state, DomainDestroyed(me))
