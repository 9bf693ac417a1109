"""A search through every order of updates, every outcome, and every reader's table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from memslot_spec.model.operations import (
    GfnToHva,
    GuestAccess,
    IsVisibleGfn,
    MmuPages,
    SetRegion,
    TssBase,
)
from memslot_spec.model.profile import Profile
from memslot_spec.model.readers import accesses, answer
from memslot_spec.model.replies import Reply, same_reply
from memslot_spec.model.values import EMPTY, SlotTable
from worlds_simulated import LIMITS, Begin, Step, planned


@dataclass(frozen=True, slots=True)
class Placed:
    """An order of updates: its versions, and for each update where it ends.

    `available[v]` is the step by which every update up to version `v` had been
    called, those that publish nothing among them, and `called` that of them all.
    """

    versions: tuple[SlotTable, ...] = (EMPTY,)
    available: tuple[int, ...] = (-1,)
    called: int = -1
    ends: tuple[tuple[int, int], ...] = ()


class Search:
    """Every way to explain the first `count` steps of a history."""

    def __init__(self, steps: list[Step], count: int, profile: Profile) -> None:
        self.profile = profile
        self.called: dict[int, int] = {}
        self.returned: dict[int, int] = {}
        self.calls: dict[int, Begin] = {}
        self.replies: dict[int, Reply] = {}
        for position, step in enumerate(steps[:count]):
            if isinstance(step, Begin):
                self.called[step.number] = position
                self.calls[step.number] = step
            else:
                self.returned[step.number] = position
                self.replies[step.number] = step.reply
        updates = {
            n for n, c in self.calls.items() if isinstance(c.operation, SetRegion)
        }
        self.updates = frozenset(updates)
        self.readers = tuple(n for n in self.returned if n not in updates)

    def explained(self) -> bool:
        """There is such a way."""
        return any(self.readers_fit(placed) for placed in self.orders())

    def orders(self) -> Iterator[Placed]:
        """Every order that time allows; updates still open may be left out."""
        yield from self.grown(Placed(), self.updates)

    def grown(self, placed: Placed, left: frozenset[int]) -> Iterator[Placed]:
        if not left & self.returned.keys():
            yield placed
        for update in sorted(left):
            before = {u for u in left if self.is_over_before(u, update)}
            if not before:
                for longer in self.with_update(placed, update):
                    yield from self.grown(longer, left - {update})

    def is_over_before(self, one: int, other: int) -> bool:
        """The call of the one had returned when the other was made."""
        return one in self.returned and self.returned[one] < self.called[other]

    def with_update(self, placed: Placed, update: int) -> Iterator[Placed]:
        operation = self.calls[update].operation
        assert isinstance(operation, SetRegion)
        called = max(placed.called, self.called[update])
        for outcome in planned(placed.versions[-1], operation, self.profile):
            reply = self.replies.get(update)
            if reply is None or same_reply(outcome.reply, reply):
                versions = placed.versions + outcome.versions
                yield Placed(
                    versions,
                    placed.available + (called,) * len(outcome.versions),
                    called,
                    (*placed.ends, (update, len(versions) - 1)),
                )

    def readers_fit(self, placed: Placed) -> bool:
        """Each finished reader can be given a table of this order."""
        return self.assigned(placed, 0, {})

    def assigned(self, placed: Placed, count: int, used: dict[int, int]) -> bool:
        if count == len(self.readers):
            return True
        reading = self.readers[count]
        for version in range(self.least(placed, reading, used), len(placed.versions)):
            if placed.available[version] > self.returned[reading]:
                break
            if self.explains(placed.versions[version], reading) and self.assigned(
                placed, count + 1, {**used, reading: version}
            ):
                return True
        return False

    def least(self, placed: Placed, reading: int, used: dict[int, int]) -> int:
        """The version that was settled, or seen by others, when it was called."""
        begun = self.called[reading]
        settled = [
            end
            for update, end in placed.ends
            if update in self.returned and self.returned[update] < begun
        ]
        seen = [
            version
            for other, version in used.items()
            if self.returned[other] < begun
            and not self.may_lag(other)
            and not self.may_lag(reading)
        ]
        return max((0, *settled, *seen))

    def may_lag(self, reading: int) -> bool:
        """An access goes through sptes, which other readers do not bind."""
        return isinstance(self.calls[reading].operation, GuestAccess)

    def explains(self, table: SlotTable, reading: int) -> bool:
        operation, reply = self.calls[reading].operation, self.replies[reading]
        if isinstance(operation, GuestAccess):
            return reply in accesses(table, operation, self.profile, LIMITS)
        assert isinstance(operation, GfnToHva | IsVisibleGfn | TssBase | MmuPages)
        return answer(table, operation, self.profile, LIMITS) == reply


def is_explained(steps: list[Step], count: int, profile: Profile) -> bool:
    """The first `count` steps have an explanation, by exhaustive search."""
    return Search(steps, count, profile).explained()
