"""Errors: a request that fails leaves things as if it had not been made."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed
from memslot_spec.model.profile import BOTH
from memslot_spec.model.replies import Refused
from memslot_spec.moments.replies import Updated


def fails_alone(facts: Facts, update: Updated) -> bool:
    """A request is refused, and no other update overlapped it."""
    del facts
    return (
        isinstance(update.reply, Refused)
        and update.base is not None
        and update.after is not None
    )


def table_is_as_before(facts: Facts, update: Updated) -> bool:
    """The current table equals the one it started from."""
    del facts
    return update.after == update.base


def expects_same_table(facts: Facts, update: Updated) -> str:
    """The table it started from."""
    del facts
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


def shown_as_before(facts: Facts, event: Observed) -> bool:
    """Introspection shows the table of before."""
    last = facts.last_update
    return last is None or event.view.table == last.before


def expects_shown_as_before(facts: Facts, event: Observed) -> str:
    """The table of before."""
    del event
    last = facts.last_update
    before = None if last is None else last.before
    return f"the table as before the refused request: {before!r}"


ROLLED_BACK = Clause(
    id="ERR-1",
    title="A failed request leaves the table as it was",
    must=(
        "When a request has failed, the current table MUST equal the one before "
        "it: a slot published as INVALID on the way is published valid again."
    ),
    source='"KVM: Reinstall old memslots if arch preparation fails"',
    rows=(65,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Updated,
    premise=fails_alone,
    holds=table_is_as_before,
    expected=expects_same_table,
    operations=("SetRegion",),
    points=("TablePublished", "TableLoaded"),
)

SHOWN_UNCHANGED = Clause(
    id="ERR-2",
    title="A failed request changes nothing that is shown",
    must=(
        "When a request has failed, introspection MUST show the table as it was before."
    ),
    source='"KVM: Reinstall old memslots if arch preparation fails"',
    rows=(65,),
    profiles=BOTH,
    needs=Needs.INTROSPECTION,
    on=Observed,
    premise=a_refusal_came_last,
    holds=shown_as_before,
    expected=expects_shown_as_before,
    shows=("table",),
)

CLAUSES: tuple[AnyClause, ...] = (ROLLED_BACK, SHOWN_UNCHANGED)
