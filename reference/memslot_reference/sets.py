"""Updates of today's kernel: two sets of slots, one of them out of sight.

Each address space has two sets. Readers have the active one. An updater edits
the other, swaps the two, waits until nobody reads the old one, and makes the
same change there. A slot to be deleted or moved is swapped in as INVALID first;
the set that is then out of sight still has it valid, so a request that fails
swaps back. After `kvm_set_memslot` and `kvm_swap_active_memslots`.
"""

from __future__ import annotations

from typing import get_args

from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.vm import Vm
from memslot_spec.history.events import Point
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.caches import CachesUpdated, GenerationSet
from memslot_spec.history.points.tables import (
    ArchLocked,
    ArchUnlocked,
    Attached,
    TableLoaded,
    TablePublished,
    TableWritten,
)
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import Errno, Failure, SlotTable, table_of


class SlotSets(Vm):
    """The writers that keep two sets of slots for each address space."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM whose address spaces have sets 0 and 1, 2 and 3, and so on."""
        super().__init__(hook, profile, limits)
        spaces = range(limits.address_spaces)
        self.active = [Memslots(2 * as_id, as_id=as_id) for as_id in spaces]
        self.inactive = [Memslots(2 * as_id + 1, as_id=as_id) for as_id in spaces]
        for table in self.active:
            table.generation = self.first_generation() + table.as_id
        for table in self.inactive:
            table.poison()
        self.slots_arch_lock = False

    def announced(self) -> tuple[str, ...]:
        """Every kind there is."""
        return tuple(kind.__name__ for kind in get_args(Point))

    def first_generation(self) -> int:
        """The generation of address space 0 before any update."""
        return 0

    def load_table(self, as_id: int = 0) -> Memslots:
        """`__kvm_memslots(kvm, as_id)`."""
        table = self.active[as_id]
        self.hook.point(TableLoaded, table.handle, as_id)
        return table

    def load_tables(self) -> tuple[Memslots, ...]:
        """The tables of all address spaces, one load for each."""
        return tuple(self.load_table(table.as_id) for table in self.active)

    def whole_table(self) -> SlotTable:
        """The slots of every address space, as they stand."""
        slots = (s for table in self.active for s in table.slots.values())
        return table_of(*(slot.to_spec() for slot in slots))

    def everything_attached(self) -> tuple[Attached, ...]:
        """What the slots of every address space have with them."""
        return tuple(one for table in self.active for one in table.attached())

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """`kvm_set_memslot`: put the new slot in the place of the old one."""
        as_id = table.as_id
        leaves = old is not None and (new is None or self.moves(old, new))
        self.lock_arch()
        self.copy_arch(as_id, old, new)
        errno = self.allocate(failure)
        if errno is None and old is not None and leaves:
            self.invalidate(as_id, old)
        errno = errno or self.prepare(old, new, failure)
        if errno is not None:
            if old is not None and leaves and failure is not Failure.ALLOCATE:
                back = self.inactive[as_id].slots[old.word]
                self.activate(as_id, back, back)
            else:
                self.unlock_arch()
            return errno
        self.edit(as_id, old, new)
        self.activate(as_id, old, new)
        self.commit(old, new)
        return None

    def allocate(self, failure: Failure | None) -> Errno | None:
        """`kzalloc` of the INVALID copy: nothing is published yet."""
        return Errno.ENOMEM if failure is Failure.ALLOCATE else None

    def invalidate(self, as_id: int, old: MemorySlot) -> None:
        """Stop new mappings of a slot, then flush the others.

        The change is not made in the set that goes out of sight: that one is what
        a failed request swaps back.
        """
        going = old.with_flags(old.flags | INVALID)
        self.edit(as_id, old, going)
        self.swap(as_id)
        self.flush_shadow(old)
        self.lock_arch()
        self.copy_back(as_id, old, going)

    def copy_back(self, as_id: int, old: MemorySlot, going: MemorySlot) -> None:
        """`old->arch = invalid_slot->arch`: a reader may have allocated meanwhile."""
        self.inactive[as_id].slots[old.word].metadata = going.metadata
        old.metadata = going.metadata

    def copy_arch(
        self, as_id: int, old: MemorySlot | None, new: MemorySlot | None
    ) -> None:
        """Take over what the slot has by now, and not when the request was checked."""
        if old is None:
            return
        old.metadata = self.active[as_id].slots[old.word].metadata
        if new is not None and not self.moves(old, new):
            new.metadata = old.metadata

    def arch_lock_is_free(self) -> bool:
        """Nobody changes what the architecture keeps with the slots."""
        return not self.slots_arch_lock

    def lock_arch(self) -> None:
        """`mutex_lock(&kvm->slots_arch_lock)`, which a reader may take as well."""
        self.hook.wait(self.arch_lock_is_free, "slots_arch_lock")
        self.slots_arch_lock = True
        self.hook.point(ArchLocked)

    def unlock_arch(self) -> None:
        """`mutex_unlock(&kvm->slots_arch_lock)`, before any wait for readers."""
        self.slots_arch_lock = False
        self.hook.point(ArchUnlocked)

    def activate(
        self, as_id: int, old: MemorySlot | None, new: MemorySlot | None
    ) -> None:
        """Swap the sets, and make the set that was active the same.

        To roll back, `new` is the old slot: the set out of sight still has it.
        """
        self.swap(as_id)
        self.edit(as_id, old, new)

    def edit(self, as_id: int, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Put a slot in the place of another in the set that nobody reads."""
        table = self.inactive[as_id]
        self.take(table)
        self.hook.point(TableWritten, table.handle)
        if new is not None:
            table.put(new)
        elif old is not None:
            table.take_out(old.word)

    def take(self, table: Memslots) -> None:
        """A set that readers had is the updater's again, once, before it is edited."""
        if not table.reclaimed:
            self.give_back(table)

    def free_memslots(self) -> None:
        """Both sets of every address space."""
        super().free_memslots()
        for table in self.inactive:
            self.take(table)

    def swap(self, as_id: int) -> None:
        """`kvm_swap_active_memslots`: publish the edited set, and wait.

        The generation carries the mark of an update until the last reader of the
        old set is gone, and is made new then.
        """
        self.publish(as_id)
        self.unlock_arch()
        self.srcu.synchronize()
        self.settle(as_id)

    def publish(self, as_id: int) -> None:
        """Mark the edited set and show it; no invalidation may be open then."""
        old, new = self.active[as_id], self.inactive[as_id]
        self.set_generation(new, old.generation, in_progress=True)
        self.wait_for_invalidations()
        new.reclaimed = False
        self.active[as_id], self.inactive[as_id] = new, old
        self.hook.point(
            TablePublished,
            new.handle,
            self.whole_table(),
            as_id,
            self.everything_attached(),
        )

    def settle(self, as_id: int) -> None:
        """Give the set that was published a generation of its own."""
        table = self.active[as_id]
        generation = self.next_generation(table)
        self.memslots_updated(generation)
        self.set_generation(table, generation, in_progress=False)

    def next_generation(self, table: Memslots) -> int:
        """The number after a set's; those between are the other spaces'."""
        return table.generation + self.limits.address_spaces

    def set_generation(
        self, table: Memslots, generation: int, *, in_progress: bool
    ) -> None:
        """Store the generation of a table, with or without the mark."""
        table.generation, table.in_progress = generation, in_progress
        self.hook.point(
            GenerationSet, table.handle, table.as_id, generation, in_progress
        )

    def memslots_updated(self, generation: int) -> None:
        """`kvm_arch_memslots_updated`: make what is cached ready for it."""
        self.hook.point(CachesUpdated, generation, dropped=False)
