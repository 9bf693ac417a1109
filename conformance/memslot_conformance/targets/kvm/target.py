"""The running kernel as an implementation under test: slots and dirty logs.

It translates and nothing else. A refusal is a reply; an exception is an error
of the target, never a verdict. No vCPU is made, so nothing reads the slots and
an update waits for no guest.
"""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path
from types import TracebackType
from typing import Self

from memslot_conformance.targets.kvm.detect import KernelFacts
from memslot_conformance.targets.kvm.device import (
    CAP_MANUAL_DIRTY_LOG_PROTECT2,
    DEFAULT_NODE,
    KvmNode,
)
from memslot_conformance.targets.kvm.guards import MAX_SLOT_BYTES, MAX_VM_BYTES
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.header import Domain
from memslot_spec.model.dirty_log import INITIALLY_SET, MANUAL_PROTECT
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import DirtyLog, Done, Refused, Reply
from memslot_spec.model.values import Errno, MemoryRegion

_MAP_NORESERVE = 0x4000
"""Linux's value on x86, arm64, riscv and s390; Python 3.13 has it in `mmap`."""

# Replies are equal whenever their fields are, so one of each will do.
_DONE = Done()
_REFUSED = {answer: Refused(answer) for answer in Errno}


class KvmVm:
    """One virtual machine of the running kernel, without slots at first.

    Make a fresh one for each example: creating and closing one costs about as
    much as a few dozen slot updates, and nothing is left over from the one before.
    One caller at a time, in the process that made it (the kernel gives EIO to
    any other).
    """

    profile_name = LINUX.name
    domain = Domain(exact_dirty_log=True, largest_slot=MAX_SLOT_BYTES >> PAGE_SHIFT)

    def __init__(self, facts: KernelFacts, node: Path = DEFAULT_NODE) -> None:
        """Make a VM. Errors: `OSError` where the node or the VM is not to be had."""
        self._limits = facts.limits
        with KvmNode(node) as kvm:
            self._vm = kvm.create_vm()
        try:
            self._memory = mmap.mmap(
                -1,
                MAX_VM_BYTES,
                flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE,
            )
        except OSError:
            self._vm.close()
            raise
        self._backing = (_address_of(self._memory), len(self._memory))

    @property
    def limits(self) -> Limits:
        """What this machine decides, as it was detected."""
        return self._limits

    @property
    def backing(self) -> tuple[int, int]:
        """Host memory for slots: first host byte address, and bytes.

        Reserved, zero, and touched by nobody; it is unmapped by `close`.
        """
        return self._backing

    def set_region(self, region: MemoryRegion) -> Reply:
        """Send one request; `Done()`, or `Refused` with the kernel's errno.

        Errors: as `VmDescriptor.set_user_memory_region`.
        """
        refusal = self._vm.set_user_memory_region(region)
        return _DONE if refusal is None else _REFUSED[refusal]

    def get_dirty_log(self, slot: int) -> Reply:
        """`DirtyLog` with the words that the kernel wrote, or `Refused`."""
        answer = self._vm.get_dirty_log(slot)
        return _REFUSED[answer] if isinstance(answer, Errno) else DirtyLog(answer)

    def close(self) -> None:
        """Destroy the VM, then give its memory back; again does nothing."""
        self._vm.close()
        self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class ClearingVm(KvmVm):
    """A VM of a kernel with manual protection and all its options."""

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Reply:
        """`Done()`, or `Refused` with the kernel's errno."""
        answer = self._vm.clear_dirty_log(slot, first_page, num_pages, bitmap)
        return _DONE if answer is None else _REFUSED[answer]

    def enable_manual_protect(self, options: int) -> Reply:
        """`Done()`, or `Refused` with the kernel's errno."""
        answer = self._vm.enable_capability(CAP_MANUAL_DIRTY_LOG_PROTECT2, options)
        return _DONE if answer is None else _REFUSED[answer]


def kernel_vm(facts: KernelFacts) -> KvmVm:
    """A VM of the running kernel, with CLEAR where all options of it are known.

    That no vCPU is made makes its dirty logs exact: nobody writes.
    """
    whole = MANUAL_PROTECT | INITIALLY_SET
    return ClearingVm(facts) if facts.manual_protect == whole else KvmVm(facts)


def _address_of(memory: mmap.mmap) -> int:
    """The host address of the mapping's first byte.

    The view is gone when this returns, for a mapping with a view on it cannot
    be closed.
    """
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
