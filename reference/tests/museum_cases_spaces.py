"""Cases of the museum: two address spaces, and faults that are retried."""

from __future__ import annotations

from memslot_spec.model.operations import GfnToHva, GuestAccess
from museum_cases import READ_17, S0, Case, alone, delete, put, raced

SMM = 1 << 16
THERE = put(SMM, 18, 4, 0x2000)

CASES: tuple[Case, ...] = (
    alone("REQ-11", "K15", S0, delete(1)),
    raced("DEL-11", "K43", (S0,), (delete(0),), (READ_17,)),
    raced("SRCU-19", "K44", (S0,), (delete(0),), (READ_17,)),
    raced("PROG-2", "K44", (S0,), (delete(0),), (READ_17,), is_blind=True),
    alone("SLOT-10", "overlaps-across", S0, THERE),
    alone("SLOT-2", "takes-namesake-too", S0, THERE, delete(0)),
    alone(
        "SLOT-11",
        "K47",
        S0,
        THERE,
        GfnToHva(19, 1),
        GuestAccess(19, as_id=1),
        GuestAccess(19),
    ),
)
