"""Request validation: what may not be done to a slot that is there, or is not."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.requests.refusals import accepted, expects_done, refusal
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed
from memslot_spec.model.profile import BOTH, ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.replies import Done
from memslot_spec.model.updates import Objection, target_of
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.replies import Updated

SET = ("SetRegion",)


DELETE_ABSENT = refusal(
    11,
    Objection.ABSENT,
    row=9,
    title="Deleting an absent slot is refused",
    must="Deleting an absent slot MUST fail with EINVAL.",
    source="commit f0736cf0550b",
    profiles=ONLY_LINUX,
)


def deletes_absent(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong but that the slot to delete is absent."""
    return (
        update.conflicts == (Objection.ABSENT,)
        and not update.malformed
        and update.operation.failure is None
    )


DELETE_ABSENT_2009 = Clause(
    id="REQ-12",
    title="Deleting an absent slot succeeds in 2009",
    must="Deleting an absent slot MUST return 0.",
    source="seed, __kvm_set_memory_region: no test that the slot exists",
    rows=(9,),
    profiles=ONLY_2_6_34,
    on=Updated,
    premise=deletes_absent,
    expected=expects_done,
    operations=SET,
    holds=accepted,
)


def deleted_last(facts: Facts, event: Observed) -> bool:
    """The last request was an accepted delete."""
    last = facts.last_update
    return (
        event.view.table is not None
        and not facts.open_updates()
        and last is not None
        and last.before is not None
        and isinstance(last.reply, Done)
        and last.operation.region.memory_size == 0
    )


def _deleted(facts: Facts, table: SlotTable | None) -> object:
    last = facts.last_update
    if last is None or table is None:
        return None
    return target_of(table, last.operation.region)


@clause(
    id="REQ-13",
    title="A deleted slot is absent",
    must="After a delete was accepted the slot MUST be absent.",
    source="seed, __kvm_set_memory_region",
    rows=(9,),
    on=Observed,
    premise=deleted_last,
    expected="the deleted slot absent",
    shows=("table",),
)
def deleted_is_absent(facts: Facts, event: Observed) -> bool:
    return _deleted(facts, event.view.table) is None


RESIZED = refusal(
    14,
    Objection.RESIZED,
    row=10,
    title="Resizing a live slot is refused",
    must=(
        "Changing the size of a live slot MUST fail with EINVAL, whatever its "
        "new range meets."
    ),
    source="__kvm_set_memory_region: decided before the overlap scan",
    profiles=BOTH,
)


HVA_CHANGED = refusal(
    15,
    Objection.HVA_CHANGED,
    row=11,
    title="A new host address for a live slot is refused",
    must="Changing the host address of a live slot MUST fail with EINVAL.",
    source="__kvm_set_memory_region, 6.1",
    profiles=ONLY_LINUX,
)


READONLY_CHANGED = refusal(
    16,
    Objection.READONLY_CHANGED,
    row=11,
    title="A READONLY toggle on a live slot is refused",
    must="Changing READONLY on a live slot MUST fail with EINVAL.",
    source="__kvm_set_memory_region, 6.1",
    profiles=ONLY_LINUX,
)


def changes_hva(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong but a new host address for a live slot."""
    return (
        update.conflicts == (Objection.HVA_CHANGED,)
        and not update.malformed
        and update.after is not None
    )


def expects_new_hva(facts: Facts, update: Updated) -> str:
    """The new address in force, or a refusal."""
    return (
        f"slot at hva {update.operation.region.userspace_addr:#x}, as the reply "
        "says, or refused EINVAL"
    )


@clause(
    id="REQ-17",
    title="A new host address is not ignored",
    must="A new host address for a live slot that was reported as accepted MUST "
    "be in force when the request returns.",
    source="seed, __kvm_set_memory_region: userspace_addr taken only with a new rmap",
    rows=(11,),
    profiles=ONLY_2_6_34,
    on=Updated,
    premise=changes_hva,
    expected=expects_new_hva,
    operations=SET,
    points=("TablePublished",),
)
def hva_not_ignored(facts: Facts, update: Updated) -> bool:
    if update.after is None or not accepted(facts, update):
        return True
    slot = target_of(update.after, update.operation.region)
    return slot is not None and slot.hva == update.operation.region.userspace_addr


def hva_change_ends(facts: Facts, event: Observed) -> bool:
    """The last request gave a live slot a new host address."""
    last = facts.last_update
    if last is None or last.before is None or event.view.table is None:
        return False
    old = target_of(last.before, last.operation.region)
    return (
        not facts.open_updates()
        and old is not None
        and last.operation.region.npages == old.npages
        and old.hva != last.operation.region.userspace_addr
    )


def expects_shown_hva(facts: Facts, event: Observed) -> str:
    """The new address shown."""
    last = facts.last_update
    hva = 0 if last is None else last.operation.region.userspace_addr
    return f"the slot at hva {hva:#x}, as the reply said"


@clause(
    id="REQ-18",
    title="A new host address that was accepted is shown",
    must="Introspection MUST show a live slot at the new host address that an "
    "accepted request gave it.",
    source="seed, __kvm_set_memory_region: userspace_addr taken only with a new rmap",
    rows=(11,),
    profiles=ONLY_2_6_34,
    on=Observed,
    premise=hva_change_ends,
    expected=expects_shown_hva,
    shows=("table",),
)
def hva_shown(facts: Facts, event: Observed) -> bool:
    last, table = facts.last_update, event.view.table
    if last is None or table is None or not isinstance(last.reply, Done):
        return True
    slot = target_of(table, last.operation.region)
    return slot is not None and slot.hva == last.operation.region.userspace_addr


CLAUSES: tuple[AnyClause, ...] = (
    DELETE_ABSENT,
    DELETE_ABSENT_2009,
    deleted_is_absent,
    RESIZED,
    HVA_CHANGED,
    READONLY_CHANGED,
    hva_not_ignored,
    hva_shown,
)
