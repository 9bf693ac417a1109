"""Progress: nobody waits for ever."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Finished


def an_update_was_made(facts: Facts, event: Finished) -> bool:
    """A request was made in this history."""
    return facts.updates_called > 0


def expects_nobody_stuck(facts: Facts, event: Finished) -> str:
    """Who is stuck, and who is inside a section."""
    inside = sorted({s.thread for s in facts.sections.all_open()})
    stuck = ", ".join(f"T{thread}" for thread in event.stuck)
    words = f"every thread at its end; {stuck} can never go on"
    if inside:
        words += f", with {', '.join(f'T{t}' for t in inside)} in a read section"
    return words


@clause(
    id="PROG-1",
    title="An update finishes once its readers leave",
    must="An update MUST finish once the readers that it waits for have left, and "
    "no thread may wait for another that waits for it.",
    source="kernel/srcu.c, synchronize_srcu; commit 3ccbf6f47098",
    rows=(32, 33),
    on=Finished,
    premise=an_update_was_made,
    expected=expects_nobody_stuck,
)
def finishes(facts: Facts, event: Finished) -> bool:
    return not event.stuck


CLAUSES: tuple[AnyClause, ...] = (finishes,)
