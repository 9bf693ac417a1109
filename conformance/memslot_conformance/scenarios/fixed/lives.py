"""Scenarios of what is allocated, until its end, and of what a refusal leaves."""

from __future__ import annotations

from memslot_conformance.scenarios.fixed.slots import LOOKUPS, READ_17, S0, S1, WRITE_18
from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.model.operations import (
    AllocateRoot,
    ClearDirtyLog,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    MmuPages,
    ReleaseNotifier,
    UseHvaCache,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure

LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
READONLY_LOGGED = put(2, 64, 4, 0x3000, BIT_1 | LOG_DIRTY_PAGES)
WRITE_17 = GuestAccess(17, write=True)
WRITE_65 = GuestAccess(65, write=True)
GET = GetDirtyLog(0)
GET_READONLY = GetDirtyLog(2)

REFUSED: Operations = (
    put(1, 18, 4, 0x2000),
    delete(0, failure=Failure.PREPARE),
    EnableManualProtect(2),
    ClearDirtyLog(0, 0, 3, (0b10,)),
)
"""Requests, options and a CLEAR that are refused, whatever the target has of them."""

QUESTIONS: Operations = (
    *LOOKUPS,
    GfnToHvaProt(17),
    MmuPages(),
    UseHvaCache(0, 0, 8),
)

SEQUENTIAL: tuple[FixedRace, ...] = (
    race(
        "the end of a VM with memory mapped",
        (S0, S1, READ_17, WRITE_18, GuestAccess(21), DestroyVm()),
    ),
    race(
        "the end of a process with memory mapped",
        (S0, LOGGED, READ_17, WRITE_18, ReleaseNotifier(), DestroyVm()),
    ),
    race(
        "GET beside other slots, and a log that ends",
        (
            LOGGED,
            S1,
            GET,
            WRITE_17,
            GET,
            GfnToMemslot(21),
            S0,
            WRITE_17,
            LOGGED,
            delete(1),
            DestroyVm(),
        ),
    ),
    race(
        "a root in a slot that logs", (LOGGED, AllocateRoot(17), S0, AllocateRoot(17))
    ),
    race(
        "the log of a READONLY slot",
        (READONLY_LOGGED, WRITE_65, GET_READONLY, GuestAccess(65), GET_READONLY),
    ),
    race(
        "questions around refusals",
        (
            S0,
            InitHvaCache(0, 17 << 12, 64),
            *QUESTIONS,
            *(step for refused in REFUSED for step in (refused, *QUESTIONS)),
        ),
    ),
    race(
        "the options of a log around refusals",
        (
            EnableManualProtect(1),
            LOGGED,
            WRITE_17,
            GET,
            GET,
            *(step for refused in REFUSED for step in (refused, GET, GET)),
        ),
    ),
)
"""What one thread can get wrong."""

RACES: tuple[FixedRace, ...] = (
    race(
        "GET beside a delete of another slot",
        (LOGGED, S1, WRITE_17),
        (GET,),
        (delete(1),),
        after=(GfnToMemslot(21), GfnToMemslot(17)),
    ),
    race(
        "logging turned on beside accesses",
        (S0, READ_17),
        (LOGGED,),
        (READ_17, WRITE_17),
        after=(GET,),
    ),
)
