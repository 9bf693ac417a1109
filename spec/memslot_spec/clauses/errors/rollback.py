"""Errors: a request that fails leaves things as if it had not been made."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed
from memslot_spec.model.replies import Refused
from memslot_spec.moments.replies import Updated


def fails_alone(facts: Facts, update: Updated) -> bool:
    """A request is refused, and no other update overlapped it."""
    return (
        isinstance(update.reply, Refused)
        and update.base is not None
        and update.after is not None
    )


def expects_same_table(facts: Facts, update: Updated) -> str:
    """The table it started from."""
    return f"the table as before the refused request: {update.base!r}"


def a_refusal_came_last(facts: Facts, event: Observed) -> bool:
    """The last request was refused, and what stood before it is known."""
    last = facts.last_update
    return (
        event.view.table is not None
        and not facts.open_updates()
        and last is not None
        and isinstance(last.reply, Refused)
        and last.before is not None
    )


def expects_shown_as_before(facts: Facts, event: Observed) -> str:
    """The table of before."""
    last = facts.last_update
    before = None if last is None else last.before
    return f"the table as before the refused request: {before!r}"


@clause(
    id="ERR-1",
    title="A failed request leaves the table as it was",
    must="When a request has failed, the current table MUST equal the one before "
    "it: a slot published as INVALID on the way is published valid again.",
    source='"KVM: Reinstall old memslots if arch preparation fails"',
    rows=(65,),
    on=Updated,
    premise=fails_alone,
    expected=expects_same_table,
    points=("TablePublished", "TableLoaded"),
)
def rolled_back(facts: Facts, update: Updated) -> bool:
    return update.after == update.base


@clause(
    id="ERR-2",
    title="A failed request changes nothing that is shown",
    must="When a request has failed, introspection MUST show the table as it was "
    "before.",
    source='"KVM: Reinstall old memslots if arch preparation fails"',
    rows=(65,),
    on=Observed,
    premise=a_refusal_came_last,
    expected=expects_shown_as_before,
    shows=("table",),
)
def shown_unchanged(facts: Facts, event: Observed) -> bool:
    last = facts.last_update
    return last is None or event.view.table == last.before


CLAUSES: tuple[AnyClause, ...] = (rolled_back, shown_unchanged)
