"""The factories of the two references."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.range_table import RangeTable
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile

MAX_GFN = (1 << 40) - 1
"""`kvm_mmu_max_gfn` of x86: guest addresses have 52 bits."""


def reference(hook: Hook, profile: Profile, limits: Limits | None = None) -> Kvm:
    """A VM that conforms to the profile, on a machine with these limits."""
    return Kvm(hook, profile, limits or default_limits(profile))


def reference_linux(
    hook: Hook, profile: Profile, limits: Limits | None = None
) -> LinuxKvm:
    """A VM made as today's kernel is, with two address spaces."""
    return LinuxKvm(hook, profile, limits or linux_limits(profile))


def reference_ranges(
    hook: Hook, profile: Profile, limits: Limits | None = None
) -> RangeTable:
    """A table by ranges, each removed as it was added."""
    return RangeTable(hook, profile, limits or default_limits(profile))


def default_limits(profile: Profile) -> Limits:
    """The limits of a machine that has as many slots as the profile's kernels."""
    return Limits(largest_gfn=MAX_GFN, user_slots=profile.default_user_slots)


def linux_limits(profile: Profile) -> Limits:
    """The limits of a machine on which a VM has two address spaces."""
    return replace(default_limits(profile), address_spaces=2)
