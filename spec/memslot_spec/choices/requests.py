"""Choices of requests: what v2.6.34 lets an implementation refuse, ignore or take."""

from __future__ import annotations

from memslot_spec.choice import AnyChoice, choice
from memslot_spec.facts.facts import Facts
from memslot_spec.model.profile import BOTH, ONLY_2_6_34
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.updates import Change, Objection, met_by
from memslot_spec.model.values import Errno
from memslot_spec.moments.replies import Updated

TABLES = ("TableLoaded", "TablePublished")

REFUSED, IGNORED, ACCEPTED = "refused", "ignored", "accepted"
PUBLISHED, SILENT = "a table is published", "none is published"


def is_wrong_only_by(update: Updated, objection: Objection) -> bool:
    """On a table that is known, this is all that is wrong."""
    return update.base is not None and update.is_wrong_only_by(objection)


def refused_or(update: Updated, otherwise: str) -> str:
    return REFUSED if isinstance(update.reply, Refused) else otherwise


def published_or_not(update: Updated) -> str:
    return PUBLISHED if update.published else SILENT


@choice(
    id="no-op",
    title="A request equal to the slot",
    options=(PUBLISHED, SILENT),
    source="patch, __kvm_set_memory_region: no test for it; "
    "6.1 virt/kvm/kvm_main.c:2015, which has one",
    profiles=BOTH,
    clauses=("SLOT-4",),
    on=Updated,
    points=TABLES,
)
def no_op(facts: Facts, update: Updated) -> str | None:
    """Whether a request for what is there publishes a table."""
    if update.change is not Change.NO_OP or not update.is_faultless:
        return None
    return published_or_not(update) if isinstance(update.reply, Done) else None


@choice(
    id="absent-delete",
    title="The delete of an absent slot",
    options=(PUBLISHED, SILENT),
    source="patch, __kvm_set_memory_region: no test that the slot exists",
    profiles=ONLY_2_6_34,
    clauses=("REQ-12",),
    on=Updated,
    objections=(Objection.ABSENT,),
    points=TABLES,
)
def absent_delete(facts: Facts, update: Updated) -> str | None:
    """Whether the delete of an absent slot publishes a table."""
    if not is_wrong_only_by(update, Objection.ABSENT):
        return None
    return published_or_not(update) if isinstance(update.reply, Done) else None


@choice(
    id="unknown-flag",
    title="A flag bit that is not known",
    options=(REFUSED, IGNORED),
    source="patch, __kvm_set_memory_region: flags are not looked at",
    profiles=ONLY_2_6_34,
    clauses=("REQ-8", "REQ-9"),
    on=Updated,
    objections=(Objection.UNKNOWN_FLAG,),
)
def unknown_flag(facts: Facts, update: Updated) -> str | None:
    """What became of a flag bit that is not known."""
    if not is_wrong_only_by(update, Objection.UNKNOWN_FLAG):
        return None
    return refused_or(update, IGNORED)


@choice(
    id="unusable-hva",
    title="A host range that is not the user's",
    options=(REFUSED, ACCEPTED),
    source="CVE-2013-1943: the check came later",
    profiles=ONLY_2_6_34,
    clauses=("REQ-28",),
    on=Updated,
    objections=(Objection.HVA_UNUSABLE,),
)
def unusable_hva(facts: Facts, update: Updated) -> str | None:
    """What became of a host range that is not the user's."""
    if not is_wrong_only_by(update, Objection.HVA_UNUSABLE):
        return None
    return refused_or(update, ACCEPTED)


IN_ONE, IN_TWO = "applied in one step", "applied in two steps"


@choice(
    id="new-hva",
    title="A new host address for a live slot",
    options=(REFUSED, IN_TWO, IN_ONE),
    source="patch, __kvm_set_memory_region: userspace_addr taken only with a new rmap",
    profiles=ONLY_2_6_34,
    clauses=("REQ-17", "REQ-18"),
    on=Updated,
    objections=(Objection.HVA_CHANGED,),
    points=TABLES,
)
def new_hva(facts: Facts, update: Updated) -> str | None:
    """What became of a new host address for a live slot."""
    if not is_wrong_only_by(update, Objection.HVA_CHANGED):
        return None
    return refused_or(update, IN_TWO if len(update.published) > 1 else IN_ONE)


@choice(
    id="private-overlap",
    title="A private slot and another on the same frames",
    options=(REFUSED, ACCEPTED),
    source='"KVM: mmu: Fix overlap between public and private memslots"',
    profiles=ONLY_2_6_34,
    clauses=("REQ-19",),
    on=Updated,
    objections=(Objection.OVERLAP,),
    private=True,
)
def private_overlap(facts: Facts, update: Updated) -> str | None:
    """What became of a range that private slots and user slots share."""
    region, limit = update.operation.region, facts.limits.user_slots
    if update.base is None or not update.is_wrong_only_by(Objection.OVERLAP):
        return None
    met = met_by(update.base, region, facts.profile)
    if region.slot < limit and any(slot.id < limit for slot in met):
        return None
    return refused_or(update, ACCEPTED)


OVERLOOKED = (
    Objection.UNKNOWN_FLAG,
    Objection.HVA_UNUSABLE,
    Objection.HVA_CHANGED,
)
"""Objections that v2.6.34 lets an implementation overlook, or refuse with EINVAL."""


@choice(
    id="which-refusal",
    title="A request that overlaps and has a fault that may be overlooked",
    options=(Errno.EEXIST.name, Errno.EINVAL.name),
    source="patch, __kvm_set_memory_region: what is not checked cannot come first",
    profiles=ONLY_2_6_34,
    clauses=("REQ-19",),
    on=Updated,
    objections=(Objection.OVERLAP, *OVERLOOKED),
)
def which_refusal(facts: Facts, update: Updated) -> str | None:
    """With which errno a request was refused that earns either."""
    reply, others = update.reply, set(update.wrong) - {Objection.OVERLAP}
    if update.base is None or Objection.OVERLAP not in update.wrong:
        return None
    if not others or not others <= {*OVERLOOKED}:
        return None
    if not isinstance(reply, Refused) or reply.errno is None:
        return None
    return reply.errno.name


CHOICES: tuple[AnyChoice, ...] = (
    no_op,
    absent_delete,
    unknown_flag,
    unusable_hva,
    new_hva,
    private_overlap,
    which_refusal,
)
