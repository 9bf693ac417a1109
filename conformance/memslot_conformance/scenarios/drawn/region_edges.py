"""Edges of slot requests: the last legal and the first illegal value of every limit.

An edge that a target cannot be asked for is none of its edges: where its domain ends
earlier, say, or its profile has no such limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from memslot_conformance.scenarios.drawn.touches import Left
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.header import Header
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.profile import profile_named
from memslot_spec.model.values import MemoryRegion

IN_A_PAGE = (1, PAGE_SIZE - 1)
"""Bytes past a page boundary that are beside one."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge: whether a target has it, and whether an operation of it lies there."""

    name: str
    applies: Callable[[Header], bool]
    at: Callable[[Header, Left, Operation], bool]

    @property
    def kind(self) -> str:
        """The operation that can lie there."""
        return self.name.split(":", maxsplit=1)[0]


def always(header: Header) -> bool:
    """Every target that has the operation has the edge."""
    del header
    return True


def _strict(header: Header) -> bool:
    return profile_named(header.profile).strict_flags


def _frames_end(header: Header) -> bool:
    """The highest settable frame lies in the domain."""
    return header.limits.largest_gfn <= header.domain.largest_gfn


def _every_id(header: Header) -> bool:
    return header.limits.user_slots <= header.domain.slots


def _many_spaces(header: Header) -> bool:
    return header.limits.address_spaces > 1


def _has_most(header: Header) -> bool:
    """The most pages there can be of a slot can be asked for."""
    most, domain = profile_named(header.profile).max_pages, header.domain
    return (
        most is not None
        and domain.largest_slot is None
        and most <= domain.largest_gfn
        and most << PAGE_SHIFT <= header.limits.hva_end
        and domain.page_granule == 1
    )


def _refuses_more(header: Header) -> bool:
    most = profile_named(header.profile).max_pages
    return most is not None and header.domain.largest_slot is None


def _checks_hva(header: Header) -> bool:
    return profile_named(header.profile).checks_hva


def _has_enough(header: Header) -> bool:
    """The pages up to which there is memory can be asked for, and one more."""
    enough, largest = header.limits.enough_pages, header.domain.largest_slot
    if enough is None or enough == 0 or header.domain.page_granule > 1:
        return False
    return largest is None or enough < largest


InRegion = Callable[[Header, MemoryRegion], bool]


def _of_region(name: str, applies: Callable[[Header], bool], holds: InRegion) -> Edge:
    def at(header: Header, known: Left, operation: Operation) -> bool:
        del known
        if not isinstance(operation, SetRegion) or operation.private:
            return False
        return holds(header, operation.region)

    return Edge(f"{SetRegion.__name__}: {name}", applies, at)


def _last_frame(region: MemoryRegion) -> int:
    return region.base + region.npages - 1 if region.npages else -1


def _host_end(region: MemoryRegion) -> int:
    return region.userspace_addr + region.memory_size if region.memory_size else -1


def _flags(header: Header) -> int:
    return profile_named(header.profile).known_flags


def _most(header: Header) -> int:
    return profile_named(header.profile).max_pages or 0


def _enough(header: Header) -> int:
    return header.limits.enough_pages or 0


REGION = (
    _of_region(
        "the last slot id",
        _every_id,
        lambda h, r: id_of(r.slot) == h.limits.user_slots - 1,
    ),
    _of_region(
        "the first slot id too high",
        lambda h: h.limits.user_slots < 1 << 16,
        lambda h, r: id_of(r.slot) == h.limits.user_slots,
    ),
    _of_region(
        "the last address space",
        _many_spaces,
        lambda h, r: as_id_of(r.slot) == h.limits.address_spaces - 1,
    ),
    _of_region(
        "the first address space too high",
        _strict,
        lambda h, r: as_id_of(r.slot) == h.limits.address_spaces,
    ),
    _of_region(
        "up to the largest frame",
        _frames_end,
        lambda h, r: _last_frame(r) == h.limits.largest_gfn,
    ),
    _of_region(
        "one page past the largest frame",
        _strict,
        lambda h, r: _last_frame(r) == h.limits.largest_gfn + 1,
    ),
    _of_region(
        "up to 2^64",
        always,
        lambda _, r: r.memory_size > 0 and r.guest_phys_addr + r.memory_size == U64,
    ),
    _of_region("the most pages", _has_most, lambda h, r: r.npages == _most(h)),
    _of_region(
        "one page too many", _refuses_more, lambda h, r: r.npages == _most(h) + 1
    ),
    _of_region(
        "up to the last host page",
        _checks_hva,
        lambda h, r: _host_end(r) == h.limits.hva_end,
    ),
    _of_region(
        "one host page too far",
        _checks_hva,
        lambda h, r: _host_end(r) == h.limits.hva_end + PAGE_SIZE,
    ),
    _of_region(
        "guest address beside a page",
        always,
        lambda _, r: r.guest_phys_addr % PAGE_SIZE in IN_A_PAGE,
    ),
    _of_region(
        "size beside a page",
        always,
        lambda _, r: r.memory_size % PAGE_SIZE in IN_A_PAGE,
    ),
    _of_region(
        "host address beside a page",
        always,
        lambda _, r: r.userspace_addr % PAGE_SIZE in IN_A_PAGE,
    ),
    _of_region("every known flag", always, lambda h, r: r.flags == _flags(h)),
    _of_region(
        "the first unknown flag",
        always,
        lambda h, r: bool(r.flags & _flags(h) + 1),
    ),
    _of_region("one page", always, lambda _, r: r.memory_size == PAGE_SIZE),
    _of_region("enough pages", _has_enough, lambda h, r: r.npages == _enough(h)),
    _of_region(
        "one page more than enough",
        _has_enough,
        lambda h, r: r.npages == _enough(h) + 1,
    ),
)
