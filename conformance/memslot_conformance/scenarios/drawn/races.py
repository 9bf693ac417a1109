"""Races worth playing: drawn against the table that their prefix leaves.

Updates aim at slots that are there, and readers at frames that the updates
touch; a race in which nobody meets anybody shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from memslot_conformance.scenarios.drawn.caches import (
    accesses_of,
    around,
    at_edge,
    first_uses,
    owned,
)
from memslot_conformance.scenarios.drawn.copies import copy_at
from memslot_conformance.scenarios.drawn.dirty import clear_at, get_at, logging_slot
from memslot_conformance.scenarios.drawn.host import range_at
from memslot_conformance.scenarios.drawn.pfn_caches import (
    activation_at,
    first_activation,
)
from memslot_conformance.scenarios.drawn.requests import Palette, narrowed
from memslot_conformance.scenarios.drawn.values import within_reason
from memslot_conformance.scenarios.drawn.weights import (
    AFTER_BELOW,
    AIMED,
    DELETE_BELOW,
    FAILING,
    GETS,
    LOG_FIRST,
    MOVE_BELOW,
    OTHER_THREADS,
    PREFIX_LENGTHS,
    THREAD_LENGTHS,
    TOGGLE_BELOW,
    UPDATES,
)
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import (
    ActivatePfnCache,
    AgeHva,
    AllocateRoot,
    ChangePte,
    ClearDirtyLog,
    DestroyVm,
    GetDirtyLog,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    GuestCopy,
    InitHvaCache,
    InvalidateRange,
    IsVisibleGfn,
    MemslotId,
    Operation,
    PreFault,
    SetRegion,
    UnmapHva,
    VcpuGfnToMemslot,
    WriteProtectGfn,
)
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import profile_named
from memslot_spec.model.values import (
    BIT_1,
    EMPTY,
    LOG_DIRTY_PAGES,
    Failure,
    MemoryRegion,
    Slot,
    SlotTable,
)

AT_A_FRAME = (GfnToMemslot, GfnToHva, IsVisibleGfn, MemslotId, AllocateRoot)


@dataclass(slots=True)
class Drawing:
    """Draws the operations of one scenario, and knows the table they leave."""

    palette: Palette
    rng: Random
    table: SlotTable = EMPTY

    def scenario(self) -> Scenario:
        """A prefix, a race of two or three threads, and a look after it."""
        rng = self.rng
        prefix = tuple(self.step() for _ in range(rng.choice(PREFIX_LENGTHS)))
        return self.race(prefix)

    def race(self, prefix: Operations) -> Scenario:
        """The race that follows a prefix drawn by `step`.

        Where nothing is asked after it, the VM is destroyed.
        """
        rng = self.rng
        few = narrowed(self.palette, rng)
        threads: list[Operations] = [self.first_thread()]
        for _ in range(rng.choice(OTHER_THREADS)):
            length = rng.choice(THREAD_LENGTHS)
            threads.append(tuple(self.operation(few) for _ in range(length)))
        after = tuple(
            self.operation(self.palette) for _ in range(rng.randrange(AFTER_BELOW))
        )
        prefix += self._remembered(threads)
        accesses = self._accesses(threads[0][0])
        threads[1] += accesses[:1]
        apart = tuple(owned(ops, thread) for thread, ops in enumerate(threads, 1))
        after += accesses[:1]
        operations = self.palette.header.capabilities.operations
        if not after and DestroyVm.__name__ in operations:
            after = (DestroyVm(),)
        return Scenario(prefix + accesses, apart, after)

    def first_thread(self) -> Operations:
        """What the others race with: updates, or now and then a log that is read."""
        rng = self.rng
        if "GetDirtyLog" in self.palette.kinds and rng.random() < LOG_FIRST:
            slot = logging_slot(self.table, rng)
            if slot is not None and slot.log_dirty:
                return (get_at(slot),) * rng.choice(GETS)
        return tuple(self.update() for _ in range(rng.choice(UPDATES)))

    def _remembered(self, threads: list[Operations]) -> Operations:
        """What the race is to find remembered by caches and vCPUs."""
        before: Operations = ()
        for thread, operations in enumerate(threads[1:], 2):
            before += first_uses(operations, thread, self.table, self.rng)
            before += first_activation(operations, thread, self.table, self.rng)
        return before

    def _accesses(self, first: Operation) -> Operations:
        """Accesses to where the race puts a slot: before it, in it and after it."""
        if not isinstance(first, SetRegion) or "GuestAccess" not in self.palette.kinds:
            return ()
        return accesses_of(first, self.palette.header, self.rng)

    def step(self) -> Operation:
        """One operation of a prefix; an update moves the table on."""
        operation = self.operation(self.palette)
        if not self.table.slots:
            operation = self.palette.draw_request(self.rng)
        if isinstance(operation, SetRegion):
            self.table = self._after(operation)
        return operation

    def update(self) -> SetRegion:
        """A request, most often for a slot that is there."""
        rng, slots = self.rng, self._user_slots()
        if not slots or rng.random() > AIMED:
            return self.palette.draw_request(rng)
        slot = rng.choice(slots)
        region = MemoryRegion(
            slot.as_id << 16 | slot.id,
            slot.base << PAGE_SHIFT,
            slot.npages << PAGE_SHIFT,
            slot.hva,
            LOG_DIRTY_PAGES * slot.log_dirty | BIT_1 * slot.readonly,
        )
        roll = rng.random()
        if roll < DELETE_BELOW:
            region = replace(region, memory_size=0)
        elif roll < MOVE_BELOW:
            moved = self.palette.draw_request(rng).region
            toggled = moved.flags & LOG_DIRTY_PAGES
            region = replace(
                region,
                guest_phys_addr=moved.guest_phys_addr,
                flags=region.flags ^ toggled,
            )
        elif roll < TOGGLE_BELOW:
            region = replace(region, flags=region.flags ^ LOG_DIRTY_PAGES)
        failures = self.palette.header.domain.failures
        failure = None
        if failures and rng.random() < FAILING:
            failure = Failure(rng.choice(failures))
        return SetRegion(within_reason(region), failure=failure)

    def operation(self, palette: Palette) -> Operation:
        """An operation, most often at a frame or host page of a slot."""
        rng = self.rng
        drawn = palette.draw(rng)
        if rng.random() > AIMED:
            return drawn
        if isinstance(drawn, SetRegion):
            return self.update()
        return self._at_a_slot(drawn) if self.table.slots else drawn

    def _at_a_slot(  # noqa: C901, PLR0911 - one case for each kind
        self, drawn: Operation
    ) -> Operation:
        """The operation at a frame, or a host page, of a slot that is there."""
        rng = self.rng
        if isinstance(drawn, GetDirtyLog | ClearDirtyLog):
            return self._at_a_log(drawn)
        slot = rng.choice(self.table.slots)
        last = slot.npages - 1
        gfn = slot.base + min(rng.choice((0, 1, slot.npages // 2, last)), last)
        if isinstance(drawn, UnmapHva | AgeHva):
            return type(drawn)(slot.hva_of(gfn))
        if isinstance(drawn, ChangePte):
            return replace(drawn, hva=slot.hva_of(gfn))
        if isinstance(drawn, GuestAccess | WriteProtectGfn):
            return replace(drawn, gfn=gfn, as_id=slot.as_id)
        if isinstance(drawn, GuestCopy):
            return copy_at(drawn, slot, rng)
        if isinstance(drawn, InvalidateRange):
            return range_at(slot, gfn, rng)
        if isinstance(drawn, GfnToHvaProt | PreFault):
            return replace(drawn, gfn=gfn)
        if isinstance(drawn, ActivatePfnCache):
            return activation_at(drawn, gfn)
        if isinstance(drawn, VcpuGfnToMemslot):
            return replace(drawn, gfn=around(slot, rng))
        if isinstance(drawn, InitHvaCache):
            return at_edge(drawn, slot, rng)
        if isinstance(drawn, GfnToMemslot | GfnToHva):
            return type(drawn)(gfn, slot.as_id)
        if isinstance(drawn, AT_A_FRAME):
            return type(drawn)(gfn)
        return drawn

    def _at_a_log(self, drawn: GetDirtyLog | ClearDirtyLog) -> Operation:
        """The operation at a slot that logs, if there is one."""
        slot = logging_slot(self.table, self.rng)
        if slot is None:
            return drawn
        if isinstance(drawn, GetDirtyLog):
            return get_at(slot)
        return clear_at(slot, self.rng)

    def _user_slots(self) -> tuple[Slot, ...]:
        limit = self.palette.header.limits.user_slots
        return tuple(slot for slot in self.table if slot.id < limit)

    def _after(self, operation: SetRegion) -> SlotTable:
        """The table of the first outcome that the plan gives."""
        header = self.palette.header
        outcomes = plan(
            self.table,
            operation.region,
            profile_named(header.profile),
            header.limits,
            private=operation.private,
            failure=operation.failure,
        )
        last = outcomes[-1] if operation.failure is not None else outcomes[0]
        return last.leaves(self.table)
