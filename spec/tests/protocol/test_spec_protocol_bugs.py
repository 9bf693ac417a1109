"""The search finds every bug planted in the protocol, by the clause's id.

A bug is a program with a step missing, moved, or replaced. Each clause about order
that the protocol can be held to has one here, so a fold that merged too much, or a
search that went past something, would be noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from memslot_spec.arithmetic.sizing import tss_base
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.points.mmu import RmapIndexed
from memslot_spec.history.points.tables import (
    TableLoaded,
    TableRead,
    TableWritten,
    UpdateLocked,
)
from memslot_spec.judge.applies import ApplicableClauses
from memslot_spec.judge.judge import judge_events
from memslot_spec.model.operations import GfnToMemslot, Operation, SetRegion, TssBase
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Profile
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
from memslot_spec.model.values import Hva, MemoryRegion, Slot
from memslot_spec.protocol import mmu_steps, races, steps
from memslot_spec.protocol.programs import (
    DESTROY,
    FAULT,
    GRACE_PERIOD,
    HALT,
    LOOKUP,
    UNMAP,
    UPDATE,
    Program,
    Programs,
    Protocol,
    Step,
)
from memslot_spec.protocol.search import Race, search
from memslot_spec.protocol.state import State
from memslot_spec.protocol.steps import Act, Move, Promises


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
            yield from mmu_steps.look_up_fault(promises, state, me)
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
        yield from mmu_steps.unmap_next(promises, state, me)


def index_valid_only(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The lookup of `rmap_remove` hides INVALID slots."""
    for move in mmu_steps.index_rmap(promises, state, me):
        slot = state.tables[state.threads[me].again or 0].find(0, 0)
        event = move.event
        if slot is not None and slot.invalid and isinstance(event, RmapIndexed):
            event = replace(event, slot_id=None)
        yield move._replace(event=event)


def flush_nothing(promises: Promises, state: State, me: int) -> Iterator[Move]:
    """The flush is over before it has begun."""
    empty = state._replace(sptes=())
    for move in mmu_steps.flush_next(promises, empty, me):
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

MAPPED = races.MAPPED
OVER_SLOT_0 = SetRegion(MemoryRegion(1, 18 << 12, 4 << 12, 0x2000000))


def race(*threads: Operation, prefix: tuple[Operation, ...] = MAPPED) -> Race:
    """One operation on each thread, and the end of the VM."""
    name = " | ".join(type(operation).__name__ for operation in threads)
    todo = tuple((operation,) for operation in threads)
    return Race(name, todo, prefix, races.RACES[0].after)


CREATE, DELETE, MOVE = races.CREATE_1, races.DELETE_0, races.MOVE_0
FAULT_17, FAULT_21 = races.FAULT_17, races.FAULT_21
READ_17, READ_21, UNMAP_17 = races.READ_17, races.READ_21, races.UNMAP_17
HALT_, PUT_0, TSS = races.HALT[1], races.CREATE_0, TssBase()


@dataclass(frozen=True, slots=True)
class Bug:
    """A clause, the programs that break it, and a race in which they do."""

    clause: str
    name: str
    programs: Programs
    race: Race
    profile: Profile = V2_6_34

    def __str__(self) -> str:
        return f"{self.clause}-{self.name}"


NO_GRACE = Programs(update=without(UPDATE, *WAIT))
NO_FLUSH = Programs(update=doing(UPDATE, "flush if invalid", go_to("reclaim")))
NO_INVALID = Programs(update=doing(UPDATE, "choose outcome", last_table_only))
RECLAIMS_FIRST = moved(UPDATE, ("reclaim",), "begin")
EARLY_RECLAIM = Programs(
    update=doing(RECLAIMS_FIRST, "flush if invalid", flush_or("publish next"))
)
FLUSHES_FIRST = moved(UPDATE, ("flush if invalid", *FLUSH), "begin")
EARLY_FLUSH = Programs(
    update=doing(FLUSHES_FIRST, "flush if invalid", flush_or("begin"))
)
OUTSIDE = moved(LOOKUP, ("load table",), "take index")
GUEST_INSIDE = doing(moved(FAULT, ENTRY, "enter guest"), "access", go_to("load table"))
SLEEPS_INSIDE = moved(HALT, ("sleep",), "leave section")
WAITS_INSIDE = (*LOOKUP[:3], *GRACE_PERIOD, *LOOKUP[3:])
LOCKS_INSIDE = (
    *LOOKUP[:3],
    Step("lock updates", steps.lock_updates),
    Step("unlock updates", steps.unlock_updates),
    *LOOKUP[3:],
)
PUBLISHES_TWICE = doing(
    doing(UPDATE, "choose outcome", everything_twice), "begin", wait_for_last_only
)
DESTROYS_INSIDE = moved(DESTROY, ("destroy domain",), "leave section")
DESTROYS_FIRST = moved(DESTROY, ("destroy domain",), "take index")
TWO = races.TWO_SLOTS


def fault(when: str, act: str) -> Programs:
    return Programs(fault=doing(FAULT, "look up", faulting(when, act)))


def update(name: str, act: Act) -> Programs:
    return Programs(update=doing(UPDATE, name, act))


def lookup(name: str, act: Act) -> Programs:
    return Programs(lookup=doing(LOOKUP, name, act))


BUGS = (
    Bug("SLOT-6", "overlap", update("choose outcome", overlapping), race(OVER_SLOT_0)),
    Bug("SLOT-7", "edits in place", update("write copy", edit_in_place), race(DELETE)),
    Bug("SRCU-1", "torn", lookup("look up", look_up_torn), race(PUT_0, TSS, prefix=())),
    Bug("SRCU-2", "early reclaim", EARLY_RECLAIM, race(CREATE, READ_21, prefix=())),
    Bug("SRCU-3", "outside", Programs(lookup=OUTSIDE), race(CREATE, READ_17)),
    Bug("SRCU-4", "no grace period", NO_GRACE, race(CREATE, prefix=())),
    Bug("SRCU-4", "early reclaim", EARLY_RECLAIM, race(CREATE, prefix=())),
    Bug(
        "SRCU-5",
        "single flip",
        Programs(update=without(UPDATE, "drain other")),
        race(DELETE, READ_17),
    ),
    Bug(
        "SRCU-6",
        "loads backwards",
        Programs(unmap=doing(UNMAP, "load for rmap", load_older)),
        race(UNMAP_17),
    ),
    Bug(
        "SRCU-7",
        "publishes twice",
        Programs(update=PUBLISHES_TWICE),
        race(CREATE, UNMAP_17),
    ),
    Bug(
        "SRCU-8",
        "two updaters",
        update("lock updates", lock_at_once),
        race(CREATE, DELETE),
    ),
    Bug(
        "SRCU-9",
        "unlocks first",
        Programs(update=moved(UPDATE, ("unlock updates",), "publish")),
        race(CREATE, prefix=()),
    ),
    Bug(
        "SRCU-10",
        "locks inside",
        Programs(lookup=LOCKS_INSIDE),
        race(CREATE, READ_17),
    ),
    Bug("SRCU-11", "waits inside", Programs(lookup=WAITS_INSIDE), race(READ_17)),
    Bug("SRCU-12", "guest inside", Programs(fault=GUEST_INSIDE), race(FAULT_17)),
    Bug("SRCU-13", "sleeps inside", Programs(halt=SLEEPS_INSIDE), race(HALT_)),
    Bug(
        "SRCU-15",
        "no section",
        Programs(lookup=without(LOOKUP, *ENTRY, "leave section")),
        race(CREATE, READ_17),
    ),
    Bug("SRCU-16", "destroys inside", Programs(destroy=DESTROYS_INSIDE), race()),
    Bug("SRCU-17", "destroys first", Programs(destroy=DESTROYS_FIRST), race()),
    Bug(
        "SRCU-18",
        "remembers",
        lookup("load table", load_remembered),
        race(CREATE, READ_17, races.FIND_17),
    ),
    Bug(
        "SRCU-19",
        "retries inside",
        fault("invalid", "retry"),
        race(DELETE, FAULT_17, prefix=TWO),
        LINUX,
    ),
    Bug("DEL-1", "no INVALID step", NO_INVALID, race(DELETE)),
    Bug("DEL-2", "flush before the wait", EARLY_FLUSH, race(DELETE)),
    Bug(
        "DEL-3",
        "neither wait nor flush",
        update("begin", wait_for_last_only),
        race(DELETE),
    ),
    Bug("DEL-4", "no flush", NO_FLUSH, race(DELETE)),
    Bug("DEL-5", "maps INVALID", fault("invalid", "map"), race(DELETE, FAULT_17)),
    Bug("DEL-6", "maps INVALID", fault("invalid", "map"), race(DELETE, FAULT_17)),
    Bug(
        "DEL-7",
        "unmap skips INVALID",
        Programs(unmap=doing(UNMAP, "next spte", unmap_valid_only)),
        race(DELETE, UNMAP_17),
    ),
    Bug("DEL-8", "hides INVALID", update("index rmap", index_valid_only), race(DELETE)),
    Bug("DEL-9", "flushes nothing", update("next spte", flush_nothing), race(DELETE)),
    Bug(
        "DEL-10",
        "reaches INVALID",
        fault("invalid", "reach"),
        race(DELETE, FAULT_17, prefix=TWO),
    ),
    Bug(
        "DEL-11",
        "INVALID is MMIO",
        fault("invalid", "mmio"),
        race(DELETE, FAULT_17, prefix=TWO),
        LINUX,
    ),
    Bug("DEL-12", "retries holes", fault("absent", "again"), race(FAULT_21)),
    Bug(
        "DEL-13",
        "stops while INVALID",
        lookup("look up", look_up_nothing),
        race(DELETE, READ_21, prefix=TWO),
    ),
    Bug("MOVE-1", "no INVALID step", NO_INVALID, race(MOVE)),
    Bug(
        "MOVE-2",
        "neither wait nor flush",
        update("begin", wait_for_last_only),
        race(MOVE),
    ),
    Bug("MOVE-3", "no flush", NO_FLUSH, race(MOVE)),
    Bug(
        "ERR-1",
        "no rollback",
        update("choose outcome", never_back),
        race(races.FAIL_DELETE_0),
    ),
    Bug(
        "PROG-2",
        "waits for the end of INVALID inside",
        fault("invalid", "wait until valid"),
        race(DELETE, FAULT_17, prefix=TWO),
        LINUX,
    ),
    Bug(
        "PROG-1",
        "keeps the lock",
        Programs(update=without(UPDATE, "unlock updates")),
        race(CREATE, PUT_0, prefix=()),
    ),
)


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_the_search_finds_a_planted_bug(bug: Bug) -> None:
    header = races.header_for(bug.profile)
    protocol = Protocol(bug.profile, header.limits, bug.programs)
    found = search(protocol, bug.race, header, CLAUSES)
    assert bug.clause in found.broken
    # The way there is a history, and the judge of histories agrees.
    judgement = judge_events(
        ApplicableClauses(header, CLAUSES), found.broken[bug.clause]
    )
    assert bug.clause in {finding.clause for finding in judgement.findings}


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_the_protocol_itself_is_clean_there(bug: Bug) -> None:
    header = races.header_for(bug.profile)
    found = search(Protocol(bug.profile, header.limits), bug.race, header, CLAUSES)
    assert not found.broken
    assert not found.stuck


def test_every_clause_about_order_has_a_planted_bug() -> None:
    ids = {c.id for profile in PROFILES for c in races.order_clauses(profile)}
    assert {bug.clause for bug in BUGS} == ids
