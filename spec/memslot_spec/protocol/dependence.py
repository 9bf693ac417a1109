"""What each kind of event reads of the facts, and what it changes there.

Two transitions of different threads whose events share no cell, but for cells that
both of them only read, may come in either order: the judge says the same of both,
and knows the same afterwards. What the threads do to each other's state is not told
here; `reduction` looks at the states.

The table says what is read or changed after any facts. The judge is held to it: what
it reads and is not in here, or changes, is an error (`CellSet.others`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.points import mmu, srcu, tables
from memslot_spec.model.operations import (
    DestroyVm,
    GuestAccess,
    Operation,
    SetRegion,
    UnmapHva,
)
from memslot_spec.protocol.cells import Layout


class FactNames(NamedTuple):
    """Names of what events of a kind read and change.

    Where each thread has a cell it is the thread's own, or with `*` those of all.
    """

    reads: str = ""
    changes: str = ""


_CALL = "calls update"
_BEGINS = "floor settled versions has_request has_call*"
_ENDS = "has_request has_call* mmu_lock open unmarked update_lock versions"
_RENUMBERED = "replaced periods* has_request* update*"

TOUCHES: dict[type[Event], FactNames] = {
    Call: FactNames(_BEGINS, "calls has_call"),
    Return: FactNames(f"{_ENDS} update", "calls has_call floor"),
    srcu.SectionEntering: FactNames(),
    srcu.SectionEntered: FactNames("destroyed", "open is_inside"),
    srcu.SectionLeft: FactNames("", "open is_inside"),
    srcu.GracePeriodBegun: FactNames(
        f"{_RENUMBERED} versions mmu_holder is_inside*", "periods open*"
    ),
    srcu.IndexFlipped: FactNames(),
    srcu.GracePeriodEnded: FactNames(
        f"{_RENUMBERED} versions", "update closed grace_floor periods replaced open*"
    ),
    srcu.DomainDestroyed: FactNames("open is_inside*", "destroyed"),
    srcu.Slept: FactNames("open"),
    srcu.GuestEntered: FactNames("open"),
    srcu.Retried: FactNames("open"),
    tables.UpdateLocked: FactNames(
        f"{_CALL} open has_request versions", "update update_holder update_lock"
    ),
    tables.UpdateUnlocked: FactNames(
        "update has_request versions", "update_holder update_lock"
    ),
    tables.TableLoaded: FactNames(
        f"{_CALL} born creates current_of handles versions", "calls open"
    ),
    tables.TableRead: FactNames(
        f"{_CALL} handles open reclaimed update_holder", "calls"
    ),
    tables.TableWritten: FactNames("handles reclaimed"),
    tables.TablePublished: FactNames(
        f"{_RENUMBERED} has_call* open reclaimed sptes update_holder",
        "calls* update born closed creates current_of handles replaced versions",
    ),
    tables.TableReclaimed: FactNames(
        f"{_CALL} handles has_call* has_request open* is_inside* replaced", "reclaimed"
    ),
    mmu.MmuLocked: FactNames(_CALL, "mmu_holder mmu_lock"),
    mmu.MmuUnlocked: FactNames("", "mmu_holder mmu_lock touched"),
    mmu.ShadowPageCreated: FactNames(
        f"{_CALL} closed grace_floor roots versions", "pages zapped"
    ),
    mmu.ShadowPageZapped: FactNames("roots", "pages zapped"),
    mmu.SpteMapped: FactNames(
        "closed grace_floor handles has_call* has_request* mmu_lock versions zapped",
        "calls* update* serial sptes touched",
    ),
    mmu.SpteRemoved: FactNames(
        "has_call* mmu_lock update*", "calls* serial sptes touched"
    ),
    mmu.RmapIndexed: FactNames(f"{_CALL} versions"),
    mmu.Flushed: FactNames(f"{_RENUMBERED} sptes", "update"),
}
"""What events of each kind touch, whosever they are."""

AT_BIRTH = 0
"""The table of which nothing is known before it is first loaded."""

IN_CALL: dict[tuple[type[Event], type[Operation]], FactNames] = {
    (Call, SetRegion): FactNames(
        "has_request* updates_called", "update* has_request updates_called"
    ),
    (Call, UnmapHva): FactNames("sptes"),
    (Return, SetRegion): FactNames(
        f"{_RENUMBERED} open*", "update has_request last_update settled"
    ),
    (Return, GuestAccess): FactNames("has_request* last_update updates_called"),
    (Return, UnmapHva): FactNames("sptes"),
    (Return, DestroyVm): FactNames("", "vm_destroyed"),
}
"""What is touched besides where the thread is in an operation of this kind."""


class CellSet(NamedTuple):
    """Cells that are read, and cells that are changed, as bits."""

    reads: int
    changes: int

    def meets(self, other: CellSet) -> bool:
        """A cell that one of them changes is touched by the other."""
        return bool(
            self.changes & (other.reads | other.changes) or self.reads & other.changes
        )

    def and_what(self, other: CellSet) -> CellSet:
        """What they touch together."""
        return CellSet(self.reads | other.reads, self.changes | other.changes)

    def others(self, reads: Iterable[int], changes: Iterable[int]) -> list[int]:
        """Of these cells those that it does not read, or does not change."""
        both = self.reads | self.changes
        return [
            *(cell for cell in reads if not both >> cell & 1),
            *(cell for cell in changes if not self.changes >> cell & 1),
        ]


class Dependence:
    """What events of the threads of a race touch."""

    def __init__(self, layout: Layout) -> None:
        """In facts of this layout."""
        self._layout = layout

    def touched(self, events: Iterable[Event], operation: Operation | None) -> CellSet:
        """What these events of one thread touch together, in this operation at first.

        Errors: `ValueError` for a kind of event of which the table does not tell.
        """
        reads = changes = 0
        for event in events:
            if isinstance(event, Call):
                operation = event.operation
            kind = type(event)
            if kind not in TOUCHES:
                message = f"nobody knows what {kind.__name__} touches"
                raise ValueError(message)
            touches = [TOUCHES[kind]]
            if isinstance(event, tables.TableLoaded) and event.table == AT_BIRTH:
                touches.append(FactNames("", "handles"))
            if operation is not None and (kind, type(operation)) in IN_CALL:
                touches.append(IN_CALL[kind, type(operation)])
            for some in touches:
                reads |= self._bits(some.reads, event.thread)
                changes |= self._bits(some.changes, event.thread)
        return CellSet(reads, changes)

    def _bits(self, names: str, thread: int) -> int:
        bits = 0
        for name in names.split():
            for cell in self._layout.cells(name, thread):
                bits |= 1 << cell
        return bits
