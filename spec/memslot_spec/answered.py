"""Events that the judge makes: a call with its reply, and a state at rest.

A clause about replies is asked once, when the reply is there, with everything
that bears on it gathered in one value.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.operations import Operation, Reply, SetRegion
from memslot_spec.plan import Change, Objection
from memslot_spec.values import SlotTable


@dataclass(frozen=True, slots=True)
class Answered:
    """A reader's operation with its reply.

    `candidates` are the tables that may explain the reply, oldest first: those
    the operation loaded where points tell, else those that may have been
    current during the call. `stale` are older tables. `explained` says that a
    candidate explains the reply, `explained_stale` that only an older one does.
    """

    thread: int
    operation: Operation
    reply: Reply
    candidates: tuple[SlotTable, ...]
    stale: tuple[SlotTable, ...]
    explained: bool
    explained_stale: bool


@dataclass(frozen=True, slots=True)
class Updated:
    """A request with its reply.

    `base` is the table it started from, None where overlapping updates leave
    that open; `change` and `conflicts` are empty then too. `after` is the table
    that it left, None where points do not tell.
    """

    thread: int
    operation: SetRegion
    reply: Reply
    base: SlotTable | None
    change: Change | None
    malformed: tuple[Objection, ...]
    conflicts: tuple[Objection, ...]
    after: SlotTable | None


@dataclass(frozen=True, slots=True)
class AtRest:
    """The shadow state has come to rest: its lock was just given back.

    `touched` are the (page, index) places of the sptes changed meanwhile.
    """

    thread: int
    touched: tuple[tuple[int, int], ...]
