"""A target that is wrong only late in a long life, loaded as `py:long_lives:Wraps`."""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_reference.reference import linux_limits
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Profile

WRAPS_AT = 1_000
"""Updates after which the number of an address space is one that it had."""


class Wraps(LinuxKvm):
    """Today's kernel with a generation that goes round too early."""

    def __init__(self, hook: Hook, profile: Profile) -> None:
        super().__init__(hook, profile, linux_limits(profile))

    def next_generation(self, table: Memslots) -> int:
        return super().next_generation(table) % (WRAPS_AT * self.limits.address_spaces)
