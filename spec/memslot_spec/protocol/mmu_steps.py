"""The steps of the guest and of the host: faults, flushes, unmaps, the end.

All shadow state is changed under `mmu_lock`, which is taken inside a read section
or by an updater.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.points.mmu import (
    Flushed,
    MmuLocked,
    MmuUnlocked,
    RmapIndexed,
    RmapUse,
    ShadowPageCreated,
    ShadowPageZapped,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GuestEntered,
    Retried,
    Slept,
)
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.operations import GuestAccess, SetRegion, UnmapHva
from memslot_spec.model.profile import WindowAccess
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Accessed, Mmio, Reply, Retry
from memslot_spec.model.updates import target_of
from memslot_spec.model.values import Slot
from memslot_spec.protocol.state import ENTRIES_PER_PAGE, Spte, State, Thread
from memslot_spec.protocol.steps import Move, Promises, returned, take_index

# The lock over all shadow state.


def lock_mmu(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`mmu_lock`."""
    if state.mmu_lock is None:
        yield Move(state._replace(mmu_lock=me), MmuLocked(me))


def unlock_mmu(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The shadow state is at rest."""
    yield Move(state._replace(mmu_lock=None), MmuUnlocked(me))


# A guest access, and the fault that may come of it.


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
            # Today a note may be left that the frame is MMIO.
            noting = thread._replace(reply=Mmio())
            yield Move(state.with_thread(me, noting), read)
    elif not slot.invalid:
        yield Move(state, read)
    elif promises.profile.window_access is WindowAccess.MMIO:
        yield _give_up(state, me, Mmio(), read)
    else:
        # Today the access is made again, by the caller or by the vCPU.
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
    """What another fault has mapped here meanwhile goes first."""
    spte = state.spte_of(_gfn(state, me))
    if spte is None:
        yield Move(state, to="map frame")
    else:
        yield _dooms(state, me, spte)


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


# How one spte goes.


def _dooms(state: State, me: int, spte: Spte) -> Move:
    return Move(state.with_thread(me, state.threads[me]._replace(doomed=spte)))


def load_for_rmap(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`rmap_remove` loads the table afresh ..."""
    thread = state.threads[me]._replace(again=state.newest)
    yield Move(state.with_thread(me, thread), TableLoaded(me, state.newest))


def read_for_rmap(_: Promises, state: State, me: int) -> Iterator[Move]:
    """... to find the slot of the frame in it ..."""
    yield Move(state, TableRead(me, state.threads[me].again or 0, "slots"))


def index_rmap(_: Promises, state: State, me: int) -> Iterator[Move]:
    """... and has to find it, INVALID or not."""
    thread = state.threads[me]
    gfn = thread.doomed.gfn if thread.doomed else 0
    slot = gfn_to_memslot(state.tables[thread.again or 0], gfn)
    slot_id, base = (None, 0) if slot is None else (slot.id, slot.base)
    yield Move(
        state, RmapIndexed(me, RmapUse.REMOVE, slot_id, base, 1, gfn, gfn - base)
    )


def clear_spte(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The spte is gone."""
    thread = state.threads[me]
    doomed = thread.doomed
    if doomed is None:
        return
    cleared = state.with_thread(me, thread._replace(doomed=None, again=None))
    left = tuple(spte for spte in state.sptes if spte != doomed)
    yield Move(cleared._replace(sptes=left), SpteRemoved(me, doomed.page, doomed.place))


def go_on(_: Promises, state: State, me: int) -> Iterator[Move]:
    """Back to whatever spte is the next one to go."""
    del me
    yield Move(state, to="next spte")


# Whose sptes go.


def flush_next(_: Promises, state: State, me: int) -> Iterator[Move]:
    """One more spte or empty page goes, or the slot has no spte left.

    More than the slot may be flushed: v2.6.34 zaps everything.
    """
    request = state.threads[me].operation
    if not isinstance(request, SetRegion):
        return
    yield from _dooms_any(state, me)
    slot = target_of(state.current, request.region)
    if slot is None or not any(slot.covers(spte.gfn) for spte in state.sptes):
        which = slot.id if slot is not None and state.sptes else None
        yield Move(state, Flushed(me, which), "unlock mmu")


def zap_next(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The VM is at its end: everything goes."""
    yield from _dooms_any(state, me)
    if not state.sptes and not state.pages:
        yield Move(state, to="unlock mmu")


def _dooms_any(state: State, me: int) -> Iterator[Move]:
    for spte in state.sptes:
        yield _dooms(state, me, spte)
    used = {spte.page for spte in state.sptes}
    for page in state.pages:
        if page not in used:
            left = tuple(p for p in state.pages if p != page)
            zapped = ShadowPageZapped(me, page)
            yield Move(state._replace(pages=left), zapped, "next spte")


def begin_unmap(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The table is loaded for the walk; faults under way have to look again."""
    threads = tuple(
        thread._replace(stale=True)
        if number != me and thread.table is not None and _faults(thread)
        else thread
        for number, thread in enumerate(state.threads)
    )
    mine = threads[me]._replace(table=state.newest)
    warned = state._replace(threads=threads).with_thread(me, mine)
    yield Move(warned, TableLoaded(me, state.newest))


def _faults(thread: Thread) -> bool:
    return bool(thread.todo) and isinstance(thread.operation, GuestAccess)


def unmap_next(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The spte of the host page goes, if a slot of the table has it, INVALID or not."""
    operation = state.threads[me].operation
    if not isinstance(operation, UnmapHva):
        return
    page = operation.hva >> PAGE_SHIFT
    table = state.tables[state.threads[me].table or 0]
    met = tuple(
        spte
        for spte in state.sptes
        if spte.hva >> PAGE_SHIFT == page and gfn_to_memslot(table, spte.gfn)
    )
    for spte in met:
        yield _dooms(state, me, spte)
    if not met:
        yield Move(state, to="unlock mmu")


# Sleep, and the end of the VM.


def sleep(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The vCPU waits for an interrupt, outside any read section."""
    yield Move(state, Slept(me))


def destroy_domain(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`cleanup_srcu_struct`: nobody can be inside."""
    yield Move(state, DomainDestroyed(me))
