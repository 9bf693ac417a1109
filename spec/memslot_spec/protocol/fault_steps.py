"""The steps of a guest access, and of the fault that may come of it."""

from __future__ import annotations

from collections.abc import Iterator

from memslot_spec.history.points.mmu import ShadowPageCreated, SpteMapped
from memslot_spec.history.points.srcu import GuestEntered, Retried
from memslot_spec.history.points.tables import TableRead
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import WindowAccess
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Accessed, Mmio, Reply, Retry
from memslot_spec.model.values import Slot
from memslot_spec.protocol.shadow_steps import doom
from memslot_spec.protocol.state import ENTRIES_PER_PAGE, Spte, State, Thread
from memslot_spec.protocol.steps import Move, Promises, returned, take_index


def enter_guest(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The guest runs, outside any read section."""
    yield Move(state, GuestEntered(me))


def access(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The access gets through by an spte; where there is none, it faults."""
    spte = state.spte_of(_gfn(state, me))
    if spte is not None:
        yield returned(state, me, Accessed(spte.hva))
        return
    for move in take_index(promises, state, me):
        yield move._replace(to="raise counter")


def look_up_fault(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The slot of the frame decides: MMIO, once more, or a mapping."""
    thread = state.threads[me]
    read = TableRead(me, thread.table or 0, "slots")
    slot = _slot(state, me)
    if slot is None or (not slot.invalid and _may_not_write(thread, slot)):
        yield _give_up(state, me, Mmio(), read)
        if promises.profile.has_generations:
            # Today the frame may be cached as MMIO.
            caching = thread._replace(reply=Mmio())
            yield Move(state.with_thread(me, caching), read)
    elif not slot.invalid:
        yield Move(state, read)
    elif promises.profile.window_access is WindowAccess.MMIO:
        yield _give_up(state, me, Mmio(), read)
    else:
        # Today the fault is retried, by the caller or by the vCPU.
        yield _give_up(state, me, Retry(), read)
        yield _give_up(state, me, None, read)


def check_stale(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`mmu_notifier_retry`: is the page still the one that was looked up?"""
    thread = state.threads[me]
    nothing_to_map = thread.stale or thread.reply is not None
    yield Move(state, to="unlock mmu" if nothing_to_map else None)


def make_page(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """A shadow page for the frame, unless there is one."""
    page = _gfn(state, me) // ENTRIES_PER_PAGE
    if page in state.pages:
        yield Move(state)
        return
    pages = tuple(sorted((*state.pages, page)))
    bits = promises.limits.user_slots + promises.profile.private_slots
    first = page * ENTRIES_PER_PAGE
    created = ShadowPageCreated(me, page, first, direct=True, capacity=bits)
    yield Move(state._replace(pages=pages), created)


def make_way(_: Promises, state: State, me: int) -> Iterator[Move]:
    """What another fault has mapped here meanwhile is removed first."""
    spte = state.spte_of(_gfn(state, me))
    if spte is None:
        yield Move(state, to="map frame")
    else:
        yield doom(state, me, spte)


def map_frame(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The frame is mapped to where the slot that was looked up has it."""
    thread, slot, gfn = state.threads[me], _slot(state, me), _gfn(state, me)
    if slot is None:
        return
    spte = Spte(gfn, slot.hva_of(gfn))
    mapped = state.with_thread(me, thread._replace(reply=Accessed(spte.hva)))
    yield Move(
        mapped._replace(sptes=tuple(sorted((*state.sptes, spte)))),
        SpteMapped(
            me,
            spte.page,
            spte.place,
            gfn,
            level=1,
            writable=not slot.readonly,
            hva=spte.hva,
            table=thread.table or 0,
        ),
    )


def try_again(_: Promises, state: State, me: int) -> Iterator[Move]:
    """An access that came to nothing is made again, outside the section."""
    thread = state.threads[me]
    slot = _slot(state, me)
    if thread.reply is not None:
        yield Move(state, to="return")
    elif slot is not None and slot.invalid:
        yield Move(state)
    else:
        yield Move(state.with_thread(me, Thread(thread.todo)), to="take index")


def retry(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`RET_PF_RETRY`: the slot was INVALID."""
    yield Move(state, Retried(me))


def wait_until_valid(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The guest would fault again and again: here it waits for the end of that."""
    slot = gfn_to_memslot(state.current, _gfn(state, me))
    if slot is None or not slot.invalid:
        fresh = state.with_thread(me, Thread(state.threads[me].todo))
        yield Move(fresh, to="enter guest")


def _gfn(state: State, me: int) -> int:
    operation = state.threads[me].operation
    return operation.gfn if isinstance(operation, GuestAccess) else 0


def _slot(state: State, me: int) -> Slot | None:
    return gfn_to_memslot(state.tables[state.threads[me].table or 0], _gfn(state, me))


def _may_not_write(thread: Thread, slot: Slot) -> bool:
    operation = thread.operation
    return slot.readonly and isinstance(operation, GuestAccess) and operation.write


def _give_up(state: State, me: int, reply: Reply | None, read: TableRead) -> Move:
    thread = state.threads[me]._replace(reply=reply)
    return Move(state.with_thread(me, thread), read, "leave section")
