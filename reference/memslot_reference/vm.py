"""The virtual machine, but for its updates: what it declares and how it ends."""

from __future__ import annotations

from typing import get_args

from memslot_reference.writers import SlotWriters
from memslot_spec.events import Point, ShadowPage, ShadowPte, View
from memslot_spec.history import Domain, Interleaving
from memslot_spec.hook import Hook
from memslot_spec.profile import Limits, Profile
from memslot_spec.values import Failure

GENERATED_SLOTS = 4


class Vm(SlotWriters):
    """What every VM here is, however it updates its slots."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM with no slots and no mappings."""
        super().__init__(hook, profile, limits)
        self.profile = profile.name
        self.interleaving = Interleaving.POINTS
        self.announces: tuple[str, ...] = tuple(k.__name__ for k in get_args(Point))
        self.domain = Domain(
            largest_gfn=min(limits.largest_gfn, Domain().largest_gfn),
            slots=min(limits.user_slots, GENERATED_SLOTS),
            private_slots=profile.private_slots,
            failures=tuple(failure.name for failure in Failure),
        )

    def destroy(self) -> None:
        """`kvm_destroy_vm`: the vCPUs read the slots once more, so they go first.

        Commit 647492047763 put the two in this order.
        """
        self.tear_down_vcpus()
        self.srcu.destroy()

    def tear_down_vcpus(self) -> None:
        """`kvm_free_vcpus`: the shadow pages go with them, in a read section."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.zap_all()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

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
        return View(self.memslots.to_spec(), sptes, pages)
