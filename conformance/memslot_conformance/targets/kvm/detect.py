"""Whether the running kernel can be tested here, and what it decides.

Nothing is assumed: limits that kernels and machines disagree about are found by
asking. Where the node cannot be used, the reason is one line that starts with
`kvm: ` and says what to do; a kernel that behaves in a way no line covers is an
exception, so that it cannot pass for a skip.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from memslot_conformance.targets.kvm.device import (
    CAP_MANUAL_DIRTY_LOG_PROTECT2,
    CAP_MULTI_ADDRESS_SPACE,
    CAP_NR_MEMSLOTS,
    CAP_READONLY_MEM,
    DEFAULT_NODE,
    KvmNode,
    UnexpectedAnswerError,
    VmDescriptor,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.profile import Limits
from memslot_spec.model.values import Errno, Hva, MemoryRegion

API_VERSION = 12
"""`KVM_API_VERSION`, the only one that api.rst lets an application use."""

_SYS_MODULE = Path("/sys/module")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelFacts:
    """What this kernel on this machine decides.

    `largest_gfn` is the highest guest frame of an accepted slot, `hva_end` the
    first host byte after the highest accepted page, `nr_memslots` the ids that
    userspace may use. `modules` are the `kvm_*` modules, `release` is uname's.
    `manual_protect` are the options of manual protection that are known, as bits.
    """

    api_version: int
    nr_memslots: int
    readonly: bool
    address_spaces: int
    largest_gfn: int
    hva_end: int
    modules: tuple[str, ...]
    release: str
    manual_protect: int = 0

    @property
    def limits(self) -> Limits:
        """The same facts as the specification's limits."""
        return Limits(
            largest_gfn=self.largest_gfn,
            address_spaces=self.address_spaces,
            hva_end=Hva(self.hva_end),
            user_slots=self.nr_memslots,
        )

    def describe(self) -> str:
        """One line for a report's header."""
        return (
            f"kvm: Linux {self.release}, {'+'.join(self.modules) or 'kvm'}, "
            f"API {self.api_version}, {self.nr_memslots} slots, "
            f"READONLY {'yes' if self.readonly else 'no'}, "
            f"address spaces {self.address_spaces}, "
            f"largest gfn {self.largest_gfn:#x}, hva end {self.hva_end:#x}"
        )


@dataclass(frozen=True, slots=True)
class Usable:
    """The node answers, and these are its facts."""

    facts: KernelFacts


@dataclass(frozen=True, slots=True)
class Unusable:
    """The node cannot be used; `reason` is the line that says so."""

    reason: str


def detect(
    node: Path = DEFAULT_NODE, *, sys_module: Path = _SYS_MODULE
) -> Usable | Unusable:
    """Probe the node with one VM and one-page slots; about 250 ioctls.

    Errors: `OSError` where opening fails in a way that none of the reasons
    covers, `UnexpectedAnswerError` where the kernel contradicts itself while probed.
    """
    try:
        kvm = KvmNode(node)
    except OSError as error:
        reason = _why_not_opened(node, error)
        if reason is None:
            raise
        return Unusable(reason)
    with kvm:
        try:
            version = kvm.api_version()
        except OSError as error:
            if error.errno not in {errno.ENOTTY, errno.ENODEV, errno.ENXIO}:
                raise
            return Unusable(_NO_MODULE)
        if version != API_VERSION:
            return _present_but(f"API version {version}, not {API_VERSION}")
        try:
            vm = kvm.create_vm()
        except OSError as error:
            return _present_but(f"KVM_CREATE_VM: {_symbol(error)}")
    with vm:
        refusal = _page_at(vm, gfn=0, hva=0)
        if refusal is not None:
            return _present_but(f"a slot of one page is refused: {refusal.name}")
        return Usable(_facts(vm, version, sys_module))


_NO_MODULE = "kvm: device node exists but no hypervisor module answers"


def _present_but(why: str) -> Unusable:
    return Unusable(f"kvm: KVM present but unusable ({why})")


def _why_not_opened(node: Path, error: OSError) -> str | None:
    """The line for an errno of `open`; None where there is none for it."""
    match error.errno:
        case errno.ENOENT:
            return (
                f"kvm: {node} is absent (no KVM module, or not passed into this "
                f"container: --device {node})"
            )
        case errno.EACCES:
            return (
                f"kvm: no permission on {node} ({_ownership(node)}); "
                "run as root or join the group that owns it"
            )
        case errno.EPERM:
            return f"kvm: {node} refused by a container device policy or LSM"
        case errno.ENODEV | errno.ENXIO:
            return _NO_MODULE
        case _:
            return None


def _ownership(node: Path) -> str:
    """Mode and owners, as `mode 0600 root:root`; numbers where names lack."""
    try:
        status = node.stat()
    except OSError:
        return "mode unknown"
    try:
        user = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        user = str(status.st_uid)
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    return f"mode {stat.S_IMODE(status.st_mode):04o} {user}:{group}"


def _symbol(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error.errno))


def _facts(vm: VmDescriptor, version: int, sys_module: Path) -> KernelFacts:
    """Ask the VM, for some capabilities differ from VM to VM.

    A slot count of 0 means 32, as QEMU reads it; an address-space count of 0
    means that the capability is absent, which is one space.
    """
    last_page = (U64 >> PAGE_SHIFT) - 1
    largest_gfn = highest(lambda gfn: _page_at(vm, gfn=gfn, hva=0) is None, last_page)
    highest_page = highest(
        lambda page: _page_at(vm, gfn=0, hva=page << PAGE_SHIFT) is None, last_page
    )
    return KernelFacts(
        api_version=version,
        nr_memslots=vm.check_extension(CAP_NR_MEMSLOTS) or 32,
        readonly=vm.check_extension(CAP_READONLY_MEM) > 0,
        manual_protect=vm.check_extension(CAP_MANUAL_DIRTY_LOG_PROTECT2),
        address_spaces=vm.check_extension(CAP_MULTI_ADDRESS_SPACE) or 1,
        largest_gfn=largest_gfn,
        hva_end=(highest_page + 1) << PAGE_SHIFT,
        modules=tuple(sorted(path.name for path in sys_module.glob("kvm_*"))),
        release=os.uname().release,
    )


def highest(accepted: Callable[[int], bool], ceiling: int) -> int:
    """The largest accepted number from 0 to `ceiling`, by bisection.

    0 must be accepted, and everything above a number that is not must not be.
    """
    if accepted(ceiling):
        return ceiling
    low, high = 0, ceiling
    while high - low > 1:
        middle = (low + high) // 2
        if accepted(middle):
            low = middle
        else:
            high = middle
    return low


def _page_at(vm: VmDescriptor, *, gfn: int, hva: int) -> Errno | None:
    """Whether a slot of one page is accepted there; it is gone again after.

    The host page need not exist: only its range is looked at when a slot is
    set. Errors: `UnexpectedAnswerError` where the answer is about something else than
    the place (EINVAL, and EFAULT beyond the IPA size of arm64).
    """
    page = MemoryRegion(0, gfn << PAGE_SHIFT, PAGE_SIZE, hva)
    refusal = vm.set_user_memory_region(page)
    if refusal is None:
        undone = vm.set_user_memory_region(MemoryRegion(0, 0, 0, 0))
        if undone is not None:
            message = f"deleting the slot of {page} gave {undone.name}"
            raise UnexpectedAnswerError(message)
    elif refusal not in {Errno.EINVAL, Errno.EFAULT}:
        message = f"probing with {page} gave {refusal.name}"
        raise UnexpectedAnswerError(message)
    return refusal
