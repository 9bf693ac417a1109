"""The memory map of rust-vmm's vm-memory as a table by ranges, under real threads.

    apt install cargo librust-vm-memory-dev librust-arc-swap-dev librust-winapi-dev
    (cd conformance/elsewhere/vm_memory && cargo build --offline --release)
    PYTHONPATH=conformance/elsewhere memslots check py:on_vm_memory:VmMemoryTable

A table is a `GuestMemoryAtomic`: a reader has a snapshot of the map, an update takes
the lock and puts the next map in place of the one before. ctypes lets the interpreter
go while a function runs, so threads are in the library together. A host address is a
place in memory of this module, which is handed to vm-memory by pointer.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from pathlib import Path

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.model.profile import Limits
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.replies import Accessed, DirtyLog, Done, Mmio, Refused, Reply
from memslot_spec.model.values import Gfn, Hva, MemoryRange

FOLDER = Path(__file__).parent / "vm_memory"
LIBRARY = FOLDER / "target/release/libmemslots_vm_memory.so"
HOW = f"build it first: cd {FOLDER.name} && cargo build --offline --release"

POOL = 128 << 20
"""Bytes of host addresses that ranges may name."""

LARGEST_GFN = (1 << 36) - 1
LARGEST_RANGE = 256
WORD = 64

LOOKS = 4000
"""How often a lookup or a read is made in one call, of which the rarest answer counts:
what an update leaves open for nanoseconds is met by nobody who asks once."""


class NotBuiltError(Exception):
    """The library is not there; the message says how it is made."""


class Range(ctypes.Structure):
    """One range in bytes, as the library has it."""

    _fields_ = (
        ("gpa", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("host", ctypes.c_void_p),
    )


def loaded() -> ctypes.CDLL:
    """The library with the types of its functions. Errors: `NotBuiltError`."""
    if not LIBRARY.exists():
        message = f"no {LIBRARY.name} of vm-memory: {HOW}"
        raise NotBuiltError(message)
    library = ctypes.CDLL(str(LIBRARY))
    table, number = ctypes.c_void_p, ctypes.c_uint64
    library.table_new.restype = table
    library.table_free.argtypes = (table,)
    library.table_add.argtypes = (table, Range)
    library.table_remove.argtypes = (table, number, number)
    library.table_replace.argtypes = (table, ctypes.POINTER(Range), ctypes.c_size_t)
    library.table_find.argtypes = (table, number, ctypes.c_uint32)
    library.table_read.argtypes = (table, number, ctypes.c_uint32)
    library.table_write.argtypes = (table, number)
    words = ctypes.POINTER(number)
    library.table_dirty.argtypes = (table, number, number, words, ctypes.c_size_t)
    for answering in ("table_find", "table_read", "table_write"):
        getattr(library, answering).restype = ctypes.c_void_p
    for doing in ("table_add", "table_remove", "table_replace", "table_dirty"):
        getattr(library, doing).restype = ctypes.c_int64
    return library


LIB = loaded()
MEMORY = mmap.mmap(-1, POOL, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
START = ctypes.addressof(ctypes.c_char.from_buffer(MEMORY))


class VmMemoryTable:
    """One `GuestMemoryAtomic`, which several threads may use at once."""

    profile = "linux"
    interleaving = Interleaving.THREADS
    limits = Limits(largest_gfn=LARGEST_GFN, hva_end=Hva(POOL))
    domain = Domain(
        largest_gfn=LARGEST_GFN,
        largest_slot=LARGEST_RANGE,
        ranges=RangeRules(removal=Removal.EXACT, fresh_logs=True, removes_at_once=True),
    )

    def __init__(self) -> None:
        """Make a map without regions."""
        self.table = ctypes.c_void_p(LIB.table_new())

    def close(self) -> None:
        """Give it back."""
        table, self.table = self.table, ctypes.c_void_p()
        if table:
            LIB.table_free(table)

    def add(self, gfn: Gfn, npages: int, hva: Hva) -> Reply:
        """`GuestMemoryMmap::insert_region`, and `replace` of the guard."""
        one = in_bytes(MemoryRange(gfn, npages, hva))
        return done(LIB.table_add(self.table, one))

    def remove(self, gfn: Gfn, npages: int) -> Reply:
        """`GuestMemoryMmap::remove_region`, and `replace` of the guard."""
        gpa, size = gfn << PAGE_SHIFT, npages << PAGE_SHIFT
        return done(LIB.table_remove(self.table, gpa, size))

    def replace(self, ranges: Sequence[MemoryRange]) -> Reply:
        """`GuestMemoryMmap::from_arc_regions`, which wants them in order."""
        in_order = sorted(ranges, key=lambda one: one.gfn)
        made = (Range * len(in_order))(*map(in_bytes, in_order))
        return done(LIB.table_replace(self.table, made, len(in_order)))

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """`GuestMemory::get_host_address` of a snapshot."""
        found = LIB.table_find(self.table, gfn << PAGE_SHIFT, LOOKS)
        return None if found is None else Hva(found - START)

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:
        """`GuestMemory::get_slice` of a snapshot, and a read or a write through it."""
        del direct, root
        gpa = gfn << PAGE_SHIFT
        if write:
            reached = LIB.table_write(self.table, gpa)
        else:
            reached = LIB.table_read(self.table, gpa, LOOKS)
        return Mmio() if reached is None else Accessed(reached - START)

    def dirty(self, gfn: Gfn, npages: int) -> Reply:
        """`AtomicBitmap::get_and_reset` of the region that is exactly this."""
        room = npages // WORD + 1
        words = (ctypes.c_uint64 * room)()
        gpa, size = gfn << PAGE_SHIFT, npages << PAGE_SHIFT
        used = LIB.table_dirty(self.table, gpa, size, words, room)
        return Refused(None) if used < 0 else DirtyLog(tuple(words[:used]))


def in_bytes(one: MemoryRange) -> Range:
    """The range as the library takes it."""
    size = one.npages * PAGE_SIZE
    return Range(one.gfn << PAGE_SHIFT, size, START + one.hva)


def done(came: int) -> Reply:
    """What the library says of a request: it tells its errors apart in Rust alone."""
    return Refused(None) if came < 0 else Done()
