"""The adapter of a slot manager: requests go through it, and looks to the KVM beneath.

What the suite calls a slot is a region of the manager's. Its ids are the manager's own
affair: what is shown is where guest memory is, under the name that it was asked for by.
"""

from dataclasses import replace

from slot_manager import PAGE, SlotManager

from memslot_conformance.targets.kvm.detect import Unusable, detect
from memslot_conformance.targets.kvm.target import kernel_vm
from memslot_reference.reference import reference
from memslot_spec import Done, Errno, Limits, MemoryRegion, Refused, Slot
from memslot_spec.history.header import Domain
from memslot_spec.history.hook import Silent
from memslot_spec.history.views import View
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Failure, Gfn, Hva, table_of

LAST = (1 << 40) - 1
"""The last frame that the KVM beneath lets a slot hold."""

NOBODY = 1 << 16
"""Slots that nobody asked for are shown by their own ids, from here on."""


class ManagedKvm:
    """A manager over the reference; one call at a time."""

    manager = SlotManager
    profile = "linux"
    limits = Limits(user_slots=SlotManager.names, largest_gfn=LAST)
    domain = Domain(
        largest_gfn=LAST, slots=SlotManager.names, failures=("PREPARE", "ALLOCATE")
    )

    def __init__(self) -> None:
        self.kvm = reference(Silent(), LINUX)
        self.managed = self.manager(self.ioctl)
        self.named: dict[int, range] = {}
        self.failing: tuple[int, Failure | None] = (0, None)

    def ioctl(self, request: MemoryRegion) -> Errno | None:
        """What the manager asks of KVM; a failure comes where one is due."""
        end, failure = self.failing
        is_last = request.guest_phys_addr + request.memory_size == end
        if failure is None or not is_last:
            reply = self.kvm.set_region(request)
        else:
            self.failing = (0, None)
            reply = self.kvm.set_region(request, failure=failure)
        return reply.errno if isinstance(reply, Refused) else None

    def set_region(
        self, region: MemoryRegion, *, failure: Failure | None = None
    ) -> Reply:
        """Through the manager. A failure is met by the last slot: half way."""
        self.failing = (region.guest_phys_addr + region.memory_size, failure)
        errno = self.managed.assign(region.slot, region)
        self.failing = (0, None)
        if errno is not None:
            return Refused(errno)
        base, npages = region.guest_phys_addr // PAGE, region.memory_size // PAGE
        self.named[region.slot] = range(base, base + npages)
        return Done()

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Of the KVM beneath."""
        return self.kvm.gfn_to_hva(gfn)

    def is_visible_gfn(self, gfn: Gfn) -> bool:
        """Of the KVM beneath."""
        return self.kvm.is_visible_gfn(gfn)

    def observe(self) -> View:
        """The slots beneath, joined where they are pieces of one region."""
        table = self.kvm.observe().table
        shown: list[Slot] = []
        for slot in sorted(table.slots if table else (), key=lambda slot: slot.base):
            name = next((n for n, at in self.named.items() if slot.base in at), None)
            piece = replace(slot, id=NOBODY + slot.id if name is None else name)
            last = shown[-1] if shown else None
            if last is not None and last.id == piece.id and continues(last, piece):
                shown[-1] = replace(last, npages=last.npages + piece.npages)
            else:
                shown.append(piece)
        return View(table=table_of(*shown))


def continues(last: Slot, piece: Slot) -> bool:
    """Together they are one region: in the guest, in the host, and by their flags."""
    whole = replace(
        last,
        base=Gfn(last.base + last.npages),
        hva=Hva(last.hva + last.npages * PAGE),
        npages=piece.npages,
    )
    return whole == piece


class ManagedKernel:
    """The same manager over /dev/kvm, which shows nothing: its replies are judged."""

    profile = "linux"
    domain = Domain(slots=SlotManager.names, largest_slot=64)

    def __init__(self) -> None:
        usable = detect()
        if isinstance(usable, Unusable):
            raise OSError(usable.reason)
        self.kvm = kernel_vm(usable.facts)
        self.limits = replace(self.kvm.limits, user_slots=SlotManager.names)
        self.managed = SlotManager(self.ioctl)

    def ioctl(self, request: MemoryRegion) -> Errno | None:
        """What the manager asks of the kernel."""
        reply = self.kvm.set_region(request)
        return reply.errno if isinstance(reply, Refused) else None

    def set_region(self, region: MemoryRegion) -> Reply:
        """Through the manager."""
        errno = self.managed.assign(region.slot, region)
        return Done() if errno is None else Refused(errno)

    def close(self) -> None:
        """Give the VM back."""
        self.kvm.close()


make = ManagedKvm
