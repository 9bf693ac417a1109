"""What the points of SRCU add: read sections and grace periods."""

from __future__ import annotations

from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
    SectionLeft,
)


def _section_entered(facts: Facts, event: SectionEntered) -> None:
    facts.sections.enter(event.thread, event.index)


def _section_left(facts: Facts, event: SectionLeft) -> None:
    facts.sections.leave(event.thread, event.index)


def _grace_period_begun(facts: Facts, event: GracePeriodBegun) -> None:
    facts.sections.begin(event.thread, facts.step, facts.tables.newest)


def _grace_period_ended(facts: Facts, event: GracePeriodEnded) -> None:
    """No reader can use a table replaced before the grace period began."""
    period = facts.sections.end(event.thread)
    facts.tables.close(facts.sections.grace_floor)
    update = facts.update_of(event.thread)
    if (
        update is not None
        and period is not None
        and 0 <= update.invalid_published_at <= period.begun
        and update.graced_at < 0
    ):
        update.graced_at = facts.step


def _domain_destroyed(facts: Facts, event: DomainDestroyed) -> None:
    del event
    facts.sections.destroyed = True


ABSORB: Additions = (
    on(SectionEntered, _section_entered),
    on(SectionLeft, _section_left),
    on(GracePeriodBegun, _grace_period_begun),
    on(GracePeriodEnded, _grace_period_ended),
    on(DomainDestroyed, _domain_destroyed),
)
