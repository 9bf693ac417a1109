"""What may be asked of a real kernel: the guard before every slot request.

With the shadow MMU, KVM allocates about 8 bytes of reverse map for each page of
a slot, at once: a valid slot of 2**31-1 pages takes 16 GiB of kernel memory and
soft-locks a CPU. So a size is either small enough to be harmless or so large
that `__kvm_set_memory_region` refuses it before it allocates anything
(`KVM_MEM_MAX_NR_PAGES`); nothing in between is ever sent.
"""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.values import MemoryRegion

MAX_SLOT_BYTES = 16 << 20
"""The largest slot that may be asked for, in bytes."""

MAX_VM_BYTES = 64 << 20
"""The bytes that all slots of one VM may hold together."""

MAX_VM_SLOTS = 512
"""The slots that one VM may hold."""

REFUSED_NPAGES = 1 << 31
"""The page count from which on every kernel of profile `linux` refuses."""


class UnsafeRequestError(ValueError):
    """A request that the kernel might accept and this machine might not survive.

    Not a refusal: nothing was sent, so the request has no reply.
    """


def objection(region: MemoryRegion, other_bytes: int, other_slots: int) -> str | None:
    """Why the request must not be sent, naming value and limit; None if it may.

    `other_bytes` and `other_slots` are what the VM holds beside the slot that
    the request is about.

    Alignment and wrapping are not taken into account: that a kernel refuses a
    misaligned slot of 1 GiB is a thing to be tested, not a thing to rely on.
    """
    size = region.memory_size
    if size == 0 or size >> PAGE_SHIFT >= REFUSED_NPAGES:
        return None
    if size > MAX_SLOT_BYTES:
        return (
            f"memory_size must be at most {MAX_SLOT_BYTES} bytes, or 2**31 pages "
            f"and more to be refused as too big; got {size}"
        )
    if other_bytes + size > MAX_VM_BYTES:
        return (
            f"the slots of one VM must hold at most {MAX_VM_BYTES} bytes; "
            f"memory_size {size} would make it {other_bytes + size}"
        )
    if other_slots + 1 > MAX_VM_SLOTS:
        return (
            f"one VM must hold at most {MAX_VM_SLOTS} slots; "
            f"slot {region.slot:#x} would make it {other_slots + 1}"
        )
    return None


class Ledger:
    """The slots that one VM holds, by the `slot` word of the request.

    It counts what was accepted, so that the guard is right also about a kernel
    that accepts what it should refuse. One caller at a time.
    """

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._bytes = 0

    def admit(self, region: MemoryRegion) -> None:
        """Let the request through. Errors: `UnsafeRequestError`, naming the limit."""
        held = self._sizes.get(region.slot)
        why = objection(
            region,
            self._bytes - (held or 0),
            len(self._sizes) - (held is not None),
        )
        if why is not None:
            raise UnsafeRequestError(why)

    def size_of(self, slot: int) -> int:
        """The bytes of the slot that was accepted under this word; 0 for none."""
        return self._sizes.get(slot, 0)

    def settle(self, region: MemoryRegion) -> None:
        """Record that the kernel accepted the request."""
        self._bytes -= self._sizes.pop(region.slot, 0)
        if region.memory_size:
            self._sizes[region.slot] = region.memory_size
            self._bytes += region.memory_size
