"""The races that are searched: small ones, for two, three and four threads."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Capabilities, Header, Interleaving
from memslot_spec.history.points.mmu import (
    Flushed,
    MmuLocked,
    MmuUnlocked,
    RmapIndexed,
    ShadowPageCreated,
    ShadowPageZapped,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    GuestEntered,
    IndexFlipped,
    Retried,
    SectionEntered,
    SectionEntering,
    SectionLeft,
    Slept,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.judging.applies import not_applicable
from memslot_spec.model.operations import (
    DestroyVm,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    Operation,
    SetRegion,
    UnmapHva,
)
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import Failure, MemoryRegion
from memslot_spec.protocol.walk import Race

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
    Retried,
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


AREAS = frozenset({"SRCU", "DEL", "PROG"})
MORE = frozenset({"MOVE-1", "MOVE-2", "MOVE-3", "ERR-1", "SLOT-6", "SLOT-7"})


NOT_HERE = frozenset({"SRCU-21"})
"""What the protocol has nobody for: requests alone publish."""


def is_about_order(clause: AnyClause) -> bool:
    """The clause is about the order of steps, or about how long things live."""
    if clause.id in NOT_HERE:
        return False
    return clause.id.partition("-")[0] in AREAS or clause.id in MORE


def order_clauses(profile: Profile) -> tuple[AnyClause, ...]:
    """The clauses about order and lifetime that the protocol can be held to."""
    header = header_for(profile)
    return tuple(
        clause
        for clause in CLAUSES
        if is_about_order(clause) and not_applicable(clause, header) is None
    )


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
CREATE_2 = _put(2, 24, 4)
MOVE_0 = _put(0, 32, 4)
READ_17 = GfnToHva(17)
FIND_17 = GfnToMemslot(17)
READ_21 = GfnToHva(21)
FAULT_17 = GuestAccess(17)
FAULT_21 = GuestAccess(21)
UNMAP_17 = UnmapHva(0x1001 << PAGE_SHIFT)


def _race(
    *threads: tuple[str, Operation], prefix: tuple[Operation, ...] = (CREATE_0,)
) -> Race:
    """One operation on each thread; the VM is destroyed when they are done."""
    name = " | ".join(word for word, _ in threads)
    todo = tuple((operation,) for _, operation in threads)
    return Race(name, todo, prefix, (DestroyVm(),))


CREATE = "create", CREATE_1
CREATE_ANOTHER = "create another", CREATE_2
DELETE = "delete", DELETE_0
FAILING_DELETE = "delete that may fail", FAIL_DELETE_0
MOVE = "move", MOVE_0
LOOKUP = "lookup", READ_17
LOOKUP_TOO = "lookup", FIND_17
LOOKUP_BESIDE = "lookup beside", READ_21
FAULT = "fault", FAULT_17
FAULT_TOO = "fault", GuestAccess(17, write=True)
FAULT_BESIDE = "fault beside", FAULT_21
UNMAP = "unmap", UNMAP_17
HALT = "halt", Halt()
TWO_SLOTS = (CREATE_0, CREATE_1)
MAPPED = (CREATE_0, FAULT_17)

RACES: tuple[Race, ...] = (
    _race(CREATE, LOOKUP_BESIDE),
    _race(DELETE, LOOKUP),
    _race(MOVE, LOOKUP),
    _race(FAILING_DELETE, LOOKUP),
    _race(DELETE, FAULT),
    _race(MOVE, FAULT),
    _race(FAULT, FAULT_TOO),
    _race(DELETE, HALT),
    _race(DELETE, CREATE),
    _race(DELETE, LOOKUP_BESIDE, prefix=TWO_SLOTS),
    _race(DELETE, FAULT_BESIDE, prefix=TWO_SLOTS),
    _race(DELETE, UNMAP, prefix=MAPPED),
    _race(FAULT, UNMAP),
    _race(DELETE, LOOKUP, FAULT),
    _race(DELETE, CREATE, LOOKUP),
    _race(CREATE, LOOKUP, LOOKUP_TOO, FAULT),
    _race(CREATE, CREATE_ANOTHER, LOOKUP, FAULT),
    _race(DELETE, CREATE, LOOKUP, FAULT),
    _race(DELETE, LOOKUP, LOOKUP_TOO, FAULT),
)
"""Two, three and four threads, the longest searches last."""


def races_of(threads: int) -> tuple[Race, ...]:
    """The races of so many threads."""
    return tuple(race for race in RACES if len(race.threads) == threads)
