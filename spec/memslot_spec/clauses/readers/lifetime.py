"""Lifetime under SRCU: nothing goes while somebody may read it."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.srcu import DomainDestroyed, GracePeriodEnded
from memslot_spec.history.points.tables import TableRead, TableReclaimed
from memslot_spec.model.operations import DestroyVm

SECTION_POINTS = ("SectionEntered", "SectionLeft")


def was_published(facts: Facts, event: TableReclaimed) -> bool:
    """The table was current once, so a reader may hold it."""
    return event.table in facts.tables.handles


def expects_no_holder(facts: Facts, event: TableReclaimed) -> str:
    """Nobody in a section that loaded it."""
    holders = sorted(
        section.thread
        for section in facts.sections.all_open()
        if event.table in section.handles
    )
    who = ", ".join(f"T{thread}" for thread in holders)
    return f"no open read section that loaded the table; {who} is in one"


@clause(
    id="SRCU-2",
    title="A replaced table outlives its readers",
    must="A table MUST NOT be reclaimed (freed or reused) while a read section "
    "that loaded it is open.",
    source="seed, __kvm_set_memory_region: publish, synchronize_srcu, kfree",
    rows=(29,),
    on=TableReclaimed,
    premise=was_published,
    expected=expects_no_holder,
    points=(*SECTION_POINTS, "TableLoaded"),
)
def outlives_readers(facts: Facts, event: TableReclaimed) -> bool:
    return not any(
        event.table in section.handles for section in facts.sections.all_open()
    )


def is_any_read(facts: Facts, event: TableRead) -> bool:
    """Something is read out of a table."""
    return True


def expects_live_table(facts: Facts, event: TableRead) -> str:
    """A table that stands."""
    return f"table v{facts.version(event.table)} not reclaimed before its readers left"


@clause(
    id="SRCU-3",
    title="Nothing is read out of a reclaimed table",
    must="A reader MUST NOT read out of a table that was reclaimed.",
    source="seed, __kvm_set_memory_region: publish, synchronize_srcu, kfree",
    rows=(29,),
    on=TableRead,
    premise=is_any_read,
    expected=expects_live_table,
    points=("TableReclaimed",),
)
def no_read_after_reclaim(facts: Facts, event: TableRead) -> bool:
    return event.table not in facts.tables.reclaimed


def expects_grace_period(facts: Facts, event: TableReclaimed) -> str:
    """A grace period between the two."""
    return (
        f"a grace period begun after v{facts.version(event.table)} was replaced "
        "and ended before it is reclaimed"
    )


@clause(
    id="SRCU-4",
    title="Reclaim comes after a full grace period",
    must="An updater MUST NOT reclaim a table before a grace period that began "
    "after the table was replaced has ended.",
    source="seed, __kvm_set_memory_region: synchronize_srcu_expedited before kfree",
    rows=(30,),
    on=TableReclaimed,
    premise=was_published,
    expected=expects_grace_period,
    points=("GracePeriodBegun", "GracePeriodEnded", "TablePublished"),
)
def full_grace_period(facts: Facts, event: TableReclaimed) -> bool:
    replaced = facts.tables.replaced.get(facts.version(event.table))
    return replaced is not None and facts.sections.full_period_since(replaced)


def has_sections_to_wait_for(facts: Facts, event: GracePeriodEnded) -> bool:
    """Sections were open when the grace period began."""
    period = facts.sections.periods.get(event.thread)
    return period is not None and bool(period.waits_for)


def expects_they_left(facts: Facts, event: GracePeriodEnded) -> str:
    """Who is still inside."""
    period = facts.sections.periods.get(event.thread)
    inside = () if period is None else facts.sections.still_open(period)
    who = ", ".join(f"T{section.thread}" for section in inside)
    return f"every section open when it began has ended; {who} is still inside"


@clause(
    id="SRCU-5",
    title="A grace period waits for every earlier section",
    must="A grace period MUST NOT end while a read section that was open when it "
    "began is still open.",
    source="kernel/srcu.c, synchronize_srcu",
    rows=(30,),
    on=GracePeriodEnded,
    premise=has_sections_to_wait_for,
    expected=expects_they_left,
    points=("GracePeriodBegun", *SECTION_POINTS),
    concurrent=True,
)
def waits_for_all(facts: Facts, event: GracePeriodEnded) -> bool:
    period = facts.sections.periods.get(event.thread)
    return period is None or not facts.sections.still_open(period)


def is_any_destruction(facts: Facts, event: DomainDestroyed) -> bool:
    """The SRCU domain is destroyed."""
    return True


def expects_nobody_inside(facts: Facts, event: DomainDestroyed) -> str:
    """Who is."""
    who = ", ".join(f"T{section.thread}" for section in facts.sections.all_open())
    return f"no read section open; {who} is in one"


@clause(
    id="SRCU-16",
    title="The domain is destroyed with nobody inside",
    must="The SRCU domain MUST NOT be destroyed while a read section is open.",
    source="commit 647492047763",
    rows=(34,),
    on=DomainDestroyed,
    premise=is_any_destruction,
    expected=expects_nobody_inside,
    operations=("DestroyVm",),
    points=SECTION_POINTS,
)
def destroyed_empty(facts: Facts, event: DomainDestroyed) -> bool:
    return not facts.sections.all_open()


def ends_a_vm(facts: Facts, event: Return) -> bool:
    """The VM has been destroyed, its domain with it."""
    known = facts.calls.get(event.thread)
    return (
        known is not None
        and isinstance(known.operation, DestroyVm)
        and facts.sections.destroyed
    )


@clause(
    id="SRCU-17",
    title="The domain outlives its last reader",
    must="No read section MUST begin after the SRCU domain is destroyed.",
    source="commit 647492047763: the vCPU teardown reads",
    rows=(34,),
    on=Return,
    premise=ends_a_vm,
    expected="the SRCU domain destroyed after the last read section of the teardown",
    operations=("DestroyVm",),
    points=("DomainDestroyed", *SECTION_POINTS),
)
def domain_outlives(facts: Facts, event: Return) -> bool:
    return not facts.sections.entered_after_destroy


CLAUSES: tuple[AnyClause, ...] = (
    outlives_readers,
    no_read_after_reclaim,
    full_grace_period,
    waits_for_all,
    destroyed_empty,
    domain_outlives,
)
