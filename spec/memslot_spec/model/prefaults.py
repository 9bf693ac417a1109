"""What a prefault may answer, and which tables explain it.

Each page is looked up by itself. An error at a later page does not undo the earlier
ones: the reply is then success, with what is left handed back.

Source: api.rst, KVM_PRE_FAULT_MEMORY; virt/kvm/kvm_main.c, kvm_vcpu_pre_fault_memory();
arch/x86/kvm/mmu/mmu.c, kvm_tdp_map_page(), as they were posted for Linux 6.11; commit
3ccbf6f47098.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.model.guest_copies import first_without_memory
from memslot_spec.model.operations import PreFault, ReadGuest
from memslot_spec.model.profile import Limits
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import PreFaulted, Refused, Reply, same_reply
from memslot_spec.model.values import Errno, SlotTable

NO_MEMORY_FOR_IT = Refused(Errno.ENOMEM)
"""Page tables take memory, which nobody has promised."""


def is_no_range(prefault: PreFault) -> bool:
    """It has no page, or its end is no guest address any more."""
    end = prefault.gfn + prefault.npages
    return prefault.npages == 0 or end << PAGE_SHIFT >= U64


def lacks_a_slot(
    tables: Sequence[SlotTable], prefault: PreFault, npages: int, *, by_all: bool
) -> bool:
    """Of its first pages, all tables, or some, have one in no slot or INVALID."""
    first, length = prefault.gfn << PAGE_SHIFT, npages << PAGE_SHIFT
    read = ReadGuest(first, length)
    return first_without_memory(tables, read, by_all=by_all) is not None


def prefault_explained(
    tables: Iterable[SlotTable], prefault: PreFault, reply: Reply, limits: Limits
) -> bool:
    """The tables, one for each page, explain what was mapped, or why nothing was.

    A signal may end it after any page, so a shorter range needs no reason.
    """
    known = tuple(tables)
    if is_no_range(prefault):
        return same_reply(Refused(Errno.EINVAL), reply)
    if isinstance(reply, PreFaulted):
        return 0 < reply.npages <= prefault.npages and not lacks_a_slot(
            known, prefault, reply.npages, by_all=True
        )
    return any(
        same_reply(allowed, reply)
        for table in known
        for allowed in first_page_refusals(table, prefault, limits)
    )


def first_page_refusals(
    table: SlotTable, prefault: PreFault, limits: Limits
) -> tuple[Refused, ...]:
    """How a prefault may fail by this table that has mapped nothing."""
    slot = gfn_to_memslot(table, prefault.gfn)
    if slot is None:
        return Refused(Errno.ENOENT), NO_MEMORY_FOR_IT
    if slot.invalid:
        return Refused(Errno.EAGAIN), NO_MEMORY_FOR_IT
    refusals: tuple[Refused, ...] = (NO_MEMORY_FOR_IT,)
    if slot.id >= limits.user_slots:
        # The APIC access page may be emulated, as one in no slot is.
        refusals = (*refusals, Refused(Errno.ENOENT))
    if limits.may_fault(slot.hva_of(prefault.gfn)):
        refusals = (*refusals, Refused(Errno.EFAULT))
    return refusals
