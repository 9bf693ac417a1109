"""From a lookup to the method that answers it, and from its answer to a reply."""

from __future__ import annotations

from typing import assert_never

from memslot_conformance.adapter.answers import NOTHING, of_numbers, typed
from memslot_conformance.adapter.complete import Complete
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    TableReader,
    TssBase,
    VcpuGfnToMemslot,
)
from memslot_spec.model.replies import (
    FoundHostPage,
    FoundHva,
    FoundId,
    FoundSlot,
    Number,
    Reply,
    Visible,
)
from memslot_spec.model.values import Gfn, Slot


def look_up(  # noqa: C901, PLR0912 - one case for each reader
    target: Complete, operation: TableReader
) -> Reply:
    """Have the target answer. Errors: `TargetError`."""
    match operation:
        case GfnToMemslot(gfn, as_id):
            # An implementation with one address space need not take the argument.
            if as_id:
                slot = target.gfn_to_memslot(Gfn(gfn), as_id)
            else:
                slot = target.gfn_to_memslot(Gfn(gfn))
            reply: Reply = FoundSlot(_slot("gfn_to_memslot()", slot))
        case GfnToHva(gfn, as_id):
            if as_id:
                hva = target.gfn_to_hva(Gfn(gfn), as_id)
            else:
                hva = target.gfn_to_hva(Gfn(gfn))
            reply = FoundHva(typed("gfn_to_hva()", hva, int, NOTHING))
        case GfnToHvaProt(gfn, write):
            page = target.gfn_to_hva_prot(Gfn(gfn), write=write)
            reply = typed("gfn_to_hva_prot()", page, FoundHostPage)
        case VcpuGfnToMemslot(vcpu, gfn):
            slot = target.vcpu_gfn_to_memslot(vcpu, Gfn(gfn))
            reply = FoundSlot(_slot("vcpu_gfn_to_memslot()", slot))
        case IsVisibleGfn(gfn):
            visible = target.is_visible_gfn(Gfn(gfn))
            reply = Visible(typed("is_visible_gfn()", visible, bool))
        case MemslotId(gfn):
            slot_id = target.memslot_id(Gfn(gfn))
            reply = FoundId(typed("memslot_id()", slot_id, int, NOTHING))
        case TssBase():
            reply = Number(typed("tss_base()", target.tss_base(), int))
        case MmuPages():
            reply = Number(typed("mmu_pages()", target.mmu_pages(), int))
        case _:
            assert_never(operation)
    return reply


def _slot(what: str, slot: Slot | None) -> Slot | None:
    typed(what, slot, Slot, NOTHING)
    if slot is not None:
        of_numbers(f"a slot of {what}", slot, *NUMBERS)
    return slot


NUMBERS = ("id", "base", "npages", "hva", "as_id")
"""The numbers of a slot."""
