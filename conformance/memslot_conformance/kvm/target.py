"""The running kernel as an implementation under test: slot requests only.

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

from memslot_conformance.kvm.detect import KernelFacts
from memslot_conformance.kvm.device import DEFAULT_NODE, Node
from memslot_conformance.kvm.guards import MAX_VM_BYTES
from memslot_spec.operations import Done, Refused, Reply
from memslot_spec.profile import LINUX, Limits
from memslot_spec.values import Errno, MemoryRegion

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

    def __init__(self, facts: KernelFacts, node: Path = DEFAULT_NODE) -> None:
        """Make a VM. Errors: `OSError` where the node or the VM is not to be had."""
        self._limits = facts.limits
        with Node(node) as kvm:
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

        Errors: as `Vm.set_user_memory_region`.
        """
        refusal = self._vm.set_user_memory_region(region)
        return _DONE if refusal is None else _REFUSED[refusal]

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


def _address_of(memory: mmap.mmap) -> int:
    """The host address of the mapping's first byte.

    The view is gone when this returns, for a mapping with a view on it cannot
    be closed.
    """
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
