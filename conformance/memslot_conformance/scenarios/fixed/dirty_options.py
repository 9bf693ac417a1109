"""Races of the options of manual protection, which are set without a lock.

What a request, a GET or a CLEAR does depends on them; each has to ask once, or be
right whatever it is told the second time.
"""

from __future__ import annotations

from memslot_conformance.scenarios.fixed.dirty import (
    ALL_DIRTY,
    CLEAR_1,
    GET,
    LARGE,
    LARGE_LOGGED,
    LOGGED,
    MANUAL,
    PLAIN,
    WRITE_17,
    WRITE_18,
    WRITE_LARGE,
)
from memslot_conformance.scenarios.notation import FixedRace, race
from memslot_spec.model.operations import EnableManualProtect

TURNED_OFF = EnableManualProtect(0)

BESIDE_A_LOG_THAT_BEGINS: tuple[FixedRace, ...] = (
    race(
        "all dirty turned on beside a log that begins",
        (PLAIN, WRITE_17),
        (LOGGED,),
        (ALL_DIRTY,),
        after=(WRITE_17, GET),
    ),
    race(
        "all dirty turned on beside a log of a large page that begins",
        (LARGE, WRITE_LARGE),
        (LARGE_LOGGED,),
        (ALL_DIRTY,),
        after=(WRITE_LARGE, GET),
    ),
    race(
        "all dirty turned off beside a log that begins",
        (ALL_DIRTY, PLAIN, WRITE_17),
        (LOGGED,),
        (TURNED_OFF,),
        after=(GET, WRITE_17, GET),
    ),
    race(
        "all dirty turned on and a write beside a log that begins",
        (PLAIN, WRITE_17),
        (LOGGED,),
        (ALL_DIRTY,),
        (WRITE_18,),
        after=(WRITE_17, GET),
    ),
)

BESIDE_GET_AND_CLEAR: tuple[FixedRace, ...] = (
    race(
        "manual protection turned on beside GET",
        (LOGGED, WRITE_17),
        (GET,),
        (MANUAL,),
        after=(WRITE_17, GET, GET),
    ),
    race(
        "manual protection turned off beside CLEAR",
        (MANUAL, LOGGED, WRITE_17, WRITE_18),
        (CLEAR_1,),
        (TURNED_OFF,),
        after=(WRITE_17, GET, GET),
    ),
)

RACES: tuple[FixedRace, ...] = (*BESIDE_A_LOG_THAT_BEGINS, *BESIDE_GET_AND_CLEAR)
