"""What a history is made of: calls, replies, and points from inside.

Every event names the logical thread it happened on. A *point* is announced by
the implementation at the access itself, so the order of points is the order of
the accesses. Tables and shadow pages are named by opaque handles that the
implementation chooses; a handle may be used again after it was reclaimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from memslot_spec.history.points.caches import CachePoint
from memslot_spec.history.points.dirty import DirtyPoint
from memslot_spec.history.points.host import HostPoint
from memslot_spec.history.points.mmu import MmuPoint
from memslot_spec.history.points.srcu import SrcuPoint
from memslot_spec.history.points.tables import TablePoint
from memslot_spec.history.views import View
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply


@dataclass(frozen=True, slots=True)
class Call:
    """An operation begins."""

    thread: int
    operation: Operation


@dataclass(frozen=True, slots=True)
class Return:
    """The operation of this thread has answered."""

    thread: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class Observed:
    """What introspection showed when an operation had ended."""

    thread: int
    view: View


@dataclass(frozen=True, slots=True)
class Finished:
    """No thread can go on. `stuck` are those that wait for ever."""

    thread: int
    stuck: tuple[int, ...]


Point = SrcuPoint | TablePoint | MmuPoint | HostPoint | DirtyPoint | CachePoint
"""What an implementation may announce from inside."""

Event = Call | Return | Observed | Finished | Point

_POINTS = frozenset(get_args(Point))


def is_point(kind: type) -> bool:
    """Only an implementation that announces it shows this kind of event."""
    return kind in _POINTS
