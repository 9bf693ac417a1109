"""Managers of slots with a bug that one had in public, over the table of the examples.

Each is `docs/examples/dict_table.py` with one rule changed, and the adapter of the
examples before it. `splits` is the control: unusual, and right.
"""

from __future__ import annotations

import errno
from dataclasses import replace

from dict_adapter import DictAdapter
from dict_table import PAGE, DictTable, Entry


class UnsoundError(OSError):
    """A refusal with EINVAL."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "not a sound request")


class KeepsBlocks(DictTable):
    """The host memory of a deleted region stays taken."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Entry] = []

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        for block in self.blocks:
            meets = host < block.host + block.size and block.host < host + size
            if size and meets and (host, size) != (block.host, block.size):
                raise UnsoundError
        old = self.entries.get(slot)
        super().assign(slot, guest, size, host, flags)
        if old is not None and size == 0:
            self.blocks.append(old)


class RecordsFirst(DictTable):
    """A region is recorded before the request is made, and stays if that fails."""

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        try:
            super().assign(slot, guest, size, host, flags)
        except OSError:
            if size and 0 <= slot < self.ids:
                self.entries[slot] = Entry(guest, size, host, flags)
            raise


class WantsUnusedField(DictTable):
    """A delete is refused for a field that it does not use."""

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        if size == 0 and host == 0:
            raise UnsoundError
        super().assign(slot, guest, size, host, flags)


class FindsByHost(DictTable):
    """The region to delete is looked for by host address: the first one goes."""

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        going = self.entries.get(slot)
        if size == 0 and going is not None:
            same = (n for n, e in self.entries.items() if e.host == going.host)
            slot = next(same)
        super().assign(slot, guest, size, host, flags)


class WantsTheSameRange(DictTable):
    """What does not begin where it did when it was added is not found again."""

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        going = self.entries.get(slot)
        if size == 0 and going is not None and going.guest != guest:
            raise UnsoundError
        super().assign(slot, guest, size, host, flags)


class OffByOne(DictTable):
    """A region may not end where guest memory does."""

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        if guest + size == self.guest_end:
            raise UnsoundError
        super().assign(slot, guest, size, host, flags)


class LosesIds(DictTable):
    """An id is used up by each region that is made, and never comes back."""

    spare = 12

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        is_new = slot not in self.entries
        if is_new and size and not self.spare:
            raise UnsoundError
        super().assign(slot, guest, size, host, flags)
        if is_new and size:
            self.spare -= 1


class TakesAllBehind(DictTable):
    """The loop of a delete runs on, and takes the regions behind with it."""

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        going = self.entries.get(slot)
        super().assign(slot, guest, size, host, flags)
        if size == 0 and going is not None:
            left = {n: e for n, e in self.entries.items() if e.guest < going.guest}
            self.entries = left


class LeavesTheLastPage(DictTable):
    """What is deleted is shorter than what was made."""

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        going = self.entries.get(slot)
        super().assign(slot, guest, size, host, flags)
        if size == 0 and going is not None and going.size > PAGE:
            rest = going.size - PAGE
            self.entries[slot] = replace(
                going, guest=going.guest + rest, size=PAGE, host=going.host + rest
            )


class Splits(DictTable):
    """A region is kept in two parts, and shown as the one that it is."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[int, tuple[Entry, ...]] = {}

    def assign(self, slot: int, guest: int, size: int, host: int, flags: int) -> None:
        super().assign(slot, guest, size, host, flags)
        self.parts.pop(slot, None)
        if size:
            self.parts[slot] = self.cut(self.entries[slot])

    def cut(self, whole: Entry) -> tuple[Entry, ...]:
        """The first page, and the rest."""
        rest = whole.size - PAGE
        first = replace(whole, size=PAGE)
        if not rest:
            return (first,)
        guest, host = whole.guest + PAGE, whole.host + PAGE
        return first, replace(whole, guest=guest, size=rest, host=host)

    def entry_at(self, address: int) -> tuple[int, Entry] | None:
        for slot, parts in self.parts.items():
            if any(part.holds(address) for part in parts):
                return slot, self.entries[slot]
        return None


MANAGERS: dict[str, type[DictTable]] = {
    "D02": KeepsBlocks,
    "D04": RecordsFirst,
    "D05": WantsUnusedField,
    "D06": FindsByHost,
    "D08": WantsTheSameRange,
    "D09": OffByOne,
    "D10": LosesIds,
    "D11": TakesAllBehind,
    "D12": LeavesTheLastPage,
    "Split": Splits,
}
"""The managers by their numbers in the list of public bugs."""


def __getattr__(name: str) -> object:
    """The factory of a manager's adapter, by its number."""
    if name not in MANAGERS:
        raise AttributeError(name)

    def make() -> DictAdapter:
        adapter = DictAdapter()
        adapter.table = MANAGERS[name]()
        return adapter

    return make
