"""How slots, levels, counts and pages are named in every sentence."""

from __future__ import annotations

from memslot_spec.model.values import NO_ID, Slot, SlotTable


def slot_name(slot_id: int, as_id: int) -> str:
    """`slot 1`, with its address space where that is not the first; or `range`."""
    if slot_id == NO_ID:
        return "range"
    return f"slot {slot_id}{in_space(as_id)}"


def in_space(as_id: int) -> str:
    """Nothing for address space 0, and the id of another one."""
    return f" (as_id {as_id})" if as_id else ""


def at_level(level: int) -> str:
    """Nothing for a page of 4 KiB, and the level of a larger one."""
    return "" if level == 1 else f", level {level}"


def count(number: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def printable(name: str) -> str:
    """A name that an implementation made up, with what cannot be printed escaped."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()


def describe_pages(pages: tuple[int, ...]) -> str:
    """Page numbers as runs, such as `pages 0-3, 7`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and runs[-1][1] == page - 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    shown = ", ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in runs)
    return f"{'page' if len(pages) == 1 else 'pages'} {shown}" if pages else "no page"


def describe_slot(slot: Slot) -> str:
    """A slot with all that a table says of it."""
    marks = (
        (slot.invalid, "INVALID"),
        (slot.log_dirty, "LOG_DIRTY"),
        (slot.readonly, "READONLY"),
    )
    shown = "".join(f", {mark}" for has, mark in marks if has)
    pages = count(slot.npages, "page")
    name = slot_name(slot.id, slot.as_id)
    return f"{name}: gfn {slot.base:#x} +{pages} at hva {slot.hva:#x}{shown}"


def describe_slots(table: SlotTable) -> str:
    """Every slot of a table, with all that it says of it."""
    return "; ".join(map(describe_slot, table)) or "no slots"
