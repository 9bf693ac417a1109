"""The memory map of unicorn as a table by ranges, accessed by emulated instructions.

    pip install 'memslots[unicorn]'
    PYTHONPATH=conformance/elsewhere memslots check py:on_unicorn:UnicornTable

Memory is host memory of this module, and a host address is a place in it. Each page
begins with its own address, and has code that loads it, so that whoever reads a page or
runs what is in it knows which page that was. A lookup is `uc_mem_read`, which asks the
memory map. An access is made by an instruction, and goes by unicorn's TLB; where it is
not `direct`, the page is run instead, and goes by its cache of translated code as well.
"""

from __future__ import annotations

import ctypes
import mmap
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any

from greenlet import (  # type: ignore[import-untyped, unused-ignore]
    getcurrent,
    greenlet,
)

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.history.header import Domain
from memslot_spec.model.profile import Limits
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.replies import Accessed, Done, Mmio, Refused, Reply
from memslot_spec.model.values import Errno, Gfn, Hva

POOL = 128 << 20
"""Bytes of host addresses that ranges may name; what is not used takes no memory."""

FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS

LARGEST_GFN = (1 << 20) - 1
CODE = 1 << 40
"""Where the instructions are that access memory: above all that is asked for."""

READ, WRITE = 0x20, 0x40
BACK = b"\xff\xe2"  # jmp rdx
MADE = {
    0: b"\xe6\x10\xff\xe1",  # out 0x10, al; jmp rcx
    READ: b"\x48\x8b\x03" + BACK,  # mov rax, [rbx]
    WRITE: b"\x48\x89\x43\x08" + BACK,  # mov [rbx + 8], rax
}
RUN = 0x100
"""Where in a page its code is: `mov rax, <its address>`, and back."""

LOAD = b"\x48\xb8"
MOST_RANGES = 64

TRANSLATED = 8 << 20
"""Bytes for translated code: the usual gigabyte is more than a worker has."""


class Pool:
    """Host memory, in which each page that is used says where it is."""

    def __init__(self) -> None:
        """Have memory, of which nothing is written."""
        self.bytes = mmap.mmap(-1, POOL, FLAGS)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.bytes))
        self.marked: set[int] = set()

    def mark(self, hva: int, npages: int) -> None:
        """Have each page begin with its address, and have code that loads it."""
        for page in range(hva, hva + npages * PAGE_SIZE, PAGE_SIZE):
            if page not in self.marked:
                self.marked.add(page)
                named = page.to_bytes(8, "little")
                self.bytes[page : page + 8] = named
                self.bytes[page + RUN : page + RUN + 12] = LOAD + named + BACK

    def word(self, at: int) -> int:
        """Eight bytes at a place."""
        return int.from_bytes(self.bytes[at : at + 8], "little")


POOL_OF_ALL = Pool()
NUMBERS = count(1)
"""What writes write: no two of them the same."""


def installed(module: str) -> ModuleType:
    """A module of unicorn. Errors: `ModuleNotFoundError` says how it is had."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        message = f"{error}: pip install 'memslots[unicorn]'"
        raise ModuleNotFoundError(message) from error


class UnicornTable:
    """The map of one emulator of x86-64, which is asked one call at a time."""

    profile = "linux"
    limits = Limits(largest_gfn=LARGEST_GFN, user_slots=MOST_RANGES, hva_end=Hva(POOL))
    domain = Domain(
        largest_gfn=LARGEST_GFN,
        largest_slot=16,
        ranges=RangeRules(removal=Removal.CUTTING),
    )

    def __init__(self) -> None:
        """Make an emulator whose only memory is the code that accesses it."""
        self.unicorn: Any = installed("unicorn")
        self.x86: Any = installed("unicorn.x86_const")
        self.engine = self.unicorn.Uc(self.unicorn.UC_ARCH_X86, self.unicorn.UC_MODE_64)
        self.engine.ctl_set_tcg_buffer_size(TRANSLATED)
        self.engine.mem_map(CODE, PAGE_SIZE)
        for place, made in MADE.items():
            self.engine.mem_write(CODE + place, made)
        self.hvas: set[int] = set()

    def add(self, gfn: Gfn, npages: int, hva: Hva) -> Reply:
        """`uc_mem_map_ptr`, of pages that may be read, written and run."""
        POOL_OF_ALL.mark(hva, npages)
        size = npages << PAGE_SHIFT
        every = self.unicorn.UC_PROT_ALL
        where = POOL_OF_ALL.start + hva
        try:
            self.engine.mem_map_ptr(gfn << PAGE_SHIFT, size, every, where)
        except self.unicorn.UcError as error:
            return self.refused(error)
        self.hvas.update(range(hva, hva + size, PAGE_SIZE))
        return Done()

    def remove(self, gfn: Gfn, npages: int) -> Reply:
        """`uc_mem_unmap`."""
        try:
            self.engine.mem_unmap(gfn << PAGE_SHIFT, npages << PAGE_SHIFT)
        except self.unicorn.UcError as error:
            return self.refused(error)
        return Done()

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """`uc_mem_read` of the address that the page begins with."""
        try:
            read = self.engine.mem_read(gfn << PAGE_SHIFT, 8)
        except self.unicorn.UcError:
            return None
        return Hva(int.from_bytes(read, "little"))

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:
        """One instruction that reads or writes the page, or one that is in it."""
        del root
        if write:
            return self.written(gfn)
        if direct:
            return self.run(gfn, CODE + READ)
        return self.run(gfn, (gfn << PAGE_SHIFT) + RUN)

    def run(self, gfn: Gfn, begin: int, rax: int = 0) -> Reply:
        """Run an instruction on the page, which leaves in RAX what it is about."""
        self.engine.reg_write(self.x86.UC_X86_REG_RAX, rax)
        self.engine.reg_write(self.x86.UC_X86_REG_RBX, gfn << PAGE_SHIFT)
        self.engine.reg_write(self.x86.UC_X86_REG_RDX, CODE)
        try:
            self.carry_on(begin)
        except self.unicorn.UcError as error:
            return self.missed(error)
        return Accessed(self.engine.reg_read(self.x86.UC_X86_REG_RAX))

    def carry_on(self, begin: int) -> None:
        """Start the emulator here, until it comes back."""
        self.engine.emu_start(begin, CODE)

    def written(self, gfn: Gfn) -> Reply:
        """Write a number, and see which page has it. Errors: none has."""
        number = next(NUMBERS)
        reply = self.run(gfn, CODE + WRITE, number)
        if isinstance(reply, Mmio):
            return reply
        for hva in self.hvas:
            if POOL_OF_ALL.word(hva + 8) == number:
                return Accessed(hva)
        message = f"a write to frame {gfn:#x} is in no page that was ever mapped"
        raise LookupError(message)

    def missed(self, error: Any) -> Reply:  # noqa: ANN401 - unicorn has no types here
        """No memory is there. Errors: the one given, where it is another."""
        unmapped = (
            self.unicorn.UC_ERR_READ_UNMAPPED,
            self.unicorn.UC_ERR_WRITE_UNMAPPED,
            self.unicorn.UC_ERR_FETCH_UNMAPPED,
        )
        if error.errno not in unmapped:
            raise error
        return Mmio()

    def refused(self, error: Any) -> Reply:  # noqa: ANN401 - as above
        """The refusal that unicorn's error is."""
        known = {
            self.unicorn.UC_ERR_NOMEM: Errno.ENOMEM,
            self.unicorn.UC_ERR_MAP: Errno.EEXIST,
            self.unicorn.UC_ERR_ARG: Errno.EINVAL,
        }
        return Refused(known.get(error.errno))


class RunningUnicorn(UnicornTable):
    """The same, whose guest is never stopped: ranges change while it runs.

    The guest does `out`, and is held up in the hook for that until it is to access
    memory. So requests come from within a hook, as a device model makes them, and
    translations are as the guest has left them.
    """

    def __init__(self) -> None:
        """Make an emulator that waits in its first `out`."""
        super().__init__()
        self.ends = False
        self.error: BaseException | None = None
        self.engine.hook_add(
            self.unicorn.UC_HOOK_INSN, self.out, aux1=self.x86.UC_X86_INS_OUT
        )
        self.guest = self.new_guest()

    def new_guest(self) -> greenlet:
        """A guest that is at its `out`."""
        guest = greenlet(self.emulate)
        self.resume(guest)
        return guest

    def resume(self, guest: greenlet) -> None:
        """Let it run until it waits or ends; it comes back here in either case."""
        self.caller = guest.parent = getcurrent()
        guest.switch()

    def emulate(self) -> None:
        """Run until something goes wrong, or it is over."""
        try:
            self.engine.emu_start(CODE, 0)
        except self.unicorn.UcError as error:
            self.error = error

    def out(self, engine: object, *what: object) -> None:
        """Wait for what the guest is to do next."""
        del engine, what
        self.caller.switch()
        if self.ends:
            self.engine.emu_stop()

    def carry_on(self, begin: int) -> None:
        """Let the guest go to this instruction and come back. Errors: it could not."""
        self.engine.reg_write(self.x86.UC_X86_REG_RCX, begin)
        self.resume(self.guest)
        error, self.error = self.error, None
        if error is not None:
            self.guest = self.new_guest()
            raise error

    def close(self) -> None:
        """Let the guest come to its end."""
        self.ends = True
        if not self.guest.dead:
            self.resume(self.guest)
