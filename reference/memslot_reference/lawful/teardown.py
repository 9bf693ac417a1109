"""Variants of the teardown: what is done when nobody else has the VM any more."""

from __future__ import annotations

from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.values import MemoryRegion


class DeletesAtTheEnd(LinuxKvm):
    """The teardown deletes every slot, one by one, with a range open that never ends.

    The notifier is unregistered between the start and the end of an invalidation, so
    the end is never told. Nobody maps a page any more, and nothing waits for it.
    """

    def destroy(self) -> None:
        """Unregister the notifier, delete the slots, and free the rest."""
        slots = [slot for table in self.active for slot in table.slots.values()]
        for slot in slots[:1]:
            first = slot.userspace_addr
            self.active_invalidations += 1
            self.invalidate_range_start(first, first + PAGE_SIZE)
        self.active_invalidations = 0
        for slot in slots:
            self.update(MemoryRegion(slot.word, 0, 0, 0, 0), None)
        super().destroy()


VARIANTS: tuple[Variant, ...] = (
    variant(
        "deletes-at-the-end",
        DeletesAtTheEnd,
        "HVA-6",
        "GEN-1",
        "DEL-2",
        source="6.1 virt/kvm/kvm_main.c:1332, kvm_destroy_vm(): "
        "mn_active_invalidate_count = 0; arch/x86/kvm/x86.c:12704, "
        "kvm_arch_destroy_vm(), of the private slots",
        tag="[R]",
    ),
)
