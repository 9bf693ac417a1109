"""Bugs planted in the protocol, each with the clause that it breaks and a race.

A bug is a program with a step missing, moved, or replaced. Each clause about order
that the protocol can be held to has one here, so a fold that merged too much, or a
search that went past something, would be noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from memslot_spec.model.operations import Operation, SetRegion, TssBase
from memslot_spec.model.profile import LINUX, V2_6_34, Profile
from memslot_spec.model.values import LOG_DIRTY_PAGES, MemoryRegion
from memslot_spec.protocol import races, steps
from memslot_spec.protocol.programs import (
    DESTROY,
    FAULT,
    GRACE_PERIOD,
    HALT,
    LOOKUP,
    UNMAP,
    UPDATE,
    Programs,
    Step,
)
from memslot_spec.protocol.steps import Act
from memslot_spec.protocol.walk import Race
from planted_steps import (
    DESTROYS_TWICE,
    ENTRY,
    FLUSH,
    NOTIFIER_LOCKS,
    RECLAIMS_TWICE,
    UNDER_MMU_LOCK,
    WAIT,
    back_to_nothing,
    doing,
    edit_in_place,
    everything_twice,
    faulting,
    flush_nothing,
    flush_or,
    go_to,
    index_valid_only,
    last_table_only,
    load_older,
    load_remembered,
    lock_at_once,
    look_up_nothing,
    look_up_torn,
    moved,
    never_back,
    never_on,
    overlapping,
    twice,
    unmap_valid_only,
    wait_for_last_only,
    without,
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
FAILS = race(races.FAIL_DELETE_0)
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


LEAVES_TWICE = Programs(lookup=twice(LOOKUP, "leave section"))
STAYS_INSIDE = Programs(lookup=without(LOOKUP, "leave section"))
UNLOCKS_TWICE = Programs(update=twice(UPDATE, "unlock updates"))
KEEPS_THE_LOCK = Programs(update=without(UPDATE, "unlock updates"))
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
KEEPS_THE_LAST = without(DESTROY, "reclaim last")
DESTROYS_FIRST = moved(DESTROY, ("destroy domain",), "take index")
TWO = races.TWO_SLOTS
LOG = SetRegion(replace(races.CREATE_0.region, flags=LOG_DIRTY_PAGES))


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
        Programs(update=without(UPDATE, "wait for other")),
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
        race(LOG, UNMAP_17),
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
    Bug("SRCU-22", "reclaims twice", Programs(destroy=RECLAIMS_TWICE), race()),
    Bug("SRCU-23", "destroys twice", Programs(destroy=DESTROYS_TWICE), race()),
    Bug("SRCU-20", "keeps the last", Programs(destroy=KEEPS_THE_LAST), race()),
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
    Bug("SRCU-24", "locks", Programs(unmap=NOTIFIER_LOCKS), race(UNMAP_17), LINUX),
    Bug("SRCU-28", "under mmu_lock", Programs(update=UNDER_MMU_LOCK), race(DELETE)),
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
    Bug("DEL-12", "retries holes", fault("absent", "again"), race(FAULT_21)),
    Bug(
        "DEL-13",
        "stops while INVALID",
        lookup("look up", look_up_nothing),
        race(DELETE, READ_21, prefix=TWO),
    ),
    Bug("MOVE-1", "no INVALID step", NO_INVALID, race(MOVE)),
    Bug("MOVE-2", "neither", update("begin", wait_for_last_only), race(MOVE)),
    Bug("MOVE-3", "no flush", NO_FLUSH, race(MOVE)),
    Bug("DEL-17", "no rollback", update("choose outcome", never_back), FAILS),
    Bug("ERR-1", "to nothing", update("choose outcome", back_to_nothing), FAILS),
    Bug(
        "PROG-2",
        "waits for the end of INVALID inside",
        fault("invalid", "wait until valid"),
        race(DELETE, FAULT_17, prefix=TWO),
        LINUX,
    ),
    Bug("SRCU-30", "leaves twice", LEAVES_TWICE, race(READ_17)),
    Bug("SRCU-31", "stays inside", STAYS_INSIDE, race(READ_17)),
    Bug("SRCU-32", "unlocks twice", UNLOCKS_TWICE, race(CREATE, prefix=())),
    Bug("SRCU-33", "keeps the lock", KEEPS_THE_LOCK, race(CREATE, prefix=())),
    Bug(
        "PROG-1",
        "is not woken",
        update("wait for old", never_on),
        race(CREATE, prefix=()),
    ),
)
