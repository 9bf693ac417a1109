"""What is asked of dirty logs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GetDirtyLog:
    """`KVM_GET_DIRTY_LOG`: the slot is named by its u32 word."""

    slot: int


@dataclass(frozen=True, slots=True)
class ClearDirtyLog:
    """`KVM_CLEAR_DIRTY_LOG`: clear the set bits of a range of pages.

    `bitmap` is in u64 words; bit 0 of the first stands for `first_page`.
    """

    slot: int
    first_page: int
    num_pages: int
    bitmap: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EnableManualProtect:
    """`KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2` with these options.

    Bit 0: GET does not clear. Bit 1, only together with it: a bitmap begins with
    every bit set. 0 turns both off.
    """

    options: int
