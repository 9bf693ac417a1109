"""What the museum's mutants and the lawful variants share: a changed reference."""

from __future__ import annotations

import inspect
from typing import Literal, Protocol

from memslot_reference.range_table import RangeTable
from memslot_reference.reference import default_limits, linux_limits
from memslot_reference.sets import SlotSets
from memslot_reference.vm import Vm
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile

AnyVm = Vm | RangeTable
"""What can be changed: a VM with slots, or a table by ranges."""

Base = Literal["reference", "reference-linux", "reference-ranges", "patch"]
"""What was changed."""


class Factory(Protocol):
    """Makes a VM, as `memslot_reference.reference` does."""

    def __call__(
        self, hook: Hook, profile: Profile, limits: Limits | None = None
    ) -> AnyVm:
        """A VM that announces itself to this hook."""
        ...


def summary_of(changed: type[AnyVm]) -> str:
    """The first line of the class's docstring, which says what is different."""
    return (inspect.getdoc(changed) or changed.__name__).partition("\n")[0]


def base_of(changed: type[AnyVm]) -> Base:
    """The reference that the class is made from."""
    if issubclass(changed, RangeTable):
        return "reference-ranges"
    return "reference-linux" if issubclass(changed, SlotSets) else "reference"


def factory_of(changed: type[AnyVm]) -> Factory:
    """What makes a VM of the class, with its reference's usual limits."""
    usual = linux_limits if issubclass(changed, SlotSets) else default_limits

    def make(hook: Hook, profile: Profile, limits: Limits | None = None) -> AnyVm:
        return changed(hook, profile, limits or usual(profile))

    return make
