"""Containers and records of which each part is restored when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import TypeVar

from memslot_spec.facts.mmu import Shadow
from memslot_spec.facts.srcu import Sections
from memslot_spec.facts.tables import Tables
from memslot_spec.protocol.cells import IN_SECTIONS, IN_SHADOW, IN_TABLES

V = TypeVar("V")

Load = Callable[[str], object]
"""Restores the part of this name."""


class LazyTable(MutableMapping[int, V]):
    """What is known of each thread, restored thread by thread.

    `known` has what was read or changed, None where there is nothing; `changed` are
    the threads for which something was put in or taken out.
    """

    def __init__(
        self,
        threads: int,
        load: Callable[[int], V | None],
        has: Callable[[int], bool] | None = None,
    ) -> None:
        """For so many threads; `has` says for which of them there is something."""
        self.known: dict[int, V | None] = {}
        self.changed: set[int] = set()
        self._threads = threads
        self._load = load
        self._has = has or self._is_there

    def _is_there(self, thread: int) -> bool:
        return self._value(thread) is not None

    def _value(self, thread: int) -> V | None:
        if thread not in self.known:
            self.known[thread] = self._load(thread)
        return self.known[thread]

    def __getitem__(self, thread: int) -> V:
        """What is known of the thread."""
        value = self._value(thread)
        if value is None:
            raise KeyError(thread)
        return value

    def __setitem__(self, thread: int, value: V) -> None:
        """From here on this is known of the thread."""
        # Read first: what was there may have had a step or a serial.
        self._value(thread)
        self.known[thread] = value
        self.changed.add(thread)

    def __delitem__(self, thread: int) -> None:
        """From here on nothing is known of the thread."""
        if self._value(thread) is None:
            raise KeyError(thread)
        self.known[thread] = None
        self.changed.add(thread)

    def __iter__(self) -> Iterator[int]:
        """The threads of which something is known."""
        for thread in range(self._threads):
            if thread in self.known:
                if self.known[thread] is not None:
                    yield thread
            elif self._has(thread):
                yield thread

    def __len__(self) -> int:
        """Of how many something is known."""
        return sum(1 for _ in self)


class LazySections(Sections):
    """Facts about sections, of which each field is restored when it is first read."""

    def __init__(self, load: Load) -> None:
        """Nothing is restored yet."""
        super().__init__()
        self._load = load
        forget(self, IN_SECTIONS)

    def __getattr__(self, name: str) -> object:
        """Called for what is not restored."""
        return _restored(self, name, IN_SECTIONS, self._load)


class LazyShadow(Shadow):
    """Facts about shadow state, of which each field is restored when first read."""

    def __init__(self, load: Load) -> None:
        """Nothing is restored yet."""
        super().__init__()
        self._load = load
        forget(self, IN_SHADOW)

    def __getattr__(self, name: str) -> object:
        """Called for what is not restored."""
        return _restored(self, name, IN_SHADOW, self._load)


class LazyTables(Tables):
    """Facts about tables, of which each field is restored when it is first read."""

    def __init__(self, load: Load) -> None:
        """Nothing is restored yet."""
        super().__init__()
        self._load = load
        forget(self, IN_TABLES)

    def __getattr__(self, name: str) -> object:
        """Called for what is not restored."""
        return _restored(self, name, IN_TABLES, self._load)


def forget(record: object, names: Iterable[str]) -> None:
    """These fields are to be restored."""
    for name in names:
        delattr(record, name)


def _restored(record: object, name: str, names: tuple[str, ...], load: Load) -> object:
    if name not in names:
        raise AttributeError(name)
    value = load(name)
    setattr(record, name, value)
    return value


def is_restored(record: object, name: str) -> bool:
    """The field was read or changed."""
    try:
        object.__getattribute__(record, name)
    except AttributeError:
        return False
    return True
