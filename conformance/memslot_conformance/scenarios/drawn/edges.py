"""Edges of the law: the last legal and the first illegal value of every limit.

Each is told from an operation and what is known of the VM, so that what was drawn can
be counted. An edge that a target cannot be asked for is none of its edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from memslot_conformance.scenarios.drawn.touches import Known
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    InitHvaCache,
    InvalidateRange,
    Operation,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.profile import profile_named
from memslot_spec.model.values import MemoryRegion

IN_A_PAGE = (1, PAGE_SIZE - 1)
"""Bytes past a page boundary that are beside one."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge: whether a target has it, and whether an operation of it lies there."""

    name: str
    applies: Callable[[Header], bool]
    at: Callable[[Header, Known, Operation], bool]

    @property
    def kind(self) -> str:
        """The operation that can lie there."""
        return self.name.split(":", maxsplit=1)[0]


def edges_of(header: Header) -> dict[str, list[Edge]]:
    """The edges that operations of this target can lie at, by kind of operation."""
    edges: dict[str, list[Edge]] = {}
    asked = frozenset(header.capabilities.operations)
    for edge in EDGES:
        if edge.kind in asked and edge.applies(header):
            edges.setdefault(edge.kind, []).append(edge)
    return edges


def at_edges(
    edges: dict[str, list[Edge]], header: Header, known: Known, operation: Operation
) -> Iterator[str]:
    """The names of the edges that an operation lies at."""
    for edge in edges.get(type(operation).__name__, ()):
        if edge.at(header, known, operation):
            yield edge.name


def _always(header: Header) -> bool:
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
    def at(header: Header, known: Known, operation: Operation) -> bool:
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
        _always,
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
        _always,
        lambda _, r: r.guest_phys_addr % PAGE_SIZE in IN_A_PAGE,
    ),
    _of_region(
        "size beside a page", _always, lambda _, r: r.memory_size % PAGE_SIZE in IN_A_PAGE
    ),
    _of_region(
        "host address beside a page",
        _always,
        lambda _, r: r.userspace_addr % PAGE_SIZE in IN_A_PAGE,
    ),
    _of_region("every known flag", _always, lambda h, r: r.flags == _flags(h)),
    _of_region(
        "the first unknown flag",
        _always,
        lambda h, r: bool(r.flags & _flags(h) + 1),
    ),
    _of_region("one page", _always, lambda _, r: r.memory_size == PAGE_SIZE),
    _of_region("enough pages", _has_enough, lambda h, r: r.npages == _enough(h)),
    _of_region(
        "one page more than enough", _has_enough, lambda h, r: r.npages == _enough(h) + 1
    ),
)


def _log_word(header: Header, known: Known, operation: Operation) -> bool:
    """The id of a log is the first that is too high."""
    del known
    if not isinstance(operation, GetDirtyLog | ClearDirtyLog):
        return False
    return id_of(operation.slot) == header.limits.user_slots


def _clears(past: int) -> Callable[[Header, Known, Operation], bool]:
    """A range of a log that ends so many pages past the slot."""

    def at(header: Header, known: Known, operation: Operation) -> bool:
        del header
        if not isinstance(operation, ClearDirtyLog):
            return False
        word = operation.slot
        slot = known.table.find(as_id_of(word), id_of(word))
        end = operation.first_page + operation.num_pages
        return slot is not None and end == slot.npages + past

    return at


def _clears_inside(header: Header, known: Known, operation: Operation) -> bool:
    del header, known
    if not isinstance(operation, ClearDirtyLog):
        return False
    return operation.first_page % BITS_PER_WORD in {1, BITS_PER_WORD - 1}


def _options(value: int) -> Callable[[Header, Known, Operation], bool]:
    def at(header: Header, known: Known, operation: Operation) -> bool:
        del header, known
        return operation == EnableManualProtect(value)

    return at


def _resolves(holds: Callable[[int, int], bool]) -> Callable[..., bool]:
    """A cached range, by its first byte and its length."""

    def at(header: Header, known: Known, operation: Operation) -> bool:
        del header, known
        return isinstance(operation, InitHvaCache) and holds(
            operation.gpa, operation.length
        )

    return at


def _uses(past: int) -> Callable[[Header, Known, Operation], bool]:
    """A use that ends so many bytes past its range."""

    def at(header: Header, known: Known, operation: Operation) -> bool:
        del header
        if not isinstance(operation, UseHvaCache):
            return False
        init = known.ranges.get(operation.cache)
        end = operation.offset + operation.length
        return init is not None and end == init.length + past

    return at


def _opens(length: int) -> Callable[[Header, Known, Operation], bool]:
    def at(header: Header, known: Known, operation: Operation) -> bool:
        del header, known
        return (
            isinstance(operation, InvalidateRange)
            and operation.end - operation.start == length
        )

    return at


def _end_in_page(gpa: int, length: int) -> int:
    return gpa % PAGE_SIZE + length


EDGES: tuple[Edge, ...] = (
    *REGION,
    Edge("GetDirtyLog: the first slot id too high", _always, _log_word),
    Edge("ClearDirtyLog: the first slot id too high", _always, _log_word),
    Edge("ClearDirtyLog: up to the last page", _always, _clears(0)),
    Edge("ClearDirtyLog: one page too far", _always, _clears(1)),
    Edge("ClearDirtyLog: from beside a word", _always, _clears_inside),
    Edge("EnableManualProtect: every option", _always, _options(3)),
    Edge("EnableManualProtect: an option without its other", _always, _options(2)),
    Edge("EnableManualProtect: the first unknown option", _always, _options(4)),
    Edge("InitHvaCache: no bytes", _always, _resolves(lambda _, n: n == 0)),
    Edge("InitHvaCache: up to 2^64", _always, _resolves(lambda g, n: g + n == U64)),
    Edge(
        "InitHvaCache: one byte past 2^64",
        _always,
        _resolves(lambda g, n: g + n == U64 + 1),
    ),
    Edge(
        "InitHvaCache: up to the end of a page",
        _always,
        _resolves(lambda g, n: _end_in_page(g, n) == PAGE_SIZE),
    ),
    Edge(
        "InitHvaCache: one byte into the next page",
        _always,
        _resolves(lambda g, n: _end_in_page(g, n) == PAGE_SIZE + 1),
    ),
    Edge("UseHvaCache: up to the end", _always, _uses(0)),
    Edge("UseHvaCache: one byte too far", _always, _uses(1)),
    Edge("InvalidateRange: no bytes", _always, _opens(0)),
    Edge("InvalidateRange: one byte", _always, _opens(1)),
)
