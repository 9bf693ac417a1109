"""Choices of a delete or a move: accesses in the window, and what a flush zaps."""

from __future__ import annotations

from memslot_spec.choice import AnyChoice, choice
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.model.operations import GuestAccess, Origin
from memslot_spec.model.profile import BOTH, ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Accessed, GuestPageFault, Mmio, Retry
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.replies import Answered

TABLES = ("TableLoaded", "TablePublished")

MMIO, RETRIED = "MMIO", "retry"
STANDING = "the page, through an spte that stands"
LATER = "the page of a table published meanwhile"


def is_invalid_in(table: SlotTable, access: GuestAccess) -> bool:
    slot = gfn_to_memslot(table, access.gfn, access.as_id)
    return slot is not None and slot.invalid


def end_of_access(facts: Facts, answered: Answered) -> str | None:
    access, reply, call = answered.operation, answered.reply, answered.call
    if not isinstance(access, GuestAccess) or not access.may_use_spte:
        return None
    reached = isinstance(reply, Accessed)
    if not call.loaded:
        at_call = facts.tables.versions[call.newest]
        return STANDING if reached and is_invalid_in(at_call, access) else None
    if not all(is_invalid_in(table, access) for table in answered.candidates):
        return None
    if reached:
        return LATER
    if isinstance(reply, Mmio):
        return MMIO
    return RETRIED if isinstance(reply, Retry) else None


@choice(
    id="window-2009",
    title="A page fault while its slot is INVALID",
    options=(MMIO, RETRIED, STANDING, LATER),
    source="patch, gfn_to_hva: bad_hva; a retry is what later kernels do",
    profiles=ONLY_2_6_34,
    clauses=("DEL-10",),
    on=Answered,
    operations=("GuestAccess",),
    points=TABLES,
)
def window_2009(facts: Facts, answered: Answered) -> str | None:
    """How an access ended whose slot is INVALID."""
    return end_of_access(facts, answered)


@choice(
    id="window-today",
    title="A page fault while its slot is INVALID",
    options=(RETRIED, STANDING, LATER),
    source="commit e0c378684b65",
    profiles=ONLY_LINUX,
    clauses=("DEL-10", "DEL-11"),
    on=Answered,
    operations=("GuestAccess",),
    points=TABLES,
)
def window_today(facts: Facts, answered: Answered) -> str | None:
    """How an access ended whose slot is INVALID."""
    return end_of_access(facts, answered)


def end_of_lookup(
    answered: Answered, origin: Origin, at_once: type[Mmio | GuestPageFault], word: str
) -> str | None:
    """How an access ended that looked its frame up and found the slot INVALID."""
    access, reply = answered.operation, answered.reply
    if not isinstance(access, GuestAccess) or access.origin is not origin:
        return None
    if not all(is_invalid_in(table, access) for table in answered.candidates):
        return None
    if isinstance(reply, at_once):
        return word
    return RETRIED if isinstance(reply, Retry) else None


@choice(
    id="window-emulated",
    title="An emulated access while its slot is INVALID",
    options=(MMIO, RETRIED),
    source="6.1 arch/x86/kvm/x86.c:7614, emulator_read_write_onepage()",
    profiles=BOTH,
    clauses=("DEL-16",),
    on=Answered,
    operations=("GuestAccess",),
    points=TABLES,
    origin=Origin.EMULATOR,
)
def window_emulated(facts: Facts, answered: Answered) -> str | None:
    """How an emulated access ended whose slot is INVALID."""
    return end_of_lookup(answered, Origin.EMULATOR, Mmio, MMIO)


GUEST_FAULT = "page fault to the guest"


@choice(
    id="window-walk",
    title="A walk of a page table whose slot is INVALID",
    options=(GUEST_FAULT, RETRIED),
    source="6.1 arch/x86/kvm/mmu/paging_tmpl.h:384, walk_addr_generic()",
    profiles=BOTH,
    clauses=("DEL-15",),
    on=Answered,
    operations=("GuestAccess",),
    points=TABLES,
    origin=Origin.TABLE_WALK,
)
def window_walk(facts: Facts, answered: Answered) -> str | None:
    """How a walk ended whose page table is in an INVALID slot."""
    return end_of_lookup(answered, Origin.TABLE_WALK, GuestPageFault, GUEST_FAULT)


THE_SLOT, EVERYTHING = "the slot alone", "every slot"


@choice(
    id="flush-extent",
    title="What the flush of a deleted or moved slot zaps",
    options=(THE_SLOT, EVERYTHING),
    source="kvm_arch_flush_shadow zaps all; kvm_arch_flush_shadow_memslot need not",
    profiles=BOTH,
    clauses=("DEL-4", "DEL-9", "MOVE-3"),
    on=Flushed,
    operations=("SetRegion",),
    points=("Flushed", *TABLES),
)
def flush_extent(facts: Facts, event: Flushed) -> str | None:
    """What a delete or a move flushed."""
    update = facts.update_of(event.thread)
    if update is None or not update.takes_slot_away:
        return None
    return EVERYTHING if event.slot_id is None else THE_SLOT


ACCESSES: tuple[AnyChoice, ...] = (
    window_2009,
    window_today,
    window_emulated,
    window_walk,
)
FLUSHES: tuple[AnyChoice, ...] = (flush_extent,)
