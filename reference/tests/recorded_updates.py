"""A VM with one slot, and the points that its updates announce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

from memslot_reference.kvm import Kvm
from memslot_reference.reference import reference
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    IndexFlipped,
)
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.values import Errno, MemoryRegion, SlotTable


class Recorder(Silent):
    """A hook that keeps what is announced, on the one thread 0."""

    def __init__(self) -> None:
        self.events: list[Point] = []

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        self.events.append(kind(0, *args, **kwargs))

    def published(self) -> list[SlotTable]:
        """The tables published since the last time, in order."""
        tables = [e.slots for e in self.events if isinstance(e, TablePublished)]
        self.events.clear()
        return tables


GRACE_PERIOD = [GracePeriodBegun, IndexFlipped, GracePeriodEnded]
LIMITS = Limits(largest_gfn=(1 << 40) - 1, user_slots=32)
HERE = MemoryRegion(0, 0x10000, 0x4000, 0x600000)
EINVAL, EEXIST = Refused(Errno.EINVAL), Refused(Errno.EEXIST)


def kvm_with_a_slot(profile: Profile) -> tuple[Kvm, Recorder]:
    """A VM whose slot 0 holds four pages from gfn 16 on."""
    hook = Recorder()
    kvm = reference(hook, profile, LIMITS)
    assert kvm.set_region(HERE) == Done()
    hook.events.clear()
    return kvm, hook
