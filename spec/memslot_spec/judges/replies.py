"""Who judges what an operation answers, and what introspection shows."""

from __future__ import annotations

from memslot_spec.judges.row import Cell, Row, by, nobody

OF_A_REPLY = ("what it must be", "of which moment")
"""What can be asked about a field of a reply."""

OF_A_VIEW = ("what it must be",)
"""What can be asked about a field of a view."""

FRESH = by("SRCU-1", "SRCU-18")
"""One table explains it, and no old one."""


def field(of: str, says: Cell, moment: Cell, *holes: str) -> Row:
    """The row of a field of a reply; of the reply itself where it has none."""
    return Row(of, (says, moment), holes)


REPLIES: tuple[Row, ...] = (
    field(
        "Done",
        by(
            "REQ-12",
            "REQ-28",
            "MOVE-7",
            "MMU-13",
            "DIRTY-16",
            "DIRTY-22",
            "DIRTY-31",
            "DIRTY-32",
            "CACHE-11",
            "CACHE-25",
            "RNG-1",
            "RNG-3",
            "RNG-5",
            "RNG-6",
            "RNG-8",
        ),
        by("REQ-29", "SLOT-9", "ERR-5"),
        "a halt, a release or the end of a VM answers anything",
    ),
    field(
        "Refused.errno",
        by(
            "REQ-1",
            "REQ-2",
            "REQ-3",
            "REQ-4",
            "REQ-5",
            "REQ-6",
            "REQ-7",
            "REQ-10",
            "REQ-11",
            "REQ-14",
            "REQ-15",
            "REQ-16",
            "REQ-19",
            "REQ-22",
            "REQ-23",
            "REQ-26",
            "REQ-27",
            "DIRTY-9",
            "DIRTY-10",
            "DIRTY-11",
            "DIRTY-12",
            "DIRTY-13",
            "DIRTY-14",
            "DIRTY-15",
            "DIRTY-21",
            "CACHE-9",
            "CACHE-10",
            "CACHE-12",
            "CACHE-13",
            "CACHE-15",
            "CACHE-22",
            "CACHE-23",
            "CACHE-24",
            "CACHE-26",
            "DEL-14",
            "DEL-18",
            "MMU-5",
            "ERR-8",
            "ERR-10",
            "ERR-12",
            "RNG-2",
            "RNG-4",
            "RNG-7",
            "RNG-9",
        ),
        by("REQ-29", "ERR-1", "ERR-2"),
        "the error of a failure that was injected, or of a root, may be any",
    ),
    field(
        "FoundSlot.slot",
        by("LOOK-1", "LOOK-2", "LOOK-13", "CACHE-16", "CACHE-17", "SLOT-11", "DEL-13"),
        by("SRCU-1", "SRCU-18", "CACHE-18", "ERR-6"),
    ),
    field(
        "FoundHva.hva",
        by("LOOK-3", "LOOK-4", "SLOT-11"),
        by("SRCU-1", "SRCU-18", "RNG-12", "RNG-13"),
    ),
    field("FoundHostPage.hva", by("LOOK-8", "LOOK-9", "LOOK-14", "LOOK-15"), FRESH),
    field("FoundHostPage.writable", by("LOOK-8", "LOOK-9", "LOOK-14"), FRESH),
    field("FoundHostPage.error", by("LOOK-9", "LOOK-15"), FRESH),
    field(
        "Translated.hvas",
        by("LOOK-16", "LOOK-18", "CACHE-6", "CACHE-8", "CACHE-14", "CACHE-22"),
        by("CACHE-7", "CACHE-19", "CACHE-20"),
    ),
    field(
        "CutShort.hvas",
        by("LOOK-16", "LOOK-17"),
        nobody("each page may be of another table"),
    ),
    field(
        "CutShort.errno",
        by("LOOK-17", "LOOK-18"),
        nobody("each page may be of another table"),
    ),
    field(
        "PreFaulted.npages",
        by("ERR-9", "ERR-11"),
        nobody("each page may be of another table"),
    ),
    field(
        "DirtyLog.bitmap",
        by("DIRTY-5", "DIRTY-7", "DIRTY-8", "DIRTY-18", "DIRTY-23", "DIRTY-35"),
        by(
            "DIRTY-4",
            "DIRTY-6",
            "DIRTY-17",
            "DIRTY-19",
            "DIRTY-24",
            "DIRTY-25",
            "DIRTY-26",
            "ERR-7",
            "RNG-14",
            "RNG-15",
        ),
    ),
    field("Visible.visible", by("LOOK-5"), FRESH),
    field("FoundId.id", by("LOOK-6", "LOOK-7", "LOOK-13"), FRESH),
    field(
        "Number.value",
        by("SIZE-1", "SIZE-2", "SIZE-3", "TSS-1"),
        by("SRCU-1", "SRCU-18", "TSS-2"),
        "today a budget that is too large, and any number of sptes on reverse maps",
    ),
    field(
        "Accessed.hva",
        by("MMU-1", "MOVE-5", "DEL-10"),
        by("SRCU-1", "SRCU-18", "RNG-12", "RNG-13"),
    ),
    field("Accessed.replaced", by("HVA-13"), by("HVA-13")),
    field("Mmio", by("DEL-11", "DEL-12", "DEL-16", "CACHE-1", "MMU-1"), FRESH),
    field(
        "Retry",
        by("DEL-11", "DEL-15"),
        FRESH,
    ),
    field("GuestPageFault", by("DEL-15"), FRESH),
    field(
        "Touched.young",
        by("HVA-14", "HVA-15"),
        by("HVA-14", "HVA-15"),
    ),
)

SHOWN = by("MMU-17")
"""It is held against the points, and has to agree with them."""

MAY_DIFFER = nobody("a fast page fault sets it, and a target may leave that untold")

NOT_HELD = nobody("it is shown to people: clauses go by what points tell of pages")

VIEWS: tuple[Row, ...] = (
    Row("View.table", (by("SLOT-8", "SLOT-18", "REQ-9", "REQ-13", "REQ-18", "ERR-2"),)),
    *(Row(f"ShadowPte.{name}", (SHOWN,)) for name in ("page", "index", "gfn")),
    *(Row(f"ShadowPte.{name}", (SHOWN,)) for name in ("level", "hva")),
    Row("ShadowPte.writable", (MAY_DIFFER,)),
    *(
        Row(f"ShadowPage.{name}", (NOT_HELD,))
        for name in ("page", "gfn", "direct", "slot_ids")
    ),
)
"""The parts of a view; those that are tuples, field by field."""
