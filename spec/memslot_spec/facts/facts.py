"""Everything known at one step of a history: what clauses ask, and never own.

The judge alone changes facts, one event at a time; predicates read them. Facts
about tables come from points where the target announces them, and from calls
and replies alone where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Never, overload

from memslot_spec.facts.ageing import Ageing
from memslot_spec.facts.answers import Answers, open_questions
from memslot_spec.facts.arch_lock import ArchLock
from memslot_spec.facts.backing import Backing
from memslot_spec.facts.bitmaps import DirtyBitmaps
from memslot_spec.facts.caches import Cached
from memslot_spec.facts.calls import CallFacts, LastUpdate, Update
from memslot_spec.facts.dirty_log import DirtyLogs
from memslot_spec.facts.generations import Generations
from memslot_spec.facts.host import Host
from memslot_spec.facts.lives import Lives
from memslot_spec.facts.mmu import Shadow
from memslot_spec.facts.pfn_caches import PfnCacheFacts
from memslot_spec.facts.ranges import RangeFacts
from memslot_spec.facts.srcu import Section, Sections
from memslot_spec.facts.tables import Tables
from memslot_spec.facts.worlds import Worlds
from memslot_spec.history.header import DirtyTracking, Header
from memslot_spec.history.points.host import TlbFlushed
from memslot_spec.history.points.tables import TableLoaded, TablePublished
from memslot_spec.model.operations import DestroyVm, GetDirtyLog
from memslot_spec.model.profile import profile_named
from memslot_spec.model.range_rules import BY_IDS
from memslot_spec.model.values import SlotTable


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
        tracking = header.domain.dirty_tracking
        self.tracks_dirty_bits = tracking is DirtyTracking.DIRTY_BIT
        self.tracks_accesses = header.domain.tracks_accesses
        self.follows_backing = header.domain.names_host_pages
        self.step = 0
        self.tables = Tables()
        self.sections = Sections()
        self.arch_lock = ArchLock()
        self.shadow = Shadow()
        self.host = Host()
        self.lives = Lives()
        self.backing = Backing()
        self.ageing = Ageing()
        self.bitmaps = DirtyBitmaps()
        self.dirty = DirtyLogs(
            GetDirtyLog.__name__ in header.capabilities.operations,
            header.limits.user_slots,
        )
        self.by_ranges = header.domain.ranges is not None
        self.rules = header.domain.ranges or BY_IDS
        self.worlds = Worlds(self.profile, self.limits, rules=self.rules)
        self.ranges = RangeFacts()
        self.generations = Generations()
        self.cached = Cached()
        self.answers = Answers(
            open_questions(
                names_holes=self.profile.names_holes,
                overlaps=header.domain.overlaps_private,
            )
        )
        self.pfn_caches = PfnCacheFacts()
        self.calls: MutableMapping[int, CallFacts] = {}
        self.updates: MutableMapping[int, Update] = {}
        self.floor = 0
        self.settled = 0
        self.last_update: LastUpdate | None = None
        self.last_updated_at = -1
        self.deleted_bases: set[int] = set()
        self.had_a_slot = False
        self.updates_called = 0
        self.vm_destroyed = False

    def update_of(self, thread: int) -> Update | None:
        """The open request of a thread."""
        return self.updates.get(thread)

    def open_updates(self) -> tuple[Update, ...]:
        """Every open request."""
        return tuple(self.updates.values())

    def destroys_vm(self, thread: int) -> bool:
        """The thread destroys the VM, and nobody else uses it (`users_count` is 0)."""
        call = self.calls.get(thread)
        return (
            call is not None
            and isinstance(call.operation, DestroyVm)
            and len(self.calls) == 1
        )

    def undisturbed(self, known: CallFacts) -> bool:
        """No request was under way at any moment of the call so far."""
        return not self.updates and self.last_updated_at < known.step

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
