"""Clauses that no lawful implementation can come close to, and why.

Where a request fixes the one answer that is right, whoever answers otherwise is
wrong. Such a clause has no lawful neighbour, and needs none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exemption:
    """Clauses that need no lawful neighbour, all for one reason."""

    reason: str
    clauses: tuple[str, ...]


def _of(area: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"{area}-{number}" for number in numbers)


EXEMPT: tuple[Exemption, ...] = (
    Exemption(
        "the errno, or the success, follows from the request and the slots alone",
        (
            *_of("REQ", *range(1, 8), 10, 11, 12, *range(14, 17), *range(19, 29)),
            *_of("SLOT", 4, 10),
            *_of("DEL", 14),
            *_of("ERR", 12),
            *_of("MOVE", 6, 7),
            *_of("MMU", 5, 13),
            *_of("DIRTY", *range(9, 17), 21, 22, 31, 32),
            *_of("CACHE", 9, 10, 11, *range(23, 27)),
            *_of("RNG", *range(1, 10)),
        ),
    ),
    Exemption(
        "the answer is one slot, address or number of the table that is used",
        (
            *_of("SLOT", 11),
            *_of("LOOK", *range(1, 17), 18),
            *_of("DEL", 13),
            *_of("SIZE", 1, 2),
            *_of("TSS", 1),
            *_of("CACHE", 1, 6, 7, 8, *range(12, 19)),
            *_of("RNG", 12, 13),
        ),
    ),
    Exemption(
        "introspection shows the one table that the requests have left",
        (*_of("REQ", 9, 13, 18), *_of("SLOT", 8), *_of("ERR", 2, 6, 7)),
    ),
    Exemption(
        "a log that is exact shows the pages that were written, and no others",
        (*_of("DIRTY", 5, 18, 23, 35), *_of("RNG", 15)),
    ),
    Exemption(
        "one order of the requests that has these replies is all that is asked for",
        _of("REQ", 29),
    ),
    Exemption(
        "the page that an access reaches is the one that the host has there",
        _of("HVA", 13),
    ),
    Exemption("nobody waits for ever", _of("PROG", 1, 2)),
    Exemption(
        "a lock is had or not, and its owner gives it back once, before the call ends",
        (
            *_of("SRCU", *range(30, 37)),
            *_of("MMU", *range(24, 29)),
            *_of("HVA", 16, 17),
        ),
    ),
    Exemption("one point tells of the end of the one domain", _of("SRCU", 23)),
)

IDS = frozenset(clause for group in EXEMPT for clause in group.clauses)
"""Every clause that is exempt."""
