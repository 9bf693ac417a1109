"""The steps that remove sptes and shadow pages: flushes, unmaps, the end of the VM.

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
    ShadowPageZapped,
    SpteRemoved,
)
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.operations import GuestAccess, SetRegion, UnmapHva
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.updates import target_of
from memslot_spec.protocol.state import Spte, State, Thread
from memslot_spec.protocol.steps import Move, Promises

# The lock over all shadow state.


def lock_mmu(_: Promises, state: State, me: int) -> Iterator[Move]:
    """`mmu_lock`."""
    if state.mmu_lock is None:
        yield Move(state._replace(mmu_lock=me), MmuLocked(me))


def unlock_mmu(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The shadow state is at rest."""
    yield Move(state._replace(mmu_lock=None), MmuUnlocked(me))


# How one spte is removed.


def doom(state: State, me: int, spte: Spte) -> Move:
    """The spte is the next one that this thread removes."""
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
    """The spte is cleared."""
    thread = state.threads[me]
    doomed = thread.doomed
    if doomed is None:
        return
    cleared = state.with_thread(me, thread._replace(doomed=None, again=None))
    left = tuple(spte for spte in state.sptes if spte != doomed)
    yield Move(cleared._replace(sptes=left), SpteRemoved(me, doomed.page, doomed.place))


def go_on(_: Promises, state: State, __: int) -> Iterator[Move]:
    """Back to whatever spte is the next one to remove."""
    yield Move(state, to="next spte")


# Which sptes are removed.


def flush_next(_: Promises, state: State, me: int) -> Iterator[Move]:
    """One more spte or empty page is removed, or the slot has no spte left.

    More than the slot may be flushed: v2.6.34 zaps everything.
    """
    request = state.threads[me].operation
    if not isinstance(request, SetRegion):
        return
    yield from _doom_any(state, me)
    slot = target_of(state.current, request.region)
    if slot is None or not any(slot.covers(spte.gfn) for spte in state.sptes):
        which = slot.id if slot is not None and state.sptes else None
        yield Move(state, Flushed(me, which), "unlock mmu")


def zap_next(_: Promises, state: State, me: int) -> Iterator[Move]:
    """The VM is at its end: every spte and page is removed."""
    yield from _doom_any(state, me)
    if not state.sptes and not state.pages:
        yield Move(state, to="unlock mmu")


def _doom_any(state: State, me: int) -> Iterator[Move]:
    for spte in state.sptes:
        yield doom(state, me, spte)
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
    """An spte of the host page is removed, if a slot has its frame, INVALID or not."""
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
        yield doom(state, me, spte)
    if not met:
        yield Move(state, to="unlock mmu")
