"""The choices: every place where the plan or a clause allows several answers.

A new latitude in the plan or in a clause is a new entry here. Ids are permanent,
as those of clauses are.
"""

from __future__ import annotations

from memslot_spec.choice import AnyChoice, Choice
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import BOTH, ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Accessed, Done, Mmio, Refused, Retry
from memslot_spec.model.updates import Change, Objection, met_by
from memslot_spec.model.values import Errno, SlotTable
from memslot_spec.moments.replies import Answered, Updated

SET = ("SetRegion",)
READERS = tuple(kind.__name__ for kind in TABLE_READERS)
TABLES = ("TableLoaded", "TablePublished")

MMIO, RETRIED = "MMIO", "retry"
STANDING = "the page, through an spte that stands"
LATER = "the page of a table published meanwhile"


def _is_invalid_at(table: SlotTable, access: GuestAccess) -> bool:
    slot = gfn_to_memslot(table, access.gfn, access.as_id)
    return slot is not None and slot.invalid


def access_in_the_window(facts: Facts, answered: Answered) -> str | None:
    """How an access to a slot that is INVALID meanwhile ended."""
    operation, reply = answered.operation, answered.reply
    known = facts.calls.get(answered.thread)
    if known is None or not isinstance(operation, GuestAccess):
        return None
    if not known.loaded:
        at_call = facts.tables.versions[known.newest]
        in_window = _is_invalid_at(at_call, operation)
        return STANDING if in_window and isinstance(reply, Accessed) else None
    if not all(_is_invalid_at(table, operation) for table in answered.candidates):
        return None
    if isinstance(reply, Accessed):
        return LATER
    if isinstance(reply, Mmio):
        return MMIO
    return RETRIED if isinstance(reply, Retry) else None


WINDOW_2009 = Choice(
    id="window-2009",
    title="An access while its slot is INVALID",
    options=(MMIO, RETRIED, STANDING, LATER),
    source="seed, gfn_to_hva: bad_hva; a retry is what later kernels do",
    profiles=ONLY_2_6_34,
    clauses=("DEL-10",),
    on=Answered,
    taken=access_in_the_window,
    operations=("GuestAccess",),
    points=TABLES,
)

WINDOW_TODAY = Choice(
    id="window-today",
    title="An access while its slot is INVALID",
    options=(RETRIED, STANDING, LATER),
    source="commit e0c378684b65",
    profiles=ONLY_LINUX,
    clauses=("DEL-10", "DEL-11"),
    on=Answered,
    taken=access_in_the_window,
    operations=("GuestAccess",),
    points=TABLES,
)

OLD, NEW = "the table of before", "one published meanwhile"
WITH_INVALID, WITHOUT = "the one with the INVALID slot", "the one after it"


def _has_invalid(table: SlotTable) -> bool:
    return any(slot.invalid for slot in table)


def _loaded_among(facts: Facts, answered: Answered) -> tuple[int, range] | None:
    """The version that a reader loaded, and those that were current meanwhile.

    None where the table did not change during the call, or several were loaded.
    """
    known = facts.calls.get(answered.thread)
    if known is None or known.newest == facts.tables.newest:
        return None
    if not known.loaded or len(set(known.loaded)) > 1:
        return None
    return known.loaded[0], range(known.newest, facts.tables.newest + 1)


def beside_an_update(facts: Facts, answered: Answered) -> str | None:
    """Which table a reader used while one took the place of another."""
    found = _loaded_among(facts, answered)
    if found is None:
        return None
    loaded, current = found
    if any(_has_invalid(facts.tables.versions[version]) for version in current):
        return None
    return OLD if loaded <= current[0] else NEW


READER = Choice(
    id="reader-table",
    title="The table of a reader beside an update in one step",
    options=(OLD, NEW),
    source="rcu_dereference beside rcu_assign_pointer",
    profiles=BOTH,
    clauses=("SRCU-1", "SRCU-18"),
    on=Answered,
    taken=beside_an_update,
    operations=READERS,
    points=TABLES,
)


def beside_a_delete(facts: Facts, answered: Answered) -> str | None:
    """Which table a reader used while a slot was taken away in two steps."""
    found = _loaded_among(facts, answered)
    if found is None:
        return None
    loaded, current = found
    versions = facts.tables.versions
    invalid = [version for version in current if _has_invalid(versions[version])]
    if not invalid:
        return None
    if _has_invalid(versions[loaded]):
        return WITH_INVALID
    return OLD if loaded < invalid[0] else WITHOUT


READER_OF_DELETE = Choice(
    id="reader-table-of-delete",
    title="The table of a reader beside a delete or a move",
    options=(OLD, WITH_INVALID, WITHOUT),
    source="seed, __kvm_set_memory_region: two tables, one after the other",
    profiles=BOTH,
    clauses=("SRCU-1", "SRCU-18", "LOOK-3"),
    on=Answered,
    taken=beside_a_delete,
    operations=READERS,
    points=TABLES,
)

THE_SLOT, EVERYTHING = "the slot alone", "every slot"


def what_is_flushed(facts: Facts, event: Flushed) -> str | None:
    """How much the flush of a slot that goes takes with it."""
    update = facts.update_of(event.thread)
    if update is None or not update.takes_slot_away:
        return None
    return EVERYTHING if event.slot_id is None else THE_SLOT


FLUSH = Choice(
    id="flush-extent",
    title="What the flush of a slot that goes takes along",
    options=(THE_SLOT, EVERYTHING),
    source="kvm_arch_flush_shadow zaps all; kvm_arch_flush_shadow_memslot need not",
    profiles=BOTH,
    clauses=("DEL-4", "DEL-9", "MOVE-3"),
    on=Flushed,
    taken=what_is_flushed,
    operations=SET,
    points=("Flushed", *TABLES),
)

WAITED, NOBODY = "waits for a reader", "finds nobody inside"


def whom_it_waited_for(facts: Facts, event: GracePeriodEnded) -> str | None:
    """Whether somebody was in a read section when the grace period began."""
    period = facts.sections.periods.get(event.thread)
    if period is None:
        return None
    return WAITED if period.waits_for else NOBODY


GRACE = Choice(
    id="grace-period",
    title="A grace period",
    options=(WAITED, NOBODY),
    source="kernel/srcu.c, synchronize_srcu",
    profiles=BOTH,
    clauses=("SRCU-5",),
    on=GracePeriodEnded,
    taken=whom_it_waited_for,
    points=("GracePeriodBegun", "GracePeriodEnded", "SectionEntered", "SectionLeft"),
)

REFUSED, IGNORED, ACCEPTED = "refused", "ignored", "accepted"
PUBLISHED, SILENT = "a table is published", "none is published"


def _wrong(update: Updated) -> tuple[Objection, ...]:
    """All that is wrong with a request on a table that is known."""
    return (*update.malformed, *update.conflicts)


def _only(update: Updated, objection: Objection) -> bool:
    """This is all that is wrong, and nothing was made to fail."""
    return (
        update.base is not None
        and update.operation.failure is None
        and _wrong(update) == (objection,)
    )


def _published(facts: Facts, update: Updated) -> int:
    """How many tables the request published."""
    open_update = facts.update_of(update.thread)
    return 0 if open_update is None else len(open_update.published)


def _refused_or(update: Updated, otherwise: str) -> str:
    return REFUSED if isinstance(update.reply, Refused) else otherwise


def _silent_or_not(facts: Facts, update: Updated) -> str:
    return PUBLISHED if _published(facts, update) else SILENT


def no_op(facts: Facts, update: Updated) -> str | None:
    """Whether a request for what is there publishes a table."""
    if update.change is not Change.NO_OP or _wrong(update):
        return None
    if update.operation.failure is not None or not isinstance(update.reply, Done):
        return None
    return _silent_or_not(facts, update)


NO_OP = Choice(
    id="no-op",
    title="A request equal to the slot",
    options=(PUBLISHED, SILENT),
    source="seed, __kvm_set_memory_region: no test for it; today's has one",
    profiles=ONLY_2_6_34,
    clauses=("SLOT-4",),
    on=Updated,
    taken=no_op,
    operations=SET,
    points=TABLES,
)


def delete_of_nothing(facts: Facts, update: Updated) -> str | None:
    """Whether the delete of an absent slot publishes a table."""
    if not _only(update, Objection.ABSENT) or not isinstance(update.reply, Done):
        return None
    return _silent_or_not(facts, update)


ABSENT = Choice(
    id="absent-delete",
    title="The delete of an absent slot",
    options=(PUBLISHED, SILENT),
    source="seed, __kvm_set_memory_region: no test that the slot exists",
    profiles=ONLY_2_6_34,
    clauses=("REQ-12",),
    on=Updated,
    taken=delete_of_nothing,
    objections=(Objection.ABSENT,),
    operations=SET,
    points=TABLES,
)


def unknown_flag(facts: Facts, update: Updated) -> str | None:
    """What became of a flag bit that is not known."""
    del facts
    if not _only(update, Objection.UNKNOWN_FLAG):
        return None
    return _refused_or(update, IGNORED)


UNKNOWN_FLAG = Choice(
    id="unknown-flag",
    title="A flag bit that is not known",
    options=(REFUSED, IGNORED),
    source="seed, __kvm_set_memory_region: flags are not looked at",
    profiles=ONLY_2_6_34,
    clauses=("REQ-8", "REQ-9"),
    on=Updated,
    taken=unknown_flag,
    objections=(Objection.UNKNOWN_FLAG,),
    operations=SET,
)


def unusable_hva(facts: Facts, update: Updated) -> str | None:
    """What became of a host range that is not the user's."""
    del facts
    if not _only(update, Objection.HVA_UNUSABLE):
        return None
    return _refused_or(update, ACCEPTED)


UNUSABLE_HVA = Choice(
    id="unusable-hva",
    title="A host range that is not the user's",
    options=(REFUSED, ACCEPTED),
    source="CVE-2013-1943: the check came later",
    profiles=ONLY_2_6_34,
    clauses=("REQ-28",),
    on=Updated,
    taken=unusable_hva,
    objections=(Objection.HVA_UNUSABLE,),
    operations=SET,
)

IN_ONE, IN_TWO = "applied in one step", "applied in two steps"


def new_hva(facts: Facts, update: Updated) -> str | None:
    """What became of a new host address for a live slot."""
    if not _only(update, Objection.HVA_CHANGED):
        return None
    return _refused_or(update, IN_TWO if _published(facts, update) > 1 else IN_ONE)


NEW_HVA = Choice(
    id="new-hva",
    title="A new host address for a live slot",
    options=(REFUSED, IN_TWO, IN_ONE),
    source="seed, __kvm_set_memory_region: userspace_addr taken only with a new rmap",
    profiles=ONLY_2_6_34,
    clauses=("REQ-17", "REQ-18"),
    on=Updated,
    taken=new_hva,
    objections=(Objection.HVA_CHANGED,),
    operations=SET,
    points=TABLES,
)


def private_overlap(facts: Facts, update: Updated) -> str | None:
    """What became of a range that private slots and user slots share."""
    region, limit = update.operation.region, facts.limits.user_slots
    if update.base is None or not _only(update, Objection.OVERLAP):
        return None
    met = met_by(update.base, region, facts.profile)
    if region.slot < limit and any(slot.id < limit for slot in met):
        return None
    return _refused_or(update, ACCEPTED)


PRIVATE_OVERLAP = Choice(
    id="private-overlap",
    title="A private slot and another on the same frames",
    options=(REFUSED, ACCEPTED),
    source='"KVM: mmu: Fix overlap between public and private memslots"',
    profiles=ONLY_2_6_34,
    clauses=("REQ-19",),
    on=Updated,
    taken=private_overlap,
    objections=(Objection.OVERLAP,),
    operations=SET,
    private=True,
)

OVERLOOKED = (
    Objection.UNKNOWN_FLAG,
    Objection.HVA_UNUSABLE,
    Objection.HVA_CHANGED,
)
"""Objections that v2.6.34 lets an implementation overlook, or refuse with EINVAL."""


def which_refusal(facts: Facts, update: Updated) -> str | None:
    """With which errno a request was refused that earns either."""
    del facts
    wrong, reply = set(_wrong(update)), update.reply
    if update.base is None or not isinstance(reply, Refused) or reply.errno is None:
        return None
    others = wrong - {Objection.OVERLAP}
    if Objection.OVERLAP not in wrong or not others or not others <= {*OVERLOOKED}:
        return None
    return reply.errno.name


WHICH_REFUSAL = Choice(
    id="which-refusal",
    title="A request that overlaps and has a fault that may be overlooked",
    options=(Errno.EEXIST.name, Errno.EINVAL.name),
    source="seed, __kvm_set_memory_region: what is not checked cannot come first",
    profiles=ONLY_2_6_34,
    clauses=("REQ-19",),
    on=Updated,
    taken=which_refusal,
    objections=(Objection.OVERLAP, *OVERLOOKED),
    operations=SET,
)

MET, PASSED_BY = "met: it fails", "not met: it succeeds"


def injected_failure(facts: Facts, update: Updated) -> str | None:
    """Whether a request came by the place where it was made to fail."""
    del facts
    if update.operation.failure is None or update.base is None or _wrong(update):
        return None
    return MET if isinstance(update.reply, Refused) else PASSED_BY


INJECTED = Choice(
    id="injected-failure",
    title="A request that is made to fail on its way",
    options=(MET, PASSED_BY),
    source="an implementation need not come by the place",
    profiles=BOTH,
    clauses=("ERR-1", "ERR-2"),
    on=Updated,
    taken=injected_failure,
    operations=SET,
    failures=True,
)

PUT_BACK, BEFORE = "put back by a new table", "refused before the first step"


def rollback(facts: Facts, update: Updated) -> str | None:
    """How a delete or a move that failed on its way left the slot."""
    if update.base is None or not isinstance(update.reply, Refused):
        return None
    wrong = _wrong(update)
    on_its_way = wrong == (Objection.BEYOND_GUEST,) or (
        update.operation.failure is not None and not wrong
    )
    open_update = facts.update_of(update.thread)
    if not on_its_way or open_update is None or not open_update.takes_slot_away:
        return None
    return PUT_BACK if open_update.published else BEFORE


ROLLBACK = Choice(
    id="rollback",
    title="A delete or a move that fails on its way",
    options=(PUT_BACK, BEFORE),
    source='"KVM: Reinstall old memslots if arch preparation fails"',
    profiles=BOTH,
    clauses=("ERR-1", "ERR-2"),
    on=Updated,
    taken=rollback,
    objections=(None, Objection.BEYOND_GUEST),
    operations=SET,
    points=TABLES,
)

CHOICES: tuple[AnyChoice, ...] = (
    WINDOW_2009,
    WINDOW_TODAY,
    READER,
    READER_OF_DELETE,
    FLUSH,
    GRACE,
    NO_OP,
    ABSENT,
    UNKNOWN_FLAG,
    UNUSABLE_HVA,
    NEW_HVA,
    PRIVATE_OVERLAP,
    WHICH_REFUSAL,
    INJECTED,
    ROLLBACK,
)
