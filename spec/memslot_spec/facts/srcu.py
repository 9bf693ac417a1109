"""Facts about read sections, grace periods and locks, from the points."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Section:
    """An open read section: the counter it raised, and the versions it loaded."""

    thread: int
    index: int
    loaded: list[int]
    handles: set[int]


@dataclass(slots=True)
class GracePeriod:
    """A wait for readers: the sections open when it began.

    `version` is the newest table published before it began; `begun` its step.
    """

    thread: int
    begun: int
    version: int
    waits_for: tuple[Section, ...]


Holders = MutableMapping[int, int]
"""How often each thread has a lock: several may share it, or one have it twice."""


def take(lock: Holders, thread: int) -> None:
    """The thread has it once more."""
    lock[thread] = lock.get(thread, 0) + 1


def give_back(lock: Holders, thread: int) -> None:
    """The thread has it once less."""
    times = lock.pop(thread, 0)
    if times > 1:
        lock[thread] = times - 1


@dataclass(slots=True)
class Sections:
    """Open sections by thread (innermost last), grace periods, locks.

    `last_begun` is the step at which the youngest completed grace period began.
    """

    open: MutableMapping[int, list[Section]] = field(
        default_factory=dict[int, list[Section]]
    )
    periods: MutableMapping[int, GracePeriod] = field(
        default_factory=dict[int, GracePeriod]
    )
    last_begun: int = -1
    grace_floor: int = 0
    update_lock: Holders = field(default_factory=dict[int, int])
    mmu_lock: Holders = field(default_factory=dict[int, int])
    update_holder: int | None = None
    mmu_holder: int | None = None
    destroyed: bool = False

    def all_open(self) -> tuple[Section, ...]:
        """Every open section."""
        return tuple(s for stack in self.open.values() for s in stack)

    def enter(self, thread: int, index: int) -> None:
        """A section begins: it raised the counter of this index."""
        section = Section(thread, index, [], set())
        stack = self.open.get(thread)
        if stack is None:
            self.open[thread] = [section]
        else:
            stack.append(section)

    def leave(self, thread: int, index: int) -> None:
        """The innermost section that raised the counter of this index ends.

        Sections of one thread may be left in any order.
        """
        stack = self.open.get(thread, [])
        for position in range(len(stack) - 1, -1, -1):
            if stack[position].index == index:
                del stack[position]
                break
        if not stack:
            self.open.pop(thread, None)

    def begin(self, thread: int, step: int, version: int) -> None:
        """A grace period begins: it has to wait for every open section."""
        self.periods[thread] = GracePeriod(thread, step, version, self.all_open())

    def end(self, thread: int) -> GracePeriod | None:
        """The grace period ends; older tables are out of sight from here on."""
        period = self.periods.pop(thread, None)
        if period is not None:
            self.last_begun = max(self.last_begun, period.begun)
            self.grace_floor = max(self.grace_floor, period.version)
        return period

    def still_open(self, period: GracePeriod) -> tuple[Section, ...]:
        """Sections that the grace period should have waited for."""
        live = {id(section) for section in self.all_open()}
        return tuple(s for s in period.waits_for if id(s) in live)

    def full_period_since(self, step: int) -> bool:
        """A grace period that began at or after this step has ended."""
        return self.last_begun >= step
