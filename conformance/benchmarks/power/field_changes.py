"""How a value is changed, by its type alone.

A field that is new has its changes at once. A type that nobody can change is an error,
so that it is noticed where it is new, and not where nothing fails for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NewType, Union, cast, get_args, get_origin, get_type_hints

Make = Callable[[Any], Any]
"""From a value to another one of its type; the same where there is none to make."""

ITEM = "item"
"""How a path names the last item of a tuple."""


class UnchangeableTypeError(TypeError):
    """A field has a type for which no change is known."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the value at a path: `SlotTable.slots.item.base`, off by one."""

    path: str
    how: str
    make: Make


def next_member(member: Enum) -> Enum:
    """The member after it, and the first after the last."""
    members = list(type(member))
    return members[(members.index(member) + 1) % len(members)]


SIMPLE: dict[object, tuple[str, Make, object]] = {
    int: ("off-by-one", lambda value: value + 1, 0),
    bool: ("flipped", lambda value: not value, True),
    str: ("another-name", lambda value: f"{value}_", ""),
}
"""By type: what a change is called, the change, and a value where there was none."""


def changes_of(hint: object, path: str) -> Iterator[Change]:
    """Every change of a value of this type. Errors: `UnchangeableTypeError`."""
    if hint in SIMPLE:
        how, make, _ = SIMPLE[hint]
        yield Change(path, how, make)
    elif isinstance(hint, NewType):
        yield from changes_of(hint.__supertype__, path)
    elif get_origin(hint) in {Union, UnionType}:
        yield from _optional(hint, path)
    elif get_origin(hint) is tuple:
        yield from _tuple(hint, path)
    elif _is_enum(hint):
        yield Change(path, "another-member", next_member)
    elif is_dataclass(hint):
        yield from field_changes(cast("type[object]", hint), path)
    else:
        raise _unchangeable(hint, path)


def field_changes(kind: type[object], path: str) -> Iterator[Change]:
    """Every change of every field of a dataclass. Errors: `UnchangeableTypeError`."""
    hints = get_type_hints(kind)
    for each in fields(cast("Any", kind)):
        for change in changes_of(hints[each.name], f"{path}.{each.name}"):
            yield Change(change.path, change.how, _in_field(each.name, change.make))


def made_for(hint: object, path: str) -> object:
    """A value of this type, for a place where there was none."""
    if hint in SIMPLE:
        return SIMPLE[hint][2]
    if isinstance(hint, NewType):
        return made_for(hint.__supertype__, path)
    if get_origin(hint) in {Union, UnionType}:
        return None
    if get_origin(hint) is tuple:
        return ()
    if _is_enum(hint):
        return next(iter(cast("type[Enum]", hint)))
    if is_dataclass(hint):
        kind = cast("Any", hint)
        hints = get_type_hints(kind)
        names = [each.name for each in fields(kind)]
        return kind(**{n: made_for(hints[n], f"{path}.{n}") for n in names})
    raise _unchangeable(hint, path)


def _optional(hint: object, path: str) -> Iterator[Change]:
    """None in place of a value, a value in place of None, and the value changed."""
    kinds = [each for each in get_args(hint) if each is not NoneType]
    if len(kinds) != 1 or NoneType not in get_args(hint):
        raise _unchangeable(hint, path)
    made = made_for(kinds[0], path)
    yield Change(path, "none", lambda _: None)
    yield Change(path, "not-none", lambda value: made if value is None else value)
    for change in changes_of(kinds[0], path):
        yield Change(change.path, change.how, _where_any(change.make))


def _tuple(hint: object, path: str) -> Iterator[Change]:
    """Cut by its last item; longer by that, or by a made one; the item changed."""
    args = get_args(hint)
    if len(args) != len((object, ...)) or args[1] is not Ellipsis:
        raise _unchangeable(hint, path)
    extra = (made_for(args[0], path),)
    yield Change(path, "cut", lambda items: items[:-1])
    yield Change(path, "longer", lambda items: items + (items[-1:] or extra))
    for change in changes_of(args[0], f"{path}.{ITEM}"):
        yield Change(change.path, change.how, _in_last(change.make))


def _in_field(name: str, make: Make) -> Make:
    return lambda value: replace(value, **{name: make(getattr(value, name))})


def _where_any(make: Make) -> Make:
    return lambda value: None if value is None else make(value)


def _in_last(make: Make) -> Make:
    return lambda items: (*items[:-1], make(items[-1])) if items else items


def _is_enum(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum) and len(hint) > 1


def _unchangeable(hint: object, path: str) -> UnchangeableTypeError:
    message = f"{path} is of type {hint}, and no change of such a value is known"
    return UnchangeableTypeError(message)
