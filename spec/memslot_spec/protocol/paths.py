"""Is a history a path of the protocol?

A history is followed event by event, with every state in which the protocol may
be by then. What the protocol does not speak of is passed over: slot bitmaps, the
lists of reverse maps, ageing, what introspection shows. Three things are held to
a rule instead of a step, because an implementation does them when it likes:

- a table is read by whoever has loaded it in its section, holds the lock, or
  destroys the VM, which is alone with it;
- a table is written by the holder of the lock, where no reader can hold it;
- a table is reclaimed by the holder of the lock, or by whoever destroys the VM, from
  the step on at which the protocol reclaims it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from memslot_spec.history.events import Call, Event, Finished, Return
from memslot_spec.history.points.mmu import (
    Flushed,
    RmapIndexed,
    RmapUse,
    ShadowPageCreated,
    ShadowPageZapped,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
)
from memslot_spec.history.words import describe_event
from memslot_spec.model.operations import DestroyVm
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import ANNOUNCED
from memslot_spec.protocol.state import ENTRIES_PER_PAGE, State, Thread

RULED = (TableRead, TableWritten, TableReclaimed)
"""What is held to a rule. Steps that announce it are taken in silence."""


@dataclass(frozen=True, slots=True)
class Path:
    """How far a history is a path of the protocol.

    `followed` counts the events up to where it leaves, and `why` says what the
    protocol would have allowed; None where it never leaves.
    """

    followed: int
    why: str | None = None

    @property
    def is_whole(self) -> bool:
        """The whole history is a path."""
        return self.why is None


def path_of(protocol: Protocol, events: Iterable[Event]) -> Path:
    """Follow a history from a VM that has just been created."""
    follower = _Follower(protocol)
    number = 0
    for number, event in enumerate(events, 1):
        why = follower.follow(event)
        if why is not None:
            return Path(number - 1, why)
    return Path(number)


class _Follower:
    """The states in which the protocol may be, and what the history calls things.

    `versions` gives for the handle of a table its version, `frames` the frame
    that each shadow page begins with or each spte maps.
    """

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.states: frozenset[State] = frozenset({State(())})
        self.versions: dict[int, int] = {}
        self.taken: set[int] = set()
        self.places: dict[tuple[int, int], int] = {}
        self.pages: dict[int, int] = {}

    def follow(self, event: Event) -> str | None:
        """Go on with an event; the answer is why that cannot be."""
        if isinstance(event, Finished):
            return self._finish(event)
        if not _is_spoken_of(event):
            return None
        if isinstance(event, Call):
            return self._call(event)
        if isinstance(event, TableRead | TableWritten | TableReclaimed):
            return self._hold_to_rule(event)
        return self._step(event)

    def _finish(self, event: Finished) -> str | None:
        if any(state.unfinished == event.stuck for state in self.states):
            if not event.stuck:
                return None
            return "in the protocol nobody waits for ever"
        return "somebody is not done"

    def _call(self, event: Call) -> str | None:
        if not self.protocol.speaks_of(event.operation):
            return f"the protocol does not speak of {type(event.operation).__name__}"
        self.states = frozenset(
            _with_task(state, event) for state in self.states if _is_idle(state, event)
        )
        return self._step(event)

    def _hold_to_rule(
        self, event: TableRead | TableWritten | TableReclaimed
    ) -> str | None:
        kept = frozenset(s for s in self._closed(event.thread) if self._may(s, event))
        if not kept:
            return f"T{event.thread} may not: {describe_event(event)}"
        self.states = kept
        if isinstance(event, TableReclaimed):
            self.taken.add(event.table)
        return None

    def _may(
        self, state: State, event: TableRead | TableWritten | TableReclaimed
    ) -> bool:
        thread = state.threads[event.thread]
        has_lock = state.update_lock == event.thread
        has_vm = not thread.is_done and isinstance(thread.operation, DestroyVm)
        version = self.versions.get(event.table)
        if isinstance(event, TableWritten):
            return has_lock and (version is None or version in state.reclaimed)
        if isinstance(event, TableReclaimed):
            fresh = event.table not in self.taken
            return (has_lock or has_vm) and fresh and version in state.reclaimed
        loaded = thread.held is not None and version in {thread.table, thread.again}
        return event.table not in self.taken and (loaded or has_lock or has_vm)

    def _step(self, event: Event) -> str | None:
        after: set[State] = set()
        allowed: dict[str, None] = {}
        for state in self._closed(event.thread):
            for _, move in self.protocol.moves(state, event.thread):
                if move.event is None or isinstance(move.event, RULED):
                    continue
                if self._agree(move.event, event, state):
                    after.add(move.state)
                else:
                    allowed[describe_event(move.event)] = None
        if not after:
            words = " or ".join(allowed) or "has to wait"
            return f"T{event.thread}: {describe_event(event)}; the protocol: {words}"
        self._note(event)
        self.states = frozenset(self._watched(after))
        return None

    def _closed(self, me: int) -> frozenset[State]:
        """The states after any of the thread's steps that announce nothing."""
        met = {s for s in self.states if me < len(s.threads)}
        waiting = list(met)
        while waiting:
            for after in self._silent(waiting.pop(), me):
                if after not in met:
                    met.add(after)
                    waiting.append(after)
        return frozenset(met)

    def _silent(self, state: State, me: int) -> Iterator[State]:
        for _, move in self.protocol.moves(state, me):
            if move.event is None or isinstance(move.event, RULED):
                yield move.state

    def _watched(self, states: Iterable[State]) -> Iterator[State]:
        """The states, and those after a wait that announces nothing.

        What it waits for may be true now and not any more at the thread's next
        event.
        """
        met = set(states)
        waiting = list(met)
        while waiting:
            state = waiting.pop()
            yield state
            for me in range(len(state.threads)):
                for step, move in self.protocol.moves(state, me):
                    is_wait = move.event is None and not step.local
                    if is_wait and move.state not in met:
                        met.add(move.state)
                        waiting.append(move.state)

    def _note(self, event: Event) -> None:
        """Remember what the history calls what it has just made."""
        match event:
            case TablePublished():
                newest = next(iter(self.states)).newest + 1
                self.versions[event.table] = newest
                self.taken.discard(event.table)
            case TableLoaded():
                self.versions.setdefault(event.table, 0)
            case ShadowPageCreated():
                self.pages[event.page] = event.gfn
            case SpteMapped():
                self.places[event.page, event.index] = event.gfn
            case _:
                pass

    def _agree(self, mine: Event, theirs: Event, state: State) -> bool:
        """What the protocol announces is what the history says."""
        if type(mine) is not type(theirs):
            return False
        match mine, theirs:
            case TableLoaded(), TableLoaded():
                return mine.table == self.versions.get(theirs.table, 0)
            case TablePublished(), TablePublished():
                version = self.versions.get(theirs.table)
                is_free = version is None or version in state.reclaimed
                return is_free and mine.slots == theirs.slots
            case Flushed(), Flushed():
                return mine.slot_id is None or mine.slot_id == theirs.slot_id
            case _:
                return self._agree_on_shadow(mine, theirs)

    def _agree_on_shadow(self, mine: Event, theirs: Event) -> bool:
        """The same for sptes and shadow pages, and for all that has no handle."""
        match mine, theirs:
            case ShadowPageCreated(), ShadowPageCreated():
                return theirs.direct and mine.gfn == theirs.gfn
            case ShadowPageZapped(), ShadowPageZapped():
                return mine.page * ENTRIES_PER_PAGE == self.pages.get(theirs.page)
            case SpteMapped(), SpteMapped():
                same = mine.gfn == theirs.gfn and mine.hva == theirs.hva
                return same and mine.table == self.versions.get(theirs.table, 0)
            case SpteRemoved(), SpteRemoved():
                gfn = self.places.get((theirs.page, theirs.index))
                return gfn == mine.page * ENTRIES_PER_PAGE + mine.index
            case RmapIndexed(), RmapIndexed():
                return (mine.gfn, mine.slot_id) == (theirs.gfn, theirs.slot_id)
            case _:
                return mine == theirs


def _is_spoken_of(event: Event) -> bool:
    """The protocol has a step, or a rule, for events of this kind."""
    if isinstance(event, RmapIndexed):
        return event.use is RmapUse.REMOVE
    return isinstance(event, (Call, Return, *ANNOUNCED))


def _is_idle(state: State, event: Call) -> bool:
    """The thread has answered whatever it was asked before."""
    return event.thread >= len(state.threads) or state.threads[event.thread].is_done


def _with_task(state: State, event: Call) -> State:
    """The state in which the thread has this to do."""
    missing = event.thread + 1 - len(state.threads)
    state = state._replace(threads=state.threads + (Thread(),) * missing)
    return state.with_thread(event.thread, Thread((event.operation,)))
