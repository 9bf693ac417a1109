"""The window of a delete: what accesses and lookups give meanwhile and after.

What an access gets that finds no valid slot depends on who makes it. A page fault can
be taken again; the emulator has an instruction to finish; a walk of the guest's page
table can only tell the guest; KVM's own access has a caller to tell.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.operations import GuestAccess, Origin
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.readers import accesses, serves
from memslot_spec.model.replies import (
    Accessed,
    GuestPageFault,
    Mmio,
    Refused,
    Retry,
    same_reply,
)
from memslot_spec.model.values import Errno
from memslot_spec.moments.lookups import GfnAnswered


def is_by(access: GfnAnswered, *origins: Origin) -> bool:
    operation = access.operation
    return isinstance(operation, GuestAccess) and operation.origin in origins


def finds_its_slot_invalid(facts: Facts, access: GfnAnswered) -> bool:
    return access.loaded and any(s is not None and s.invalid for s in access.slots)


@clause(
    id="DEL-10",
    title="Nothing reaches memory through an INVALID slot",
    must="An access that looks its frame up and finds the slot INVALID MUST NOT reach "
    "memory, unless it is made again, by a table in which a valid slot covers the "
    "frame, or is a page fault that goes on by an spte from before that still stands.",
    known=Known(
        read="patch, gfn_to_hva(); 6.1 virt/kvm/kvm_main.c:2421, __gfn_to_hva_many(); "
        "arch/x86/kvm/mmu/mmu.c:4252, direct_page_fault(): fast_page_fault() first, "
        "which may find the fault spurious (3355); commits e0c378684b65, 3ccbf6f47098",
        last_read="2026-11-27",
        derived="later kernels refuse a prefault that finds the slot INVALID, says "
        "the message of commit 3ccbf6f47098",
    ),
    rows=(40,),
    on=GfnAnswered,
    premise=finds_its_slot_invalid,
    expected="no memory reached: the slot of the frame is INVALID",
    operations=("GuestAccess",),
    points=(
        "SpteMapped",
        "SpteRemoved",
        "SpteUpdated",
        "TableLoaded",
        "TablePublished",
    ),
    concurrent=True,
)
def window_is_not_memory(facts: Facts, access: GfnAnswered) -> bool:
    return not isinstance(access.reply, Accessed) or access.explained


def fault_finds_its_slot_invalid(facts: Facts, access: GfnAnswered) -> bool:
    return is_by(access, Origin.PAGE_FAULT) and finds_its_slot_invalid(facts, access)


@clause(
    id="DEL-11",
    title="Today a page fault on an INVALID slot is retried",
    must="A page fault that finds its slot INVALID MUST be retried: the access is "
    "answered by a table in which the slot is not INVALID, or asked for again. It may "
    "go on by an spte from before that still stands.",
    known=Known(
        read="commit e0c378684b65; 6.1 arch/x86/kvm/mmu/mmu.c:4163, kvm_faultin_pfn(); "
        "4252, direct_page_fault()",
        last_read="2026-11-27",
    ),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=GfnAnswered,
    premise=fault_finds_its_slot_invalid,
    expected="retry: the slot of the frame is INVALID, which is not MMIO",
    operations=("GuestAccess",),
    points=(
        "SpteMapped",
        "SpteRemoved",
        "SpteUpdated",
        "TableLoaded",
        "TablePublished",
    ),
    concurrent=True,
)
def window_is_retried(facts: Facts, access: GfnAnswered) -> bool:
    operation, reply = access.operation, access.reply
    if isinstance(reply, Retry):
        return True
    if isinstance(reply, Accessed):
        return access.explained
    return isinstance(operation, GuestAccess) and any(
        reply in accesses(table, operation, facts.profile, facts.limits)
        for table, slot in zip(access.tables, access.slots, strict=True)
        if slot is None or not slot.invalid
    )


def is_data_of_no_slot(facts: Facts, access: GfnAnswered) -> bool:
    of_guest = is_by(access, Origin.PAGE_FAULT, Origin.EMULATOR)
    return of_guest and all(slot is None for slot in access.slots)


@clause(
    id="DEL-12",
    title="Data in no slot is MMIO",
    must="Where no slot covers the frame and no device in the kernel has the address, "
    "the guest's access to data there, by a page fault or through the emulator, MUST "
    "exit to user space as MMIO.",
    known=Known(
        read="patch, gfn_to_hva(): bad_hva(); 6.1 arch/x86/kvm/x86.c:7614, "
        "emulator_read_write_onepage()",
        last_read="2026-11",
    ),
    rows=(40,),
    on=GfnAnswered,
    premise=is_data_of_no_slot,
    expected="MMIO: no slot covers the frame",
    operations=("GuestAccess",),
)
def gone_is_mmio(facts: Facts, access: GfnAnswered) -> bool:
    return isinstance(access.reply, Mmio)


def only_another_slot_is_invalid(facts: Facts, lookup: GfnAnswered) -> bool:
    """Every table has the same valid slot there, and one has an INVALID slot."""
    found = set(lookup.slots)
    return (
        len(found) == 1
        and all(slot is not None and not slot.invalid for slot in found)
        and any(slot.invalid for table in lookup.tables for slot in table)
    )


@clause(
    id="DEL-13",
    title="Other slots resolve throughout",
    must="While a slot is INVALID, frames of other slots MUST keep resolving.",
    known=Known(
        read="patch, __kvm_set_memory_region(): one slot of the copy is changed; 6.1 "
        "virt/kvm/kvm_main.c:1744, kvm_invalidate_memslot()",
        last_read="2026-11",
    ),
    rows=(41,),
    on=GfnAnswered,
    premise=only_another_slot_is_invalid,
    expected="the frame resolved as before: only another slot is INVALID",
    any_operation=("GfnToMemslot", "GfnToHva", "IsVisibleGfn", "MemslotId"),
    concurrent=True,
)
def others_resolve(facts: Facts, lookup: GfnAnswered) -> bool:
    return lookup.explained


def kvm_finds_no_memory(facts: Facts, access: GfnAnswered) -> bool:
    operation = access.operation
    return isinstance(operation, GuestAccess) and (
        operation.origin is Origin.KVM
        and not any(slot and serves(slot, operation) for slot in access.slots)
    )


@clause(
    id="DEL-14",
    title="KVM's own access without memory fails with EFAULT",
    must="KVM's own access for the guest MUST fail with EFAULT where no slot covers "
    "the frame, where the slot is INVALID, and where it writes to a READONLY slot.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3001, __kvm_read_guest_page(); 2421, "
        "__gfn_to_hva_many(); patch, gfn_to_hva(): bad_hva()",
        last_read="2026-11",
    ),
    rows=(40,),
    on=GfnAnswered,
    premise=kvm_finds_no_memory,
    expected="refused EFAULT: KVM has no address for the access",
    operations=("GuestAccess",),
    origin=Origin.KVM,
)
def own_access_fails(facts: Facts, access: GfnAnswered) -> bool:
    return same_reply(Refused(Errno.EFAULT), access.reply)


def walk_finds_no_table(facts: Facts, access: GfnAnswered) -> bool:
    by_a_walk = is_by(access, Origin.TABLE_WALK)
    return by_a_walk and all(slot is None or slot.invalid for slot in access.slots)


@clause(
    id="DEL-15",
    title="A page table in no slot gives the guest a page fault",
    must="A walk of the guest's page table whose frame no valid slot covers MUST give "
    "the guest a page fault, or be made again while the slot is INVALID.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/paging_tmpl.h:384, walk_addr_generic()",
        last_read="2026-11",
    ),
    rows=(40,),
    profiles=ONLY_LINUX,
    on=GfnAnswered,
    premise=walk_finds_no_table,
    expected="a page fault to the guest: its page table is in no valid slot",
    operations=("GuestAccess",),
    origin=Origin.TABLE_WALK,
)
def walk_faults(facts: Facts, access: GfnAnswered) -> bool:
    if isinstance(access.reply, Retry):
        return any(slot is not None for slot in access.slots)
    return isinstance(access.reply, GuestPageFault)


def emulator_finds_its_slot_invalid(facts: Facts, access: GfnAnswered) -> bool:
    return is_by(access, Origin.EMULATOR) and finds_its_slot_invalid(facts, access)


@clause(
    id="DEL-16",
    title="An emulated access to an INVALID slot is MMIO, or made again",
    must="An emulated access that finds its slot INVALID MUST exit to user space as "
    "MMIO, or be made again; neither the guest nor the caller of KVM_RUN may get an "
    "error.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.c:7614, emulator_read_write_onepage(): EFAULT is "
        "MMIO",
        last_read="2026-11",
    ),
    rows=(40,),
    on=GfnAnswered,
    premise=emulator_finds_its_slot_invalid,
    expected="MMIO or retry: the emulator has no address for the access",
    operations=("GuestAccess",),
    points=("TableLoaded", "TablePublished"),
    concurrent=True,
    origin=Origin.EMULATOR,
)
def emulation_goes_on(facts: Facts, access: GfnAnswered) -> bool:
    return isinstance(access.reply, Mmio | Retry) or access.explained


CLAUSES: tuple[AnyClause, ...] = (
    window_is_not_memory,
    window_is_retried,
    gone_is_mmio,
    others_resolve,
    own_access_fails,
    walk_faults,
    emulation_goes_on,
)
