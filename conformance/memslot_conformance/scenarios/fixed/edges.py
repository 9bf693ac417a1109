"""What happens at the last frame: a slot lives there as it does anywhere else.

One request at an edge asks whether it is accepted. Here a whole life is lived there:
the slot is made, logs, is accessed and looked up, changes its flags and is deleted.
"""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    GetDirtyLog,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    UnmapHva,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES

OTHER_SPACE = 1 << 16
"""What makes a slot's word one of address space 1."""

HOST = 0x1000
"""The host page that the slot begins at."""


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """A life at the last frame in each address space that there is."""
    last = min(header.limits.largest_gfn, header.domain.largest_gfn)
    races = [
        race("a slot of one page at the last frame", _life(0, last, 1)),
        race("a slot of several pages up to the last frame", _life(0, last, 4)),
    ]
    if header.limits.address_spaces > 1:
        races += [
            race(
                "a slot of the other space at the last frame",
                _life(OTHER_SPACE, last, 4),
            ),
            race(
                "a log of each space at one address",
                (
                    put(0, 16, 4, HOST, LOG_DIRTY_PAGES),
                    put(OTHER_SPACE, 16, 4, HOST, LOG_DIRTY_PAGES),
                    GuestAccess(17, write=True, as_id=1),
                    GetDirtyLog(0),
                    GetDirtyLog(OTHER_SPACE),
                    GuestAccess(18, write=True),
                    GetDirtyLog(0),
                    GetDirtyLog(OTHER_SPACE),
                ),
            ),
        ]
    return tuple(races)


def _life(word: int, last: int, npages: int) -> Operations:
    """Everything that a slot goes through, at the end of guest memory."""
    as_id, base = word >> 16, last - npages + 1
    there = put(word, base, npages, HOST)
    logging = put(word, base, npages, HOST, LOG_DIRTY_PAGES)
    read = GuestAccess(last, as_id=as_id)
    write = GuestAccess(last, write=True, as_id=as_id)
    looks = (GfnToMemslot(last, as_id), GfnToHva(last, as_id))
    return (
        there,
        *looks,
        write,
        logging,
        read,
        write,
        GetDirtyLog(word),
        write,
        GetDirtyLog(word),
        UnmapHva((HOST + npages - 1) << 12),
        read,
        there,
        delete(word, base),
        *looks,
        read,
        put(word, base - npages, npages, HOST),
        put(word, base, npages, HOST),
        write,
        delete(word, base),
        read,
    )
