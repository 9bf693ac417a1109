"""What a version of KVM promised, where versions differ.

A profile holds promises: limits, flags, errnos, what an access in the window of
a delete gives. It never excuses what a version got wrong. Where kernels within
one profile differ, it gives the set of allowed answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Hva


class WindowAccess(Enum):
    """What a guest access gives while its slot is INVALID."""

    MMIO = "MMIO"
    RETRY = "RETRY"


@dataclass(frozen=True, slots=True)
class HostHole:
    """Host bytes from `start` up to `end` where an access may fault.

    Nothing is mapped there, or not for every access (`PROT_NONE`, `PROT_READ`).
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What the machine decides, not the version.

    `largest_gfn` is the highest settable guest frame, `hva_end` the first host
    byte address that userspace may not name, `user_slots` the number of ids
    userspace may use in each of `address_spaces`. A slot may lie over `holes`, and
    a guest access there fails with EFAULT. There is memory for whatever a slot of up
    to `enough_pages` pages needs; for more it may run out. None: it never does.
    """

    largest_gfn: int = (1 << 52) - 1
    address_spaces: int = 1
    hva_end: Hva = Hva((1 << 47) - PAGE_SIZE)
    user_slots: int = 32
    enough_pages: int | None = None
    holes: tuple[HostHole, ...] = ()

    def may_fault(self, hva: int) -> bool:
        """The host byte address is in a hole."""
        return any(hole.start <= hva < hole.end for hole in self.holes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The promises of one range of versions.

    `known_flags` are the request bits that mean something; `strict_flags` says
    whether any other bit is refused. `max_pages` bounds one user slot. `keeps_budget`:
    requests compute the page budget, not who asks for it. `names_holes`: `memslot_id`
    is defined where no slot is. `keeps_deleted_base`: a deleted slot has no pages, and
    lies where the request said that deleted it.
    """

    name: str
    private_slots: int
    known_flags: int
    strict_flags: bool
    has_readonly: bool
    max_pages: int | None
    checks_hva: bool
    deletes_absent: bool
    may_apply_new_hva: bool
    overlap_on_every_request: bool
    overlap_must_scan_private: bool
    skips_no_op: bool
    window_access: WindowAccess
    budget_is_permille: bool
    keeps_budget: bool
    names_holes: bool
    keeps_deleted_base: bool
    default_user_slots: int
    has_generations: bool

    def __repr__(self) -> str:
        return f"profile_named({self.name!r})"


V2_6_34 = Profile(
    name="v2.6.34",
    private_slots=4,
    known_flags=LOG_DIRTY_PAGES,
    strict_flags=False,
    has_readonly=False,
    max_pages=None,
    checks_hva=False,
    deletes_absent=True,
    may_apply_new_hva=True,
    overlap_on_every_request=True,
    overlap_must_scan_private=False,
    skips_no_op=False,
    window_access=WindowAccess.MMIO,
    budget_is_permille=True,
    keeps_budget=False,
    names_holes=True,
    keeps_deleted_base=True,
    default_user_slots=32,
    has_generations=False,
)

LINUX = Profile(
    name="linux",
    private_slots=3,
    known_flags=LOG_DIRTY_PAGES | BIT_1,
    strict_flags=True,
    has_readonly=True,
    max_pages=(1 << 31) - 1,
    checks_hva=True,
    deletes_absent=False,
    may_apply_new_hva=False,
    overlap_on_every_request=False,
    overlap_must_scan_private=True,
    skips_no_op=True,
    window_access=WindowAccess.RETRY,
    budget_is_permille=False,
    keeps_budget=True,
    names_holes=False,
    keeps_deleted_base=False,
    default_user_slots=32764,
    has_generations=True,
)

PROFILES = (V2_6_34, LINUX)
BOTH = frozenset({V2_6_34.name, LINUX.name})
ONLY_2_6_34 = frozenset({V2_6_34.name})
ONLY_LINUX = frozenset({LINUX.name})


def profile_named(name: str) -> Profile:
    """The profile of this name. Errors: `ValueError` names the known ones."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    known = ", ".join(p.name for p in PROFILES)
    message = f"profile must be one of {known}; got {name!r}"
    raise ValueError(message)
