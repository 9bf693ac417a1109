"""The adapter of a library: the methods of a VM, each a call into C.

It has a method for each function that the library gives. What comes back is held to the
header before it is believed.
"""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import Any, NoReturn

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.targets.c.calls import calls_of
from memslot_conformance.targets.c.library import (
    SYMBOL,
    Library,
    foreign,
    opened,
)
from memslot_conformance.targets.c.points import slot_of
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.views import View
from memslot_spec.model.replies import Accessed, DirtyLog, Done, Mmio, Refused, Reply
from memslot_spec.model.replies import Retry as TryAgain
from memslot_spec.model.values import Errno, Gfn, Hva, MemoryRegion, Slot, table_of

OPTIONAL = (
    *("gfn_to_memslot", "gfn_to_hva", "is_visible_gfn", "access", "get_dirty_log"),
    *("clear_dirty_log", "enable_manual_protect", "destroy", "observe"),
)
"""The functions that may be NULL: the target then has no method of that name."""

MOST_PAGES = 1 << 31
"""No slot has more: a request of more is refused, and needs no room in a dirty log."""

FEW = 64
"""Slots for which introspection has room at first."""

MOST_SLOTS = 1 << 20

GUARD = 8
"""Words or slots behind a buffer, which nobody may write."""

ACCESSED, MMIO, RETRY = 0, 1, 2


class CTable:
    """A VM of a library."""

    def __init__(self, library: Library, hook: Hook) -> None:
        self._ffi = foreign()
        self._operations = library.operations
        self._words: dict[int, int] = {}
        self.interleaving = library.interleaving
        self.announces = library.announces
        self.limits = library.limits
        self.domain = library.domain
        self._calls, self._hooks = calls_of(library, hook)
        # Not at lines: those of Python are the suite's.
        self.held_at_points = library.interleaving is Interleaving.THREADS
        vm = self._ffi.new("ms_vm **")
        came = self._asked("create", self._hooks.raw, vm)
        if came or vm[0] == self._ffi.NULL:
            self._calls.close(_nothing)
            made = "NULL" if vm[0] == self._ffi.NULL else "a VM"
            message = f"create gave {_code(came)}, and {made}"
            raise TargetError(message)
        self._vm = vm[0]
        provided = ((name, getattr(self, f"_{name}")) for name in OPTIONAL)
        for name, method in provided:
            if getattr(self._operations, name) != self._ffi.NULL:
                setattr(self, name, method)

    def close(self) -> None:
        """Give the VM back. Points that are announced meanwhile are nobody's."""
        self._hooks.end()
        self._calls.close(partial(self._operations.close, self._vm))

    def set_region(self, region: MemoryRegion) -> Reply:
        """One request, field for field."""
        pages = region.memory_size // PAGE_SIZE
        if pages <= MOST_PAGES:
            words = max(self._words.get(region.slot, 0), -(-pages // 64))
            self._words[region.slot] = words
        raw = self._ffi.new(
            "ms_region *",
            (
                *(region.slot, region.flags, region.guest_phys_addr),
                *(region.memory_size, region.userspace_addr),
            ),
        )
        return self._carried_out("set_region", raw)

    def _gfn_to_memslot(self, gfn: Gfn, as_id: int = 0) -> Slot | None:
        slot = self._ffi.new("ms_slot *")
        found = self._answered("gfn_to_memslot", as_id, gfn, slot)
        return slot_of(slot) if found else None

    def _gfn_to_hva(self, gfn: Gfn, as_id: int = 0) -> Hva | None:
        hva = self._ffi.new("uint64_t *")
        return Hva(hva[0]) if self._answered("gfn_to_hva", as_id, gfn, hva) else None

    def _is_visible_gfn(self, gfn: Gfn) -> bool:
        return self._answered("is_visible_gfn", gfn)

    def _access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        raw = self._ffi.new("ms_access *", (gfn, root, as_id, write, direct, 0))
        hva = self._ffi.new("uint64_t *")
        came = self._called("access", raw, hva)
        if came == ACCESSED:
            return Accessed(hva[0])
        if came == MMIO:
            return Mmio()
        if came == RETRY:
            return TryAgain()
        return _refused("access", came)

    def _get_dirty_log(self, slot: int) -> Reply:
        capacity = self._words.get(slot, 0)
        words = self._ffi.new("uint64_t[]", capacity + GUARD)
        count = self._ffi.new("uint64_t *")
        came = self._called("get_dirty_log", slot, words, capacity, count)
        self._check_guard("get_dirty_log", words, capacity)
        if came:
            return _refused("get_dirty_log", came)
        if count[0] > capacity:
            message = f"get_dirty_log gave {count[0]} words, and {capacity} have room"
            raise TargetError(message)
        return DirtyLog(tuple(self._ffi.unpack(words, count[0])) if count[0] else ())

    def _clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Reply:
        words = self._ffi.new("uint64_t[]", bitmap or (0,))
        return self._carried_out(
            "clear_dirty_log", slot, first_page, num_pages, words, len(bitmap)
        )

    def _enable_manual_protect(self, options: int) -> Reply:
        return self._carried_out("enable_manual_protect", options)

    def _destroy(self) -> None:
        came = self._called("destroy")
        if came:
            _wrong("destroy", came)

    def _observe(self) -> View:
        count = self._ffi.new("uint64_t *", FEW)
        capacity = 0
        slots: Any = None
        while count[0] > capacity:
            capacity = count[0]
            if capacity > MOST_SLOTS:
                message = f"observe gave {capacity} slots"
                raise TargetError(message)
            slots = self._ffi.new("ms_slot[]", capacity + GUARD)
            came = self._called("observe", slots, capacity, count)
            self._check_guard("observe", slots, capacity)
            if came:
                _wrong("observe", came)
        return View(table=table_of(*(slot_of(slots[at]) for at in range(count[0]))))

    def _check_guard(self, name: str, buffer: Any, capacity: int) -> None:  # noqa: ANN401 - cffi's
        """What is behind a buffer has to be as it was, which is 0."""
        ffi = self._ffi
        size = ffi.sizeof(ffi.typeof(buffer).item)
        if any(bytes(ffi.buffer(buffer)[capacity * size :])):
            message = f"{name} wrote beyond its buffer, where {capacity} have room"
            raise TargetError(message)

    def _carried_out(self, name: str, *arguments: object) -> Reply:
        came = self._called(name, *arguments)
        return _refused(name, came) if came else Done()

    def _answered(self, name: str, *arguments: object) -> bool:
        came = self._called(name, *arguments)
        if came not in (0, 1):
            _wrong(name, came)
        return bool(came)

    def _called(self, name: str, *arguments: object) -> int:
        return self._asked(name, self._vm, *arguments)

    def _asked(self, name: str, *arguments: object) -> int:
        came = self._calls.call(name, getattr(self._operations, name), *arguments)
        assert isinstance(came, int)  # noqa: S101 - by its type in the header
        return came


class CFactory:
    """Makes the VMs of a library, named by its path or as PATH:SYMBOL."""

    def __init__(self, named: str) -> None:
        path, _, symbol = named.rpartition(":")
        if not path or not symbol.isidentifier():
            path, symbol = named, SYMBOL
        self.library = opened(path, symbol)
        self.profile = self.library.profile
        self.__doc__ = self.library.name

    def __call__(self, hook: Hook) -> CTable:
        """A new VM without slots. Errors: `TargetError`."""
        return CTable(self.library, hook)


def _nothing() -> None:
    """There is no VM to close."""


def _refused(name: str, came: int) -> Reply:
    spelled = errno.errorcode.get(-came, "")
    if spelled not in Errno.__members__:
        _wrong(name, came)
    return Refused(Errno[spelled])


def _wrong(name: str, came: int) -> NoReturn:
    message = f"{name} gave {_code(came)}, which the header does not allow"
    raise TargetError(message)


def _code(came: int) -> str:
    spelled = errno.errorcode.get(-came)
    return f"{came} (-{spelled}: {os.strerror(-came)})" if spelled else str(came)
