"""Everything known at one step of a history: what clauses ask, and never own.

The judge alone changes facts, one event at a time; predicates read them. Facts
about tables come from points where the target announces them, and from calls
and replies alone where it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Never, overload

from memslot_spec.cached import Cached
from memslot_spec.dirty_bitmaps import DirtyBitmaps
from memslot_spec.dirty_logs import DirtyLogs
from memslot_spec.events import TableLoaded, TablePublished
from memslot_spec.generations import Generations
from memslot_spec.history import Header
from memslot_spec.host_facts import Host
from memslot_spec.host_points import TlbFlushed
from memslot_spec.operations import GetDirtyLog, Operation, Reply, SetRegion
from memslot_spec.plan import Change, change_of, target_of
from memslot_spec.profile import profile_named
from memslot_spec.sections import Section, Sections
from memslot_spec.shadow import Shadow
from memslot_spec.tables import Tables
from memslot_spec.values import Slot, SlotTable
from memslot_spec.worlds import Worlds


@dataclass(slots=True)
class Update:
    """An open request: what it started from and what it has published.

    `base` is the table it started from and `old` its slot there, if present.
    `alone` says that no other update overlapped it so far. The steps are -1
    until they happen.
    """

    operation: SetRegion
    base: SlotTable | None
    alone: bool
    published: list[int]
    change: Change | None = None
    old: Slot | None = None
    invalid_published_at: int = -1
    graced_at: int = -1
    flushed_at: int = -1
    had_sptes: bool = False

    def starts_from(self, base: SlotTable) -> None:
        """The table that the request is carried out on is known."""
        self.base = base
        self.change = change_of(base, self.operation.region)
        self.old = target_of(base, self.operation.region)

    @property
    def takes_slot_away(self) -> bool:
        """It deletes or moves a live slot: it owes the INVALID step."""
        return self.old is not None and (
            self.change is Change.DELETE or self.change is Change.MOVE
        )

    def removes_from(self, table: SlotTable) -> bool:
        """The old slot is neither where it was nor marked INVALID there."""
        if not self.takes_slot_away or self.old is None:
            return False
        now = table.find(self.old.as_id, self.old.id)
        return now is None or now.base != self.old.base


@dataclass(slots=True)
class CallFacts:
    """An open call: what it loaded and read, and what it may not fall behind.

    `floor` is the newest version known to have been seen or settled when the
    call began, `settled` the newest left by an update that had returned.
    `newest` was the current version then, so far as points tell. `last_read`
    gives, for each field, the version it was last read from.
    """

    operation: Operation
    step: int
    floor: int
    settled: int
    newest: int
    loaded: list[int]
    last_read: dict[str, int]
    update: Update | None = None
    mappings: frozenset[int] = frozenset()
    invalid_mappings: frozenset[int] = frozenset()


@dataclass(slots=True)
class LastUpdate:
    """The request that returned last."""

    operation: SetRegion
    reply: Reply
    before: SlotTable | None
    change: Change | None


@overload
def by_kind(
    function: Callable[[Facts, Never], bool],
) -> Callable[[Facts, object], bool]: ...


@overload
def by_kind(
    function: Callable[[Facts, Never], None],
) -> Callable[[Facts, object], None]: ...


@overload
def by_kind(
    function: Callable[[Facts, Never], str | None],
) -> Callable[[Facts, object], str | None]: ...


def by_kind(function: object) -> object:
    """The function, for a table by the kind of event that it is about.

    Found there under `type(event)`, it is called with events of that kind alone.
    """
    return function


class Facts:
    """The facts at one step; `step` is the position of the event being judged."""

    def __init__(self, header: Header) -> None:
        """Facts about a VM just created."""
        self.header = header
        self.profile = profile_named(header.profile)
        self.limits = header.limits
        announced = frozenset(header.capabilities.announces)
        self.announced = announced
        self.sighted = {TableLoaded.__name__, TablePublished.__name__} <= announced
        self.watches_tlbs = TlbFlushed.__name__ in announced
        self.step = 0
        self.tables = Tables()
        self.sections = Sections()
        self.shadow = Shadow()
        self.host = Host()
        self.bitmaps = DirtyBitmaps()
        self.dirty = DirtyLogs(
            GetDirtyLog.__name__ in header.capabilities.operations,
            header.limits.user_slots,
        )
        self.worlds = Worlds(self.profile, self.limits)
        self.generations = Generations()
        self.cached = Cached()
        self.calls: dict[int, CallFacts] = {}
        self.updates: dict[int, Update] = {}
        self.floor = 0
        self.settled = 0
        self.last_update: LastUpdate | None = None
        self.updates_called = 0

    def update_of(self, thread: int) -> Update | None:
        """The open request of a thread."""
        return self.updates.get(thread)

    def open_updates(self) -> tuple[Update, ...]:
        """Every open request."""
        return tuple(self.updates.values())

    def section_of(self, thread: int) -> Section | None:
        """The innermost open read section of a thread."""
        stack = self.sections.open.get(thread)
        return stack[-1] if stack else None

    def version(self, handle: int) -> int:
        """The version that a table handle stands for; 0 if never published."""
        return self.tables.handles.get(handle, 0)

    def version_of(self, load: TableLoaded) -> int:
        """The version that is being loaded."""
        return self.tables.version_loaded(load.table, load.as_id)

    def possible_tables(self) -> tuple[SlotTable, ...]:
        """The tables that may stand now, with no update open."""
        if self.sighted:
            return (self.tables.current,)
        return self.worlds.tables()

    def visible_tables(self) -> tuple[SlotTable, ...]:
        """The tables that some reader may still be using (from points)."""
        return self.tables.visible(self.sections.grace_floor)
