"""Lifetime under SRCU: nothing goes while somebody may read it."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.srcu import DomainDestroyed, GracePeriodEnded
from memslot_spec.history.points.tables import TableRead, TableReclaimed
from memslot_spec.model.operations import DestroyVm
from memslot_spec.model.profile import BOTH

SECTION_POINTS = ("SectionEntered", "SectionLeft")


def was_published(facts: Facts, event: TableReclaimed) -> bool:
    """The table was current once, so a reader may hold it."""
    return event.table in facts.tables.handles


def no_open_section_holds_it(facts: Facts, event: TableReclaimed) -> bool:
    """Every read section that loaded the table has ended."""
    return not any(
        event.table in section.handles for section in facts.sections.all_open()
    )


def expects_no_holder(facts: Facts, event: TableReclaimed) -> str:
    """Nobody in a section that loaded it."""
    holders = sorted(
        section.thread
        for section in facts.sections.all_open()
        if event.table in section.handles
    )
    who = ", ".join(f"T{thread}" for thread in holders)
    return f"no open read section that loaded the table; {who} is in one"


OUTLIVES_READERS = Clause(
    id="SRCU-2",
    title="A replaced table outlives its readers",
    must=(
        "A table MUST NOT be reclaimed (freed or reused) while a read section "
        "that loaded it is open."
    ),
    source="seed, __kvm_set_memory_region: publish, synchronize_srcu, kfree",
    rows=(29,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableReclaimed,
    premise=was_published,
    holds=no_open_section_holds_it,
    expected=expects_no_holder,
    points=(*SECTION_POINTS, "TableLoaded"),
)


def is_any_read(facts: Facts, event: TableRead) -> bool:
    """Something is read out of a table."""
    del facts, event
    return True


def table_is_not_reclaimed(facts: Facts, event: TableRead) -> bool:
    """The table's memory is still its own."""
    return event.table not in facts.tables.reclaimed


def expects_live_table(facts: Facts, event: TableRead) -> str:
    """A table that stands."""
    return f"table v{facts.version(event.table)} not reclaimed before its readers left"


NO_READ_AFTER_RECLAIM = Clause(
    id="SRCU-3",
    title="Nothing is read out of a reclaimed table",
    must="A reader MUST NOT read out of a table that was reclaimed.",
    source="seed, __kvm_set_memory_region: publish, synchronize_srcu, kfree",
    rows=(29,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableRead,
    premise=is_any_read,
    holds=table_is_not_reclaimed,
    expected=expects_live_table,
    points=("TableReclaimed",),
)


def grace_period_followed(facts: Facts, event: TableReclaimed) -> bool:
    """A whole grace period began and ended since the table was replaced."""
    replaced = facts.tables.replaced.get(facts.version(event.table))
    return replaced is not None and facts.sections.full_period_since(replaced)


def expects_grace_period(facts: Facts, event: TableReclaimed) -> str:
    """A grace period between the two."""
    return (
        f"a grace period begun after v{facts.version(event.table)} was replaced "
        "and ended before it is reclaimed"
    )


FULL_GRACE_PERIOD = Clause(
    id="SRCU-4",
    title="Reclaim comes after a full grace period",
    must=(
        "An updater MUST NOT reclaim a table before a grace period that began "
        "after the table was replaced has ended."
    ),
    source="seed, __kvm_set_memory_region: synchronize_srcu_expedited before kfree",
    rows=(30,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableReclaimed,
    premise=was_published,
    holds=grace_period_followed,
    expected=expects_grace_period,
    points=("GracePeriodBegun", "GracePeriodEnded", "TablePublished"),
)


def has_sections_to_wait_for(facts: Facts, event: GracePeriodEnded) -> bool:
    """Sections were open when the grace period began."""
    period = facts.sections.periods.get(event.thread)
    return period is not None and bool(period.waits_for)


def all_of_them_left(facts: Facts, event: GracePeriodEnded) -> bool:
    """Each of those sections has ended."""
    period = facts.sections.periods.get(event.thread)
    return period is None or not facts.sections.still_open(period)


def expects_they_left(facts: Facts, event: GracePeriodEnded) -> str:
    """Who is still inside."""
    period = facts.sections.periods.get(event.thread)
    inside = () if period is None else facts.sections.still_open(period)
    who = ", ".join(f"T{section.thread}" for section in inside)
    return f"every section open when it began has ended; {who} is still inside"


WAITS_FOR_ALL = Clause(
    id="SRCU-5",
    title="A grace period waits for every earlier section",
    must=(
        "A grace period MUST NOT end while a read section that was open when it "
        "began is still open."
    ),
    source="kernel/srcu.c, synchronize_srcu",
    rows=(30,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=GracePeriodEnded,
    premise=has_sections_to_wait_for,
    holds=all_of_them_left,
    expected=expects_they_left,
    points=("GracePeriodBegun", *SECTION_POINTS),
    concurrent=True,
)


def is_any_destruction(facts: Facts, event: DomainDestroyed) -> bool:
    """The SRCU domain is destroyed."""
    del facts, event
    return True


def nobody_is_inside(facts: Facts, event: DomainDestroyed) -> bool:
    """No read section is open."""
    del event
    return not facts.sections.all_open()


def expects_nobody_inside(facts: Facts, event: DomainDestroyed) -> str:
    """Who is."""
    del event
    who = ", ".join(f"T{section.thread}" for section in facts.sections.all_open())
    return f"no read section open; {who} is in one"


DESTROYED_EMPTY = Clause(
    id="SRCU-16",
    title="The domain is destroyed with nobody inside",
    must="The SRCU domain MUST NOT be destroyed while a read section is open.",
    source="commit 647492047763",
    rows=(34,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=DomainDestroyed,
    premise=is_any_destruction,
    holds=nobody_is_inside,
    expected=expects_nobody_inside,
    operations=("DestroyVm",),
    points=SECTION_POINTS,
)


def ends_a_vm(facts: Facts, event: Return) -> bool:
    """The VM has been destroyed, its domain with it."""
    known = facts.calls.get(event.thread)
    return (
        known is not None
        and isinstance(known.operation, DestroyVm)
        and facts.sections.destroyed
    )


def nobody_entered_after(facts: Facts, event: Return) -> bool:
    """No section began after the domain was gone."""
    del event
    return not facts.sections.entered_after_destroy


def expects_domain_outlives(facts: Facts, event: Return) -> str:
    """The domain last."""
    del facts, event
    return "the SRCU domain destroyed after the last read section of the teardown"


DOMAIN_OUTLIVES = Clause(
    id="SRCU-17",
    title="The domain outlives its last reader",
    must="No read section MUST begin after the SRCU domain is destroyed.",
    source="commit 647492047763: the vCPU teardown reads",
    rows=(34,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Return,
    premise=ends_a_vm,
    holds=nobody_entered_after,
    expected=expects_domain_outlives,
    operations=("DestroyVm",),
    points=("DomainDestroyed", *SECTION_POINTS),
)


CLAUSES: tuple[AnyClause, ...] = (
    OUTLIVES_READERS,
    NO_READ_AFTER_RECLAIM,
    FULL_GRACE_PERIOD,
    WAITS_FOR_ALL,
    DESTROYED_EMPTY,
    DOMAIN_OUTLIVES,
)
