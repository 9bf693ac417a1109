"""The ioctls of the device node, as calls on Python objects.

Only what slots and their dirty logs need: the node itself, a virtual machine made
from it, `KVM_SET_USER_MEMORY_REGION` in its first form, and the ioctls of the
dirty log. A request that the kernel refuses is an answer; everything else that
goes wrong is an exception.

Source: include/uapi/linux/kvm.h; Documentation/virt/kvm/api.rst sections 4.1 to
4.4, 4.8, 4.35, 4.37 and 4.117.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from memslot_conformance.targets.kvm.guards import (
    MAX_SLOT_BYTES,
    Ledger,
    UnsafeRequestError,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.values import Errno, MemoryRegion

DEFAULT_NODE = Path("/dev/kvm")

CAP_NR_MEMSLOTS = 10
CAP_READONLY_MEM = 81
CAP_MULTI_ADDRESS_SPACE = 118
CAP_MANUAL_DIRTY_LOG_PROTECT2 = 168

_REGION = struct.Struct("=IIQQQ")
"""`struct kvm_userspace_memory_region`: slot, flags, gpa, size, hva."""

_DIRTY_LOG = struct.Struct("=IIQ")
"""`struct kvm_dirty_log`: slot, padding, address of the bitmap."""

_CLEAR_LOG = struct.Struct("=IIQQ")
"""`struct kvm_clear_dirty_log`: slot, pages, first page, address of the bitmap."""

_ENABLE_CAP = struct.Struct("=IIQQQQ64x")
"""`struct kvm_enable_cap`: capability, flags, four arguments, padding."""

_GET_DIRTY_LOG = 0x4000_AE42 | _DIRTY_LOG.size << 16
_CLEAR_DIRTY_LOG = 0xC000_AEC0 | _CLEAR_LOG.size << 16
_ENABLE_CAPABILITY = 0x4000_AEA3 | _ENABLE_CAP.size << 16

_UNTOUCHED = 0xA5A5_5A5A_A5A5_5A5A
"""What is behind a bitmap before the kernel writes to it."""

_WORD_PAGES = 64

# _IO(0xAE, n), and _IOW(0xAE, 0x46, struct kvm_userspace_memory_region).
_GET_API_VERSION = 0xAE00
_CREATE_VM = 0xAE01
_CHECK_EXTENSION = 0xAE03
_SET_USER_MEMORY_REGION = 0x4000_AE46 | _REGION.size << 16

# Half of all requests are refused, and `fcntl.ioctl` makes an exception of each;
# this takes half the time. The kernel only reads the structure, so the bytes
# object itself is handed over, and two VMs share nothing.
_LIBC_IOCTL = ctypes.CDLL(None, use_errno=True).ioctl
_LIBC_IOCTL.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p)
_LIBC_IOCTL.restype = ctypes.c_int

_CREATE_ATTEMPTS = 100

# Numbers differ between architectures, symbols do not.
_ANSWERS = {
    number: Errno(symbol)
    for number, symbol in errno.errorcode.items()
    if symbol in Errno.__members__
}


class UnexpectedAnswerError(RuntimeError):
    """The kernel gave an errno that no request for a slot is answered with."""


class _Descriptor:
    """An open file descriptor, closed once; a call after that fails (EBADF)."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def close(self) -> None:
        """Close it; closing again does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class KvmNode(_Descriptor):
    """The open device node. Errors: `OSError`, as `open` and `ioctl` give it."""

    def __init__(self, path: Path = DEFAULT_NODE) -> None:
        super().__init__(os.open(path, os.O_RDWR))

    def api_version(self) -> int:
        """`KVM_GET_API_VERSION`; 12 for every kernel since v2.6.22."""
        return fcntl.ioctl(self._fd, _GET_API_VERSION, 0)

    def create_vm(self) -> VmDescriptor:
        """`KVM_CREATE_VM`: a machine without slots and without vCPUs.

        It stays open when the node is closed.
        """
        return VmDescriptor(
            _uninterrupted(lambda: fcntl.ioctl(self._fd, _CREATE_VM, 0))
        )


class VmDescriptor(_Descriptor):
    """One virtual machine and the guard's ledger of its slots."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._ledger = Ledger()

    def check_extension(self, capability: int) -> int:
        """`KVM_CHECK_EXTENSION`: what the VM offers, 0 where it offers nothing."""
        return fcntl.ioctl(self._fd, _CHECK_EXTENSION, capability)

    def set_user_memory_region(self, region: MemoryRegion) -> Errno | None:
        """`KVM_SET_USER_MEMORY_REGION`: None where it was carried out.

        Errors: `UnsafeRequestError` before anything is sent; `struct.error` for a
        field that does not fit; `UnexpectedAnswerError` for an errno which is no
        answer to a request, such as EBADF or EINTR.
        """
        self._ledger.admit(region)
        packed = _REGION.pack(
            region.slot,
            region.flags,
            region.guest_phys_addr,
            region.memory_size,
            region.userspace_addr,
        )
        number = send(self._fd, packed)
        if number:
            return _answer(number, "KVM_SET_USER_MEMORY_REGION")
        self._ledger.settle(region)
        return None

    def get_dirty_log(self, slot: int) -> tuple[int, ...] | Errno:
        """`KVM_GET_DIRTY_LOG`: the words that the kernel wrote, or its refusal.

        There is room for the slot's pages and a word more. That one is part of the
        answer where the kernel wrote to it.
        """
        npages = self._ledger.size_of(slot) >> PAGE_SHIFT
        count = (npages + _WORD_PAGES - 1) // _WORD_PAGES
        words = (ctypes.c_uint64 * (count + 1))(*(0,) * count, _UNTOUCHED)
        packed = _DIRTY_LOG.pack(slot, 0, ctypes.addressof(words))
        number = _ioctl(self._fd, _GET_DIRTY_LOG, packed)
        if number:
            return _answer(number, "KVM_GET_DIRTY_LOG")
        return tuple(words) if words[count] != _UNTOUCHED else tuple(words[:count])

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Errno | None:
        """`KVM_CLEAR_DIRTY_LOG`: None where it was carried out.

        Words that the bitmap lacks for so many pages are zero. Errors:
        `UnsafeRequestError` for more pages than a slot may have here.
        """
        if num_pages > MAX_SLOT_BYTES >> PAGE_SHIFT:
            message = (
                f"num_pages must be at most {MAX_SLOT_BYTES >> PAGE_SHIFT}, for so "
                f"many a slot may have; got {num_pages}"
            )
            raise UnsafeRequestError(message)
        count = (num_pages + _WORD_PAGES - 1) // _WORD_PAGES
        given = (*bitmap[:count], *(0,) * (count - len(bitmap)))
        words = (ctypes.c_uint64 * (count + 1))(*given)
        packed = _CLEAR_LOG.pack(slot, num_pages, first_page, ctypes.addressof(words))
        number = _ioctl(self._fd, _CLEAR_DIRTY_LOG, packed)
        return _answer(number, "KVM_CLEAR_DIRTY_LOG") if number else None

    def enable_capability(self, capability: int, argument: int) -> Errno | None:
        """`KVM_ENABLE_CAP` of the VM: None where it was carried out."""
        packed = _ENABLE_CAP.pack(capability, 0, argument, 0, 0, 0)
        number = _ioctl(self._fd, _ENABLE_CAPABILITY, packed)
        return _answer(number, "KVM_ENABLE_CAP") if number else None


def send(fd: int, packed: bytes) -> int:
    """`KVM_SET_USER_MEMORY_REGION` with the packed structure: 0 or an errno."""
    return _ioctl(fd, _SET_USER_MEMORY_REGION, packed)


def _ioctl(fd: int, request: int, packed: bytes) -> int:
    """An ioctl that only reads its structure: 0 or an errno."""
    return 0 if _LIBC_IOCTL(fd, request, packed) == 0 else ctypes.get_errno()


def _answer(number: int, what: str) -> Errno:
    """The refusal that an errno of a request stands for."""
    answer = _ANSWERS.get(number)
    if answer is None:
        symbol = errno.errorcode.get(number, str(number))
        message = f"{what} gave {symbol}, which is no answer"
        raise UnexpectedAnswerError(message)
    return answer


def _uninterrupted(create: Callable[[], int]) -> int:
    """Make a VM though signals arrive.

    `mm_take_all_locks`, on the way of registering the MMU notifier, gives EINTR
    while a signal is pending; QEMU tries again for the same reason. No slot
    request is ever tried again.
    """
    for _ in range(_CREATE_ATTEMPTS - 1):
        try:
            return create()
        except InterruptedError:
            continue
    return create()
