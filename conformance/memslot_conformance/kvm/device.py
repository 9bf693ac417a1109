"""The ioctls of the device node, as calls on Python objects.

Only what slot requests need: the node itself, a virtual machine made from it,
and `KVM_SET_USER_MEMORY_REGION` in its first form. A request that the kernel
refuses is an answer; everything else that goes wrong is an exception.

Source: include/uapi/linux/kvm.h; Documentation/virt/kvm/api.rst sections 4.1 to
4.4 and 4.35.
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

from memslot_conformance.kvm.guards import Ledger
from memslot_spec.values import Errno, MemoryRegion

DEFAULT_NODE = Path("/dev/kvm")

CAP_NR_MEMSLOTS = 10
CAP_READONLY_MEM = 81
CAP_MULTI_ADDRESS_SPACE = 118

_REGION = struct.Struct("=IIQQQ")
"""`struct kvm_userspace_memory_region`: slot, flags, gpa, size, hva."""

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


class Node(_Descriptor):
    """The open device node. Errors: `OSError`, as `open` and `ioctl` give it."""

    def __init__(self, path: Path = DEFAULT_NODE) -> None:
        super().__init__(os.open(path, os.O_RDWR))

    def api_version(self) -> int:
        """`KVM_GET_API_VERSION`; 12 for every kernel since v2.6.22."""
        return fcntl.ioctl(self._fd, _GET_API_VERSION, 0)

    def create_vm(self) -> Vm:
        """`KVM_CREATE_VM`: a machine without slots and without vCPUs.

        It stays open when the node is closed.
        """
        return Vm(_uninterrupted(lambda: fcntl.ioctl(self._fd, _CREATE_VM, 0)))


class Vm(_Descriptor):
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
            return _answer(number)
        self._ledger.settle(region)
        return None


def send(fd: int, packed: bytes) -> int:
    """`KVM_SET_USER_MEMORY_REGION` with the packed structure: 0 or an errno."""
    if _LIBC_IOCTL(fd, _SET_USER_MEMORY_REGION, packed) == 0:
        return 0
    return ctypes.get_errno()


def _answer(number: int) -> Errno:
    """The refusal that an errno of a slot request stands for."""
    answer = _ANSWERS.get(number)
    if answer is None:
        symbol = errno.errorcode.get(number, str(number))
        message = f"KVM_SET_USER_MEMORY_REGION gave {symbol}, which is no answer"
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
