"""What introspection shows while no operation is under way."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.model.values import SlotTable


@dataclass(frozen=True, slots=True)
class ShadowPte:
    """One present leaf spte, as introspection shows it.

    `level` 1 maps one 4 KiB page, 2 maps 512; `gfn` is the first one mapped.
    """

    page: int
    index: int
    gfn: int
    level: int
    writable: bool
    hva: int


@dataclass(frozen=True, slots=True)
class ShadowPage:
    """One live shadow page with the slot ids set in its bitmap."""

    page: int
    gfn: int
    direct: bool
    slot_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """The table and the shadow state, while no operation is under way.

    A part is None where the target cannot show it. Tuples are sorted.
    """

    table: SlotTable | None = None
    sptes: tuple[ShadowPte, ...] | None = None
    pages: tuple[ShadowPage, ...] | None = None
