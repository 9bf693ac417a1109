"""Ranges of guest bytes: the pages they touch, and where they meet each.

A guest address is in bytes, a gfn in frames of 4 KiB; both are unsigned 64-bit
numbers. A range of no bytes touches no page. The docstrings' `pre:` and `post:`
lines are those of `ranges.py`: CrossHair proves each of them.
"""

from memslot_spec.arithmetic.ranges import PAGE_SIZE, U64


def range_wraps(gpa: int, length: int) -> bool:
    """Whether the last byte of a range lies below its first, in 64 bits.

    Unlike a slot, a range may end with the very last byte.

    Source: `__kvm_gfn_to_hva_cache_init`, the test that the first frame is above
    the last; commit f1b9dd5eb86c.

    pre: 0 <= gpa < U64
    pre: 0 <= length < U64
    post: _ == (length > 0 and (gpa + length - 1) % U64 < gpa)
    """
    return gpa + length > U64


def frames_wrap(gpa: int, length: int) -> bool:
    """Whether the last frame of a range lies below its first, in 64 bits.

    A range that wraps round to the very frame where it began does not count.

    Source: `__kvm_gfn_to_hva_cache_init`, `start_gfn > end_gfn`.

    pre: 0 <= gpa < U64
    pre: 0 <= length < U64
    post: not _ or range_wraps(gpa, length)
    post: _ == (length > 0 and (gpa + length - 1) % U64 // PAGE_SIZE < gpa // PAGE_SIZE)
    """
    return (
        gpa + length > U64 and (gpa + length - 1 - U64) // PAGE_SIZE < gpa // PAGE_SIZE
    )


def frames_of(gpa: int, length: int) -> tuple[int, int]:
    """The first gfn that a range of bytes touches, and how many it touches.

    Only meaningful for a range that does not wrap.

    Source: `__kvm_gfn_to_hva_cache_init`, `nr_pages_needed`.

    pre: 0 <= gpa < U64
    pre: 0 <= length
    pre: gpa + length <= U64
    post: _[0] == gpa // PAGE_SIZE
    post: (_[1] == 0) == (length == 0)
    post: length == 0 or (_[0] + _[1] - 1) * PAGE_SIZE < gpa + length
    post: length == 0 or gpa + length <= (_[0] + _[1]) * PAGE_SIZE
    """
    first = gpa // PAGE_SIZE
    if length == 0:
        return first, 0
    return first, (gpa + length - 1) // PAGE_SIZE - first + 1


def offset_in(gpa: int, gfn: int) -> int:
    """How far into a page a range meets it, for a page that it touches.

    Only the first page can be met beyond its first byte.

    pre: 0 <= gpa < U64
    pre: gpa // PAGE_SIZE <= gfn < U64
    post: 0 <= _ < PAGE_SIZE
    post: gfn != gpa // PAGE_SIZE or gfn * PAGE_SIZE + _ == gpa
    post: gfn == gpa // PAGE_SIZE or _ == 0
    """
    return max(gpa - gfn * PAGE_SIZE, 0)
