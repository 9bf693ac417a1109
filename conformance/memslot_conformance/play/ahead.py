"""What a chooser knows of its next choices, for a target that steps its own threads.

A chooser that knows something is an object with `ahead`, or a method of one. It says
what it will choose, so that a target may go ahead; to be wrong costs time alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from memslot_conformance.adapter.stepped import (
    AS_LONG_AS_IT_CAN,
    UNKNOWN,
    Plan,
    Stretch,
)

STAYING = Plan(stays=True)
"""Nobody is preempted any more."""


def foresight_of(choose: object) -> Callable[[], Plan]:
    """What this chooser says of its next choices; nothing, if it says nothing."""
    owner: object = getattr(choose, "__self__", choose)
    ahead: Callable[[], Plan] | None = getattr(owner, "ahead", None)
    return _nothing if ahead is None else ahead


def going_on(thread: int, turns: int = AS_LONG_AS_IT_CAN) -> Plan:
    """The thread takes so many turns; what comes then is not known."""
    return Plan((Stretch(thread, turns),)) if turns > 0 else UNKNOWN


def following(threads: Iterable[int], *, stays: bool = True) -> Plan:
    """Threads take turns in this order, and then it `stays`."""
    stretches = (Stretch(t, sum(1 for _ in turns)) for t, turns in groupby(threads))
    return Plan(tuple(stretches), stays=stays)


def _nothing() -> Plan:
    return UNKNOWN
