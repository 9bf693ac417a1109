"""Address spaces: slots of different ones have nothing to do with each other."""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.requests.refusals import accepted, expects_done, is_faultless
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.model.operations import GfnToHva, GfnToMemslot, GuestAccess
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.readers import answer, gfn_to_memslot
from memslot_spec.model.updates import Change
from memslot_spec.model.values import Slot
from memslot_spec.moments.replies import Answered, Updated


def _elsewhere(update: Updated) -> tuple[Slot, ...]:
    """The slots of other address spaces than the request's."""
    as_id = as_id_of(update.operation.region.slot)
    if update.base is None:
        return ()
    return tuple(slot for slot in update.base if slot.as_id != as_id)


def meets_a_slot_elsewhere(facts: Facts, update: Updated) -> bool:
    """A faultless CREATE or MOVE, over frames that another space has slots at."""
    region = update.operation.region
    return (
        is_faultless(update)
        and update.change in {Change.CREATE, Change.MOVE}
        and any(s.meets(region.base, region.npages) for s in _elsewhere(update))
    )


NO_OVERLAP_ACROSS = Clause(
    id="SLOT-10",
    title="Slots of two address spaces do not overlap",
    must="A CREATE or MOVE whose range intersects slots of other address spaces "
    "only MUST succeed.",
    source="KVM_SET_USER_MEMORY_REGION: slots in separate spaces are unrelated",
    rows=(19,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=meets_a_slot_elsewhere,
    expected=expects_done,
    operations=("SetRegion",),
    across_spaces=True,
    holds=accepted,
)


def spaces_differ(facts: Facts, answered: Answered) -> bool:
    """A lookup or an access where the spaces' slots at the frame differ.

    An INVALID slot has clauses of its own.
    """
    operation = answered.operation
    if not isinstance(operation, GfnToMemslot | GfnToHva | GuestAccess):
        return False
    for table in answered.candidates:
        slot = gfn_to_memslot(table, operation.gfn, operation.as_id)
        other = gfn_to_memslot(table, operation.gfn, 1 - operation.as_id)
        if slot == other or (slot is not None and slot.invalid):
            return False
    return True


def expects_its_space(facts: Facts, answered: Answered) -> str:
    """The answer of that space."""
    operation = answered.operation
    if not isinstance(operation, GfnToMemslot | GfnToHva | GuestAccess):
        return ""
    name = f"address space {operation.as_id}"
    if isinstance(operation, GuestAccess) or not answered.candidates:
        return f"what the slots of {name} give"
    reply = answer(answered.candidates[0], operation, facts.profile, facts.limits)
    return f"{describe_reply(reply)}, from the slots of {name}"


@clause(
    id="SLOT-11",
    title="A lookup looks in its address space",
    must="A lookup or guest access MUST be answered by the slots of its own space.",
    source="commit 817fa998362d; kvm_vcpu_memslots",
    rows=(19,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=spaces_differ,
    expected=expects_its_space,
    any_operation=("GfnToMemslot", "GfnToHva", "GuestAccess"),
    across_spaces=True,
)
def lookup_is_local(facts: Facts, answered: Answered) -> bool:
    return answered.explained


CLAUSES: tuple[AnyClause, ...] = (NO_OVERLAP_ACROSS, lookup_is_local)
