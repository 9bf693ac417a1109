"""The virtual machine, but for its updates: what it declares and how it ends."""

from __future__ import annotations

from typing import get_args

from memslot_reference.memslots import Memslots
from memslot_reference.writers import SlotWriters
from memslot_spec.history.events import Point
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.caches import (
    CachesUpdated,
    GenerationSet,
    MmioCached,
    MmioHit,
    PfnCacheValid,
)
from memslot_spec.history.points.mmu import RootsInvalidated
from memslot_spec.history.points.srcu import Retried
from memslot_spec.history.points.tables import (
    ArchLocked,
    ArchUnlocked,
    TableReclaimed,
)
from memslot_spec.history.views import ShadowPage, ShadowPte, View
from memslot_spec.model.operations import Origin
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import Failure, SlotTable

NOT_HERE: frozenset[type] = frozenset(
    {
        Retried,
        GenerationSet,
        CachesUpdated,
        MmioCached,
        MmioHit,
        PfnCacheValid,
        RootsInvalidated,
        ArchLocked,
        ArchUnlocked,
    }
)
"""What only the VM with two sets of slots has, and what neither does."""


class Vm(SlotWriters):
    """What every VM here is, however it updates its slots."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM with no slots and no mappings."""
        super().__init__(hook, profile, limits)
        self.profile = profile.name
        self.interleaving = Interleaving.POINTS
        self.announces: tuple[str, ...] = self.announced()
        self.domain = Domain(
            largest_gfn=min(limits.largest_gfn, Domain().largest_gfn),
            slots=limits.user_slots,
            private_slots=profile.private_slots,
            failures=tuple(failure.name for failure in Failure),
            exact_dirty_log=True,
            tracks_accesses=True,
            names_host_pages=True,
            origins=tuple(one.name for one in Origin if one is not Origin.PAGE_FAULT),
        )

    def announced(self) -> tuple[str, ...]:
        """The kinds of points that this VM announces when they happen."""
        return tuple(k.__name__ for k in get_args(Point) if k not in NOT_HERE)

    def destroy(self) -> None:
        """`kvm_destroy_vm`: the vCPUs read the slots again, so they are freed first.

        Commit 647492047763 put the vCPUs before the domain.
        """
        self.tear_down_vcpus()
        self.free_memslots()
        self.srcu.destroy()

    def tear_down_vcpus(self) -> None:
        """`kvm_free_vcpus`: the shadow pages are freed with them, in a read section."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.zap_all()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def free_memslots(self) -> None:
        """`kvm_free_memslots`: in no section, for nobody else has the VM any more."""
        for table in self.load_tables():
            self.read(table, "slots")
            for slot in table.slots.values():
                self.drop_old_bitmap(slot, None)
                self.drop_old_metadata(slot, None)
            self.give_back(table)

    def give_back(self, table: Memslots) -> None:
        """Free a table that nobody can have any more."""
        table.poison()
        self.hook.point(TableReclaimed, table.handle)

    def whole_table(self) -> SlotTable:
        """The slots of every address space, as they stand."""
        return self.memslots.to_spec()

    def observe(self) -> View:
        """The table and the shadow state as they stand, between any two steps."""
        live = sorted(self.pages.values(), key=lambda page: page.handle)
        sptes = tuple(
            ShadowPte(page.handle, index, spte.gfn, spte.level, spte.writable, spte.hva)
            for page in live
            for index, spte in sorted(page.sptes.items(), key=lambda item: item[0])
        )
        pages = tuple(
            ShadowPage(
                page.handle, page.gfn, page.direct, tuple(sorted(page.slot_bitmap))
            )
            for page in live
        )
        return View(self.whole_table(), sptes, pages)
