"""The replies that operations give."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.model.values import Errno, HvaError, Slot


@dataclass(frozen=True, slots=True)
class Done:
    """The operation was carried out and has no value to give."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The operation was refused. `errno` is None where the target cannot tell it."""

    errno: Errno | None


@dataclass(frozen=True, slots=True)
class FoundSlot:
    """The slot found, as the table holds it; None is the kernel's NULL."""

    slot: Slot | None


@dataclass(frozen=True, slots=True)
class FoundHva:
    """The host byte address found; None is the kernel's error address."""

    hva: int | None


@dataclass(frozen=True, slots=True)
class FoundHostPage:
    """The host byte address found, and whether it may be written.

    `hva` None goes with `error`, which says why.
    """

    hva: int | None
    writable: bool = False
    error: HvaError | None = None


@dataclass(frozen=True, slots=True)
class Translated:
    """The host byte addresses that were accessed, one for each page, in order.

    Each is the first byte accessed in its page.
    """

    hvas: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CutShort:
    """A copy ended with an error: `hvas` are the host bytes that it had reached.

    As those of `Translated`, of the pages before the one that could not be reached.
    `errno` is None where the target cannot tell it.
    """

    hvas: tuple[int, ...]
    errno: Errno | None


@dataclass(frozen=True, slots=True)
class PreFaulted:
    """A prefault has succeeded: so many pages, from the first on, are mapped.

    They are one at least, and not all where a later page could not be mapped: the
    range that is handed back begins behind them.
    """

    npages: int


@dataclass(frozen=True, slots=True)
class DirtyLog:
    """The dirty bitmap of a slot in u64 words; bit 0 of the first is page 0."""

    bitmap: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Visible:
    """Whether a user slot backs the frame (`kvm_is_visible_gfn`)."""

    visible: bool


@dataclass(frozen=True, slots=True)
class FoundId:
    """The slot id found; None says that no slot is named."""

    id: int | None


@dataclass(frozen=True, slots=True)
class Number:
    """A count, or a guest byte address."""

    value: int


@dataclass(frozen=True, slots=True)
class Accessed:
    """The access reached the page at this host byte address.

    `replaced` says which page: how often the host had replaced what is behind the
    address, by unmapping it, by invalidating all of the page or by `change_pte`. It is
    None where the target does not tell. No table explains it, so replies that differ in
    it alone are equal.
    """

    hva: int
    replaced: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Mmio:
    """The access exits to user space as MMIO: no slot backs it, or none may."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The access has to be retried (`RET_PF_RETRY`, or EAGAIN)."""


@dataclass(frozen=True, slots=True)
class GuestPageFault:
    """The guest gets a page fault: a page of its page table cannot be read."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Whether some spte of the page had been accessed (`kvm_age_hva`)."""

    young: bool


Reply = (
    Done
    | Refused
    | FoundSlot
    | FoundHva
    | FoundHostPage
    | Translated
    | CutShort
    | PreFaulted
    | DirtyLog
    | Visible
    | FoundId
    | Number
    | Accessed
    | Mmio
    | Retry
    | GuestPageFault
    | Touched
)


def same_reply(allowed: Reply, given: Reply) -> bool:
    """The replies agree; a refusal without an errno agrees with any refusal."""
    if isinstance(allowed, Refused) and isinstance(given, Refused):
        return given.errno is None or given.errno == allowed.errno
    return allowed == given
