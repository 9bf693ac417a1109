"""Progress: an update returns, and no two threads wait for each other.

Where no thread can go on, calls and replies tell only which calls are still open,
and not what each of them waits for. A reader that cannot go on waits for an update;
if an update is stuck beside it, that may be one which waits for the reader.
"""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known, Measured
from memslot_spec.moments.srcu import Stopped


def _named(threads: Iterable[int]) -> str:
    return ", ".join(f"T{thread}" for thread in threads)


EVERYBODY_DONE = "every thread at its end"


def who_is_stuck(facts: Facts, stopped: Stopped) -> str:
    stuck = sorted((*stopped.updates, *stopped.readers))
    words = f"{_named(stuck)} can never go on"
    if stopped.inside:
        words += f", with {_named(stopped.inside)} in a read section"
    return words


@clause(
    id="PROG-1",
    title="An update returns once its readers have left",
    must="An update MUST return once the readers that it waits for have left.",
    known=Known(
        read="6.1 kernel/rcu/srcutree.c:1273, synchronize_srcu()",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
        derived="it waits for the sections before it and for nothing else, and an "
        "update that has the lock waits for nothing but grace periods and open "
        "invalidations",
    ),
    rows=(32, 33),
    on=Stopped,
    expected=EVERYBODY_DONE,
    observed=who_is_stuck,
)
def update_returns(facts: Facts, stopped: Stopped) -> bool:
    # A reader that is stuck too has not left: that is a breach of PROG-2.
    return not stopped.updates or bool(stopped.readers)


@clause(
    id="PROG-2",
    title="Threads do not wait for each other in a circle",
    must="Threads MUST NOT wait for each other in a circle.",
    known=Known(
        read="6.1 kernel/rcu/srcutree.c:1287, synchronize_srcu(): inside a section it "
        "deadlocks; 6.1 Documentation/virt/kvm/locking.rst:19",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
        derived="a lock order has no circle; a retry inside the section makes one, "
        "says the message of commit 3ccbf6f47098, for a later kernel",
    ),
    rows=(32, 33),
    on=Stopped,
    expected=EVERYBODY_DONE,
    observed=who_is_stuck,
)
def no_circle(facts: Facts, stopped: Stopped) -> bool:
    return not stopped.readers


CLAUSES: tuple[AnyClause, ...] = (update_returns, no_circle)
