"""The races that are searched: small ones, for two, three and four threads."""

from __future__ import annotations

from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.events import (
    DomainDestroyed,
    Flushed,
    GracePeriodBegun,
    GracePeriodEnded,
    GuestEntered,
    IndexFlipped,
    MmuLocked,
    MmuUnlocked,
    RmapIndexed,
    SectionEntered,
    SectionEntering,
    SectionLeft,
    ShadowPageCreated,
    ShadowPageZapped,
    Slept,
    SpteMapped,
    SpteRemoved,
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.history import Capabilities, Header, Interleaving
from memslot_spec.operations import (
    DestroyVm,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    Operation,
    SetRegion,
    UnmapHva,
)
from memslot_spec.profile import Limits, Profile
from memslot_spec.protocol.search import Race
from memslot_spec.ranges import PAGE_SHIFT
from memslot_spec.values import Failure, MemoryRegion

ANNOUNCED = (
    SectionEntering,
    SectionEntered,
    SectionLeft,
    GracePeriodBegun,
    IndexFlipped,
    GracePeriodEnded,
    DomainDestroyed,
    TableLoaded,
    TableRead,
    TableWritten,
    TablePublished,
    TableReclaimed,
    UpdateLocked,
    UpdateUnlocked,
    MmuLocked,
    MmuUnlocked,
    GuestEntered,
    Slept,
    ShadowPageCreated,
    ShadowPageZapped,
    SpteMapped,
    SpteRemoved,
    RmapIndexed,
    Flushed,
)
"""The points of which the protocol speaks."""

OPERATIONS = (
    SetRegion,
    GfnToMemslot,
    GfnToHva,
    GuestAccess,
    UnmapHva,
    Halt,
    DestroyVm,
)
"""The operations of the races."""


def header_for(profile: Profile) -> Header:
    """Under what the protocol is judged."""
    return Header(
        target="protocol",
        profile=profile.name,
        limits=Limits(user_slots=profile.default_user_slots),
        capabilities=Capabilities(
            operations=tuple(kind.__name__ for kind in OPERATIONS),
            interleaving=Interleaving.POINTS,
            announces=tuple(kind.__name__ for kind in ANNOUNCED),
        ),
    )


AREAS = frozenset({"SRCU", "DEL", "MOVE", "PROG"})
MORE = frozenset({"ERR-1", "SLOT-6", "SLOT-7"})


def is_about_order(clause: AnyClause) -> bool:
    """The clause is about the order of steps, or about how long things live."""
    return clause.id.partition("-")[0] in AREAS or clause.id in MORE


ORDER_CLAUSES: tuple[AnyClause, ...] = tuple(filter(is_about_order, CLAUSES))


def _put(slot: int, gfn: int, npages: int, failure: Failure | None = None) -> SetRegion:
    hva = (slot + 1) * 0x1000
    region = MemoryRegion(
        slot, gfn << PAGE_SHIFT, npages << PAGE_SHIFT, hva << PAGE_SHIFT
    )
    return SetRegion(region, failure=failure)


CREATE_0 = _put(0, 16, 4)
CREATE_1 = _put(1, 20, 4)
DELETE_0 = SetRegion(MemoryRegion(0, 0, 0, 0))
FAIL_DELETE_0 = SetRegion(MemoryRegion(0, 0, 0, 0), failure=Failure.PREPARE)
MOVE_0 = _put(0, 32, 4)
READ_17 = GfnToHva(17)
FIND_17 = GfnToMemslot(17)
READ_21 = GfnToHva(21)
FAULT_17 = GuestAccess(17)
FAULT_21 = GuestAccess(21)
UNMAP_17 = UnmapHva(0x1001 << PAGE_SHIFT)


def _race(
    name: str, *threads: Operation | tuple[Operation, ...], two_slots: bool = False
) -> Race:
    """A race on a VM with a mapped slot, which is destroyed when it is over."""
    todo = tuple(t if isinstance(t, tuple) else (t,) for t in threads)
    slots = (CREATE_0, CREATE_1) if two_slots else (CREATE_0,)
    return Race(name, todo, (*slots,), (DestroyVm(),))


RACES: tuple[Race, ...] = (
    _race("create | lookup", CREATE_1, READ_21),
    _race("delete | lookup", DELETE_0, READ_17),
    _race("move | lookup", MOVE_0, READ_17),
    _race("delete that may fail | lookup", FAIL_DELETE_0, READ_17),
    _race("delete | fault", DELETE_0, FAULT_17),
    _race("move | fault", MOVE_0, FAULT_17),
    _race("delete | halt", DELETE_0, Halt()),
    _race("delete | create", DELETE_0, CREATE_1),
    _race("delete | lookup, two slots", DELETE_0, READ_21, two_slots=True),
    _race("delete | lookup | fault", DELETE_0, READ_17, FAULT_17),
    _race("move | lookup | fault", MOVE_0, READ_17, FAULT_17),
    _race("delete that may fail | lookup | fault", FAIL_DELETE_0, READ_17, FAULT_17),
    _race("delete | fault | unmap", DELETE_0, FAULT_17, UNMAP_17),
    _race("delete | create | lookup", DELETE_0, CREATE_1, READ_17),
    _race("delete | lookup | lookup | fault", DELETE_0, READ_17, FIND_17, FAULT_17),
    _race("delete | create | lookup | fault", DELETE_0, CREATE_1, READ_17, FAULT_17),
)
