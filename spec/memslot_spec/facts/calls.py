"""Open calls and open updates: what each began with and has done so far."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.replies import Reply
from memslot_spec.model.updates import Change, change_of, target_of
from memslot_spec.model.values import Slot, SlotTable


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
    gives, for each field, the version it was last read from, `walked` the ids of
    the slots in whose reverse maps a host address was looked up.
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
    walked: frozenset[int] = frozenset()


@dataclass(slots=True)
class LastUpdate:
    """The request that returned last."""

    operation: SetRegion
    reply: Reply
    before: SlotTable | None
    change: Change | None
