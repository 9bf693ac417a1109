"""Containers and records kept as values, to be compared, hashed, and made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter, itemgetter
from typing import NamedTuple, cast

_BY_KEY = itemgetter(0)

ATOMS = frozenset({int, bool, str, type(None), tuple, frozenset})
"""Kinds of values that are kept as they are, as is every frozen record."""


class Kept(NamedTuple):
    """A container or a mutable record of this kind, and what is in it."""

    kind: type
    parts: Iterable[object]


def keep(value: object) -> object:
    """The value with every dict, list, set and mutable record in it as a `Kept`.

    What is in tuples and sets is hashable already, and so are the keys of dicts,
    which are kept in the order of their keys.
    """
    kind: type = type(value)
    if kind in ATOMS:
        return value
    if kind is dict:
        items = cast("dict[int, object]", value).items()
        ordered = sorted(items, key=_BY_KEY)
        return Kept(dict, tuple([(key, keep(part)) for key, part in ordered]))
    if kind is list:
        return Kept(list, tuple([keep(v) for v in cast("list[object]", value)]))
    if kind is set:
        return Kept(set, frozenset(cast("set[object]", value)))
    parts = _parts_of(kind)
    if parts is None:
        return value
    return Kept(kind, tuple([v if type(v) in ATOMS else keep(v) for v in parts(value)]))


def restore(value: object) -> object:
    """What was kept, in containers and records that are new."""
    if type(value) is not Kept:
        return value
    kind, parts = value
    if kind is dict:
        items = cast("Iterable[tuple[object, object]]", parts)
        return {key: restore(part) for key, part in items}
    if kind is set:
        return set(parts)
    made = [p if type(p) is not Kept else restore(p) for p in parts]
    return made if kind is list else kind(*made)


@cache
def _parts_of(kind: type) -> Callable[[object], tuple[object, ...]] | None:
    """What reads the fields of a record that can change; None for all else.

    Errors: `TypeError` where it has too few fields to be read at once.
    """
    if not is_dataclass(kind):
        return None
    parameters: object = getattr(kind, "__dataclass_params__", None)
    if getattr(parameters, "frozen", False):
        return None
    names = [field.name for field in fields(kind)]
    if len(names) <= 1:
        message = f"{kind.__name__} has fewer than two fields"
        raise TypeError(message)
    return attrgetter(*names)
