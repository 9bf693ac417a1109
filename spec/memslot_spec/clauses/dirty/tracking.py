"""Dirty tracking: every page of a slot that logs is dirty, or armed.

That is the rule by which no write is lost. An spte is *armed* where a write by it is
noticed: it is write-protected, or its D bit is clear and the processor logs the page
when it sets the bit (PML). The rule may be broken only where somebody has yet to
repair it: a request that turns logging on, until it is done; a GET or a CLEAR, until
it answers, and what these have taken counts as dirty until then; and a fast page fault,
which makes its spte writable without `mmu_lock` and then marks the page.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_pages
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.moments.dirty import LoggingBegan, LogProtected, WritableMapped
from memslot_spec.moments.mmu import AtRest

POINTS = (
    "TablePublished",
    "BitmapAllocated",
    "DirtyBitSet",
    "SpteMapped",
    "SpteRemoved",
)
"""What a target must announce before this rule can be judged."""


def clean_pages(mapped: WritableMapped) -> str:
    pages = (
        f"{describe_pages(pages)} of slot {slot.id}" for slot, pages in mapped.clean
    )
    return ", ".join(pages)


def dirty_or_armed(facts: Facts, mapped: WritableMapped) -> str:
    return f"dirty in the slot's bitmap, or armed: {clean_pages(mapped)}"


def clean_and_writable(facts: Facts, mapped: WritableMapped) -> str:
    return f"clean in the slot's bitmap, and mapped writable: {clean_pages(mapped)}"


@clause(
    id="DIRTY-1",
    title="A page of a logging slot is dirty or armed",
    must="When mmu_lock is given back, every page of a slot that logs MUST be armed "
    "in every spte of it, or dirty in the slot's bitmap or in what an open GET or "
    "CLEAR has taken out of it, or about to be marked by a fast page fault that has "
    "not returned. A request that turns logging on has until it returns.",
    known=Known(
        read="commit edde99ce0529; 6.1 arch/x86/kvm/mmu/mmu.c:3254, "
        "fast_pf_fix_direct_spte(); locking.rst",
        last_read="2026-11",
    ),
    rows=(55,),
    on=WritableMapped,
    expected=dirty_or_armed,
    observed=clean_and_writable,
    points=POINTS,
    armed=True,
)
def writable_is_dirty(facts: Facts, mapped: WritableMapped) -> bool:
    return not mapped.clean


def armed(facts: Facts, answered: LogProtected | LoggingBegan) -> str:
    return f"armed, for they are clean in the log: {describe_pages(answered.unarmed)}"


def not_armed(facts: Facts, answered: LogProtected | LoggingBegan) -> str:
    return f"still mapped writable: {describe_pages(answered.unarmed)}"


@clause(
    id="DIRTY-2",
    title="GET leaves clean pages armed",
    must="When `KVM_GET_DIRTY_LOG` answers, every page of the slot MUST be armed, "
    "whether the call cleared its bit or not, unless it is dirty in the bitmap or "
    "about to be marked as in DIRTY-1.",
    known=Known(
        read="patch, kvm_mmu_slot_remove_write_access(); commit edde99ce0529; 6.1 "
        "virt/kvm/kvm_main.c:2191, kvm_get_dirty_log_protect()",
        last_read="2026-11",
    ),
    rows=(48, 55),
    on=LogProtected,
    expected=armed,
    observed=not_armed,
    operations=("GetDirtyLog",),
    points=POINTS,
    armed=True,
)
def protected_after_get(facts: Facts, answered: LogProtected) -> bool:
    return not answered.unarmed


def writable_sptes_removed(facts: Facts, rest: AtRest) -> bool:
    return bool(facts.bitmaps.removed)


def the_host_told(facts: Facts, rest: AtRest) -> str:
    hvas = ", ".join(f"{spte.hva:#x}" for spte in facts.bitmaps.untold())
    return f"the host told that the page at hva {hvas} was written to"


@clause(
    id="DIRTY-3",
    title="The host is told no later than a writable mapping is removed",
    must="When the `mmu_lock` is given back under which an spte was removed that the "
    "guest could write through, the host MUST have been told, since the spte was made, "
    "that its page may be dirty.",
    known=Known(
        read="patch, rmap_remove(): kvm_set_pfn_dirty(); commits 9ed5520dd3c, "
        "aa85986e7150; 6.1 arch/x86/kvm/mmu/mmu.c:584, mmu_spte_clear_track_bits()",
        last_read="2026-11",
        derived="kernels since 6.13 tell the host when the spte is made, says the "
        "message of commit aa85986e7150",
    ),
    rows=(55,),
    on=AtRest,
    premise=writable_sptes_removed,
    expected=the_host_told,
    observed="mmu_lock released, and the host has not been told",
    points=("HostPageDirtied", "SpteMapped", "SpteRemoved", "MmuLocked"),
)
def host_told(facts: Facts, rest: AtRest) -> bool:
    return not facts.bitmaps.untold()


@clause(
    id="DIRTY-20",
    title="CLEAR leaves the pages it is given armed",
    must="When `KVM_CLEAR_DIRTY_LOG` answers, a page that it was given MUST be armed "
    "in every spte, large or not, also where its bit had been clear before, unless it "
    "is dirty again or about to be marked as in DIRTY-1.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:1322, "
        "kvm_arch_mmu_enable_log_dirty_pt_masked(); api.rst 4.117",
        last_read="2026-11",
    ),
    rows=(55, 58),
    profiles=ONLY_LINUX,
    on=LogProtected,
    expected=armed,
    observed=not_armed,
    operations=("ClearDirtyLog",),
    points=POINTS,
    armed=True,
)
def protected_after_clear(facts: Facts, answered: LogProtected) -> bool:
    return not answered.unarmed


@clause(
    id="DIRTY-30",
    title="Logging begins with every clean page armed",
    must="When a request has turned a slot's logging on, every page MUST be armed in "
    "every spte, large or not, unless it is dirty or about to be marked as in "
    "DIRTY-1.",
    known=Known(
        read="patch, __kvm_set_memory_region(): flush_shadow after the flag is seen; "
        "6.1 arch/x86/kvm/x86.c:12964, kvm_mmu_slot_apply_flags()",
        last_read="2026-11",
    ),
    rows=(48, 60),
    on=LoggingBegan,
    expected=armed,
    observed=not_armed,
    points=POINTS,
    armed=True,
)
def protected_when_logging_begins(facts: Facts, began: LoggingBegan) -> bool:
    return not began.unarmed


CLAUSES: tuple[AnyClause, ...] = (
    writable_is_dirty,
    protected_after_get,
    host_told,
    protected_after_clear,
    protected_when_logging_begins,
)
