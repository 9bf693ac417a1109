"""A small check of a value against a JSON Schema, of the keywords that we print.

A keyword that it does not know is an error: nothing is taken as checked that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

Value = Any
Keywords = Mapping[str, Value]

TYPES: Mapping[str, Callable[[object], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}

SAYS_NOTHING = frozenset({"$schema", "$defs", "title", "description"})
WITH_OTHERS = frozenset({"additionalProperties", "prefixItems"})
"""What is checked together with `properties` and `items`."""


def is_object(value: object) -> TypeGuard[dict[str, Value]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Value]]:
    return isinstance(value, list)


def complaints(value: Value, schema: Keywords) -> list[str]:
    """What in the value does not fit the schema, a line each, with the place."""
    return list(_complaints(value, schema, schema["$defs"], "$"))


def _complaints(
    value: Value, schema: Keywords, defs: Keywords, at: str
) -> Iterator[str]:
    for keyword in schema.keys() - SAYS_NOTHING - WITH_OTHERS:
        yield from CHECKS[keyword](value, schema, defs, at)
    if "additionalProperties" in schema and "properties" not in schema:
        yield from _map(value, schema, defs, at)


def _refers(value: Value, schema: Keywords, defs: Keywords, at: str) -> Iterator[str]:
    name = schema["$ref"].removeprefix("#/$defs/")
    yield from _complaints(value, defs[name], defs, at)


def _any_of(value: Value, schema: Keywords, defs: Keywords, at: str) -> Iterator[str]:
    every = [list(_complaints(value, one, defs, at)) for one in schema["anyOf"]]
    if all(every):
        yield f"{at}: fits none of {len(every)}; the nearest: {min(every, key=len)}"


def _type(value: Value, schema: Keywords, _: Keywords, at: str) -> Iterator[str]:
    if not TYPES[schema["type"]](value):
        yield f"{at}: {value!r} is no {schema['type']}"


def _const(value: Value, schema: Keywords, _: Keywords, at: str) -> Iterator[str]:
    if value != schema["const"] or type(value) is not type(schema["const"]):
        yield f"{at}: {value!r} is not {schema['const']!r}"


def _enum(value: Value, schema: Keywords, _: Keywords, at: str) -> Iterator[str]:
    if value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"


def _minimum(value: Value, schema: Keywords, _: Keywords, at: str) -> Iterator[str]:
    if isinstance(value, int) and value < schema["minimum"]:
        yield f"{at}: {value} is below {schema['minimum']}"


def _maximum(value: Value, schema: Keywords, _: Keywords, at: str) -> Iterator[str]:
    if isinstance(value, int) and value > schema["maximum"]:
        yield f"{at}: {value} is above {schema['maximum']}"


def _required(value: Value, schema: Keywords, _: Keywords, at: str) -> Iterator[str]:
    if is_object(value):
        yield from (f"{at}: no {key}" for key in schema["required"] if key not in value)


def _properties(
    value: Value, schema: Keywords, defs: Keywords, at: str
) -> Iterator[str]:
    if not is_object(value):
        return
    for key, item in value.items():
        if key in schema["properties"]:
            own = schema["properties"][key]
            yield from _complaints(item, own, defs, f"{at}.{key}")
        elif schema.get("additionalProperties") is False:
            yield f"{at}: {key} is not allowed"


def _map(value: Value, schema: Keywords, defs: Keywords, at: str) -> Iterator[str]:
    if is_object(value):
        for key, item in value.items():
            more = schema["additionalProperties"]
            yield from _complaints(item, more, defs, f"{at}.{key}")


def _items(value: Value, schema: Keywords, defs: Keywords, at: str) -> Iterator[str]:
    if not is_list(value):
        return
    heads = schema.get("prefixItems", [])
    for index, item in enumerate(value):
        own = heads[index] if index < len(heads) else schema["items"]
        yield from _complaints(item, own, defs, f"{at}[{index}]")


def _min_items(value: Value, schema: Keywords, _: Keywords, at: str) -> Iterator[str]:
    if is_list(value) and len(value) < schema["minItems"]:
        yield f"{at}: fewer than {schema['minItems']}"


Check = Callable[[Value, Keywords, Keywords, str], Iterator[str]]

CHECKS: Mapping[str, Check] = {
    "$ref": _refers,
    "anyOf": _any_of,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "required": _required,
    "properties": _properties,
    "items": _items,
    "minItems": _min_items,
}
