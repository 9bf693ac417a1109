"""A VM with one slot, guest accesses to it, and the points that its faults announce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

from memslot_reference.kvm import Kvm
from memslot_reference.reference import reference
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.model.profile import V2_6_34, Profile
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import Gfn, MemoryRegion

MIB = 1 << 20


class Recorder(Silent):
    """A hook that keeps what is announced, and can do more at one point."""

    def __init__(self) -> None:
        self.events: list[Point] = []
        self.plan: tuple[type[Point], Callable[[], object]] | None = None

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        event = kind(0, *args, **kwargs)
        self.events.append(event)
        if self.plan is not None and isinstance(event, self.plan[0]):
            action, self.plan = self.plan[1], None
            action()

    def forget(self) -> None:
        """Keep nothing of what was announced so far."""
        self.events.clear()

    def kinds(self) -> list[type[Point]]:
        """The kinds announced since then, in order."""
        return [type(event) for event in self.events]


def kvm_with_a_slot(
    profile: Profile = V2_6_34,
    base: int = 16,
    npages: int = 4,
    hva: int = 0x600000,
    flags: int = 0,
) -> tuple[Kvm, Recorder]:
    """A VM whose slot 2 is this one."""
    hook = Recorder()
    kvm = reference(hook, profile)
    region = MemoryRegion(2, base << 12, npages << 12, hva, flags)
    assert kvm.set_region(region) == Done()
    hook.forget()
    return kvm, hook


def read(kvm: Kvm, gfn: int, *, direct: bool = True, root: int = 0) -> Reply:
    """The guest reads a page."""
    return kvm.access(Gfn(gfn), write=False, direct=direct, root=root)


def write(kvm: Kvm, gfn: int, *, direct: bool = True, root: int = 0) -> Reply:
    """The guest writes to a page."""
    return kvm.access(Gfn(gfn), write=True, direct=direct, root=root)
