"""Dirty tracking: every page of a slot that logs is dirty, or write-protected.

That is the rule by which no write is lost. It may be broken only where somebody
has yet to repair it: a request that turns logging on, until it is done, and a GET
or a CLEAR, until it answers; what these have taken counts as dirty until then.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_pages
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


def dirty_or_protected(facts: Facts, mapped: WritableMapped) -> str:
    return f"dirty in the slot's bitmap, or write-protected: {clean_pages(mapped)}"


def clean_and_writable(facts: Facts, mapped: WritableMapped) -> str:
    return f"clean in the slot's bitmap, and mapped writable: {clean_pages(mapped)}"


@clause(
    id="DIRTY-1",
    title="A page of a logging slot is dirty or write-protected",
    must="When the shadow state comes to rest, every page that an spte of a slot "
    "that logs lets the guest write to MUST be dirty in the slot's bitmap, or "
    "in what an open GET or CLEAR has taken out of it.",
    source="commit edde99ce0529",
    rows=(55,),
    on=WritableMapped,
    expected=dirty_or_protected,
    observed=clean_and_writable,
    points=POINTS,
)
def writable_is_dirty(facts: Facts, mapped: WritableMapped) -> bool:
    return not mapped.clean


def protected(facts: Facts, answered: LogProtected | LoggingBegan) -> str:
    pages = describe_pages(answered.still_writable)
    return f"write-protected, for they are clean in the log: {pages}"


def unprotected(facts: Facts, answered: LogProtected | LoggingBegan) -> str:
    return f"still mapped writable: {describe_pages(answered.still_writable)}"


@clause(
    id="DIRTY-2",
    title="GET leaves clean pages write-protected",
    must="When `KVM_GET_DIRTY_LOG` answers, an spte of the slot MUST NOT let the guest "
    "write to a page that is not dirty in the slot's bitmap.",
    source="kvm_mmu_slot_remove_write_access; commit edde99ce0529",
    rows=(48, 55),
    on=LogProtected,
    expected=protected,
    observed=unprotected,
    operations=("GetDirtyLog",),
    points=POINTS,
)
def protected_after_get(facts: Facts, answered: LogProtected) -> bool:
    return not answered.still_writable


def writable_sptes_removed(facts: Facts, rest: AtRest) -> bool:
    return bool(facts.bitmaps.removed)


def the_host_told(facts: Facts, rest: AtRest) -> str:
    hvas = ", ".join(f"{spte.hva:#x}" for spte in facts.bitmaps.untold())
    return f"the host told that the page at hva {hvas} was written to"


@clause(
    id="DIRTY-3",
    title="The host is told when a writable mapping is removed",
    must="Before the `mmu_lock` under which a writable spte was removed is given back, "
    "the host MUST be told that its page was written to.",
    source="rmap_remove, kvm_set_pfn_dirty; commit 9ed5520dd3c",
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
    title="CLEAR leaves the pages it clears write-protected",
    must="When `KVM_CLEAR_DIRTY_LOG` answers, an spte, large or not, MUST NOT let the "
    "guest write to a page that the call was given and that is not dirty again.",
    source="kvm_arch_mmu_enable_log_dirty_pt_masked; api.rst 4.117",
    rows=(55, 58),
    profiles=ONLY_LINUX,
    on=LogProtected,
    expected=protected,
    observed=unprotected,
    operations=("ClearDirtyLog",),
    points=POINTS,
)
def protected_after_clear(facts: Facts, answered: LogProtected) -> bool:
    return not answered.still_writable


@clause(
    id="DIRTY-30",
    title="Logging begins with nothing writable",
    must="When a request has turned a slot's logging on, an spte made before that, "
    "large or not, MUST NOT let the guest write to a page that is not dirty.",
    source="kvm_set_memory_region of the seed: flush_shadow after the flag is seen",
    rows=(48, 60),
    on=LoggingBegan,
    expected=protected,
    observed=unprotected,
    points=POINTS,
)
def protected_when_logging_begins(facts: Facts, began: LoggingBegan) -> bool:
    return not began.still_writable


CLAUSES: tuple[AnyClause, ...] = (
    writable_is_dirty,
    protected_after_get,
    host_told,
    protected_after_clear,
    protected_when_logging_begins,
)
