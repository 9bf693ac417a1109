"""Request validation: what becomes of the slot that a request is about."""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_slot
from memslot_spec.history.words.tables import describe_at
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.model.replies import Done
from memslot_spec.model.updates import Objection, target_of
from memslot_spec.model.values import BIT_1
from memslot_spec.moments.replies import TableLeft, Updated
from memslot_spec.moments.tables import ShownAfter

INVALID_BITS = BIT_1 | 1 << 16
"""The bit that meant INVALID in 2009, and the one that means it inside today."""


def sets_an_invalid_bit(facts: Facts, left: TableLeft) -> bool:
    return bool(left.update.region.flags & INVALID_BITS)


def slot_not_invalid(facts: Facts, left: TableLeft) -> str:
    slot_id = id_of(left.update.region.slot)
    return f"slot {slot_id} not INVALID: no flag bit of a request may make it so"


def slot_left(facts: Facts, left: TableLeft) -> str:
    word = left.update.region.slot
    return f"the request leaves {describe_at(left.table, as_id_of(word), id_of(word))}"


@clause(
    id="REQ-8",
    title="Userspace cannot make a slot INVALID",
    must="A request MUST NOT leave its slot INVALID because of a flag bit that "
    "userspace set.",
    known=Known(
        read="patch, __kvm_set_memory_region(): new.flags = mem->flags, whatever bits "
        "there are; 6.1 include/linux/kvm_host.h:57, KVM_MEMSLOT_INVALID is no bit "
        "that userspace may set; 6.1 virt/kvm/kvm_main.c:1553, "
        "check_memory_region_flags(); commit 4d8b81abc47b",
        last_read="2026-11-27",
        derived="a slot is INVALID while it is deleted or moved, and of the patch "
        "nobody meant that a flag of userspace should make it so",
    ),
    rows=(7,),
    on=TableLeft,
    premise=sets_an_invalid_bit,
    expected=slot_not_invalid,
    observed=slot_left,
    points=("TablePublished", "TableLoaded"),
)
def never_invalid(facts: Facts, left: TableLeft) -> bool:
    return left.slot is None or not left.slot.invalid


def had_an_invalid_bit(facts: Facts, shown: ShownAfter) -> bool:
    return bool(shown.region.flags & INVALID_BITS)


def invalid_slots_shown(facts: Facts, shown: ShownAfter) -> str:
    invalid = (describe_slot(slot) for slot in shown.table if slot.invalid)
    return f"shown: {'; '.join(invalid)}"


@clause(
    id="REQ-9",
    title="No slot is shown INVALID after a flag bit was set",
    must="After a request whose flags had a bit that means INVALID, introspection "
    "MUST NOT show a slot that is INVALID.",
    known=Known(
        read="patch, __kvm_set_memory_region(): new.flags = mem->flags, whatever bits "
        "there are; 6.1 include/linux/kvm_host.h:57, KVM_MEMSLOT_INVALID is no bit "
        "that userspace may set; 6.1 virt/kvm/kvm_main.c:1553, "
        "check_memory_region_flags(); commit 4d8b81abc47b",
        last_read="2026-11-27",
        derived="a slot is INVALID while it is deleted or moved, and of the patch "
        "nobody meant that a flag of userspace should make it so",
    ),
    rows=(7,),
    on=ShownAfter,
    premise=had_an_invalid_bit,
    expected="no slot INVALID while no update is under way",
    observed=invalid_slots_shown,
    shows=("table",),
)
def never_left_invalid(facts: Facts, shown: ShownAfter) -> bool:
    return not any(slot.invalid for slot in shown.table)


def deletes_an_absent_slot(facts: Facts, update: Updated) -> bool:
    return update.is_wrong_only_by(Objection.ABSENT)


@clause(
    id="REQ-12",
    title="Deleting an absent slot succeeds in 2009",
    must="The delete of an absent slot with which nothing else is wrong MUST return 0.",
    known=Known(
        read="patch, __kvm_set_memory_region(): no test that the slot exists",
        last_read="2026-11-27",
    ),
    rows=(9,),
    profiles=ONLY_2_6_34,
    on=Updated,
    premise=deletes_an_absent_slot,
    expected="done: an absent slot may be deleted",
)
def absent_delete_accepted(facts: Facts, update: Updated) -> bool:
    return update.accepted


def after_an_accepted_delete(facts: Facts, shown: ShownAfter) -> bool:
    return isinstance(shown.last.reply, Done) and shown.region.memory_size == 0


def slot_shown(facts: Facts, shown: ShownAfter) -> str:
    word = shown.region.slot
    return f"shown: {describe_at(shown.table, as_id_of(word), id_of(word))}"


@clause(
    id="REQ-13",
    title="A deleted slot is absent",
    must="After a delete was accepted the slot MUST be absent.",
    known=Known(
        read="patch, __kvm_set_memory_region(), step 2; 6.1 virt/kvm/kvm_main.c:1895, "
        "kvm_set_memslot(): kvm_delete_memslot()",
        last_read="2026-11",
    ),
    rows=(9,),
    on=ShownAfter,
    premise=after_an_accepted_delete,
    expected="the deleted slot absent",
    observed=slot_shown,
    shows=("table",),
)
def deleted_is_absent(facts: Facts, shown: ShownAfter) -> bool:
    return shown.slot is None


def changes_the_hva(facts: Facts, left: TableLeft) -> bool:
    # Whatever else a target overlooks: once accepted, the address is taken too.
    return Objection.HVA_CHANGED in left.update.wrong


def new_hva_or_refusal(facts: Facts, left: TableLeft) -> str:
    hva = left.update.region.userspace_addr
    return f"the slot at hva {hva:#x}, as the reply says, or refused EINVAL"


@clause(
    id="REQ-17",
    title="A new host address is not ignored",
    must="A new host address for a live slot that was reported as accepted MUST "
    "be in force when the request returns.",
    known=Known(
        read="patch, __kvm_set_memory_region(): userspace_addr taken only with a new "
        "rmap",
        last_read="2026-11",
    ),
    rows=(11,),
    profiles=ONLY_2_6_34,
    on=TableLeft,
    premise=changes_the_hva,
    expected=new_hva_or_refusal,
    observed=slot_left,
    points=("TablePublished",),
)
def hva_not_ignored(facts: Facts, left: TableLeft) -> bool:
    # 2009 lets a target refuse the change; it may not accept and forget it.
    if not left.update.accepted:
        return True
    return left.slot is not None and left.slot.hva == left.update.region.userspace_addr


def after_a_new_hva(facts: Facts, shown: ShownAfter) -> bool:
    region = shown.region
    old = target_of(shown.before, region)
    return (
        old is not None
        and region.npages == old.npages
        and region.userspace_addr != old.hva
    )


def shown_at_new_hva(facts: Facts, shown: ShownAfter) -> str:
    return f"the slot at hva {shown.region.userspace_addr:#x}, as the reply said"


@clause(
    id="REQ-18",
    title="A new host address that was accepted is shown",
    must="Introspection MUST show a live slot at the new host address that an "
    "accepted request gave it.",
    known=Known(
        read="patch, __kvm_set_memory_region(): userspace_addr taken only with a new "
        "rmap",
        last_read="2026-11",
    ),
    rows=(11,),
    profiles=ONLY_2_6_34,
    on=ShownAfter,
    premise=after_a_new_hva,
    expected=shown_at_new_hva,
    observed=slot_shown,
    shows=("table",),
)
def hva_shown(facts: Facts, shown: ShownAfter) -> bool:
    if not isinstance(shown.last.reply, Done):
        return True
    return shown.slot is not None and shown.slot.hva == shown.region.userspace_addr


CLAUSES: tuple[AnyClause, ...] = (
    never_invalid,
    never_left_invalid,
    absent_delete_accepted,
    deleted_is_absent,
    hva_not_ignored,
    hva_shown,
)
