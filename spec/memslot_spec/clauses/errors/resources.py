"""What a request made and did not keep, and until when it can fail."""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import Resource
from memslot_spec.model.replies import Refused
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.replies import Updated

RESOURCES = ("MetadataAllocated", "MetadataFreed", "BitmapAllocated", "BitmapFreed")


def _words(resources: list[Resource]) -> str:
    return ", ".join(f"{kind} {handle}" for kind, handle in resources)


def fails_with_something_made(facts: Facts, update: Updated) -> bool:
    """A request is refused after it had arrays or a bitmap made."""
    return isinstance(update.reply, Refused) and bool(
        facts.host.made.get(update.thread)
    )


def _kept(facts: Facts, update: Updated) -> list[Resource]:
    made = facts.host.made.get(update.thread, [])
    return [resource for resource in made if facts.host.is_live(resource)]


def expects_made_freed(facts: Facts, update: Updated) -> str:
    """What is left."""
    return f"what it allocated freed; {_words(_kept(facts, update))} is not"


@clause(
    id="ERR-3",
    title="A failed request frees what it made",
    must="Arrays and bitmaps that were allocated for a request that fails MUST be "
    "free when it answers.",
    source="virt/kvm/kvm_main.c, kvm_prepare_memory_region",
    rows=(66,),
    on=Updated,
    premise=fails_with_something_made,
    expected=expects_made_freed,
    points=RESOURCES,
)
def made_is_freed(facts: Facts, update: Updated) -> bool:
    return not _kept(facts, update)


def fails_with_something_there(facts: Facts, update: Updated) -> bool:
    """A request is refused for a slot that has arrays or a bitmap."""
    word = update.operation.region.slot
    entry = facts.host.attached.get((as_id_of(word), id_of(word)))
    return (
        isinstance(update.reply, Refused)
        and entry is not None
        and (entry.metadata is not None or entry.bitmap is not None)
    )


def _lost(facts: Facts, update: Updated) -> list[Resource]:
    made = facts.host.made.get(update.thread, [])
    freed = facts.host.freed.get(update.thread, [])
    return [resource for resource in freed if resource not in made]


def expects_inherited_kept(facts: Facts, update: Updated) -> str:
    """What it freed."""
    return f"what the slot had before kept; {_words(_lost(facts, update))} is freed"


@clause(
    id="ERR-4",
    title="A failed request keeps what it found",
    must="A request that fails MUST NOT free arrays or a bitmap that the slot had "
    "before it.",
    source="virt/kvm/kvm_main.c, kvm_prepare_memory_region: old->dirty_bitmap",
    rows=(66,),
    on=Updated,
    premise=fails_with_something_there,
    expected=expects_inherited_kept,
    points=(*RESOURCES, "TablePublished"),
)
def inherited_is_kept(facts: Facts, update: Updated) -> bool:
    return not _lost(facts, update)


def _is_final(update: Updated, table: SlotTable) -> bool:
    """The table has the slot as it is to be: not as before, and not INVALID."""
    word = update.operation.region.slot
    key = as_id_of(word), id_of(word)
    slot = table.find(*key)
    if slot is not None and slot.invalid:
        return False
    return update.base is not None and slot != update.base.find(*key)


def publishes_its_end(facts: Facts, update: Updated) -> bool:
    """The request published a table in which its slot is as asked for."""
    known = facts.update_of(update.thread)
    return known is not None and any(
        _is_final(update, facts.tables.versions[version]) for version in known.published
    )


@clause(
    id="ERR-5",
    title="Nothing fails after the final table",
    must="A request that has published the table it was to leave MUST NOT fail any "
    "more, even if it puts the old one back.",
    source="virt/kvm/kvm_main.c, kvm_commit_memory_region is void",
    rows=(67,),
    on=Updated,
    premise=publishes_its_end,
    expected="the request done: its final table was published",
    points=("TablePublished", "TableLoaded"),
)
def no_failure_after_end(facts: Facts, update: Updated) -> bool:
    return not isinstance(update.reply, Refused)


CLAUSES: tuple[AnyClause, ...] = (
    made_is_freed,
    inherited_is_kept,
    no_failure_after_end,
)
