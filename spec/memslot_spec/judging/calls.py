"""What calls and their replies contradict: nobody calls twice, and nobody vanishes.

A call that never returned is not conformance. A thread waits for ever in it, and then
`Finished` says so, or whatever ran the thread broke.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Call, Event, Finished
from memslot_spec.history.words import describe_operation

Contradicts = Callable[[Facts, Event], str | None]
"""Why an event cannot follow the facts before it, in words; None where it can."""


def _calls_again(facts: Facts, event: Event) -> str | None:
    known = facts.calls.get(event.thread)
    if known is None:
        return None
    before = describe_operation(known.operation)
    return f"thread {event.thread} calls again, but its call never returned: {before}"


def _ends_with_a_call_open(facts: Facts, event: Event) -> str | None:
    if not facts.calls or not isinstance(event, Finished):
        return None
    lost = [thread for thread in sorted(facts.calls) if thread not in event.stuck]
    if not lost:
        return None
    calls = ", ".join(
        f"T{thread} ({describe_operation(facts.calls[thread].operation)})"
        for thread in lost
    )
    return f"it is finished, but these calls never returned: {calls}"


CONTRADICTS: Mapping[type, Contradicts] = {
    Call: _calls_again,
    Finished: _ends_with_a_call_open,
}
"""What is looked at before anything is asked about an event of this kind."""
