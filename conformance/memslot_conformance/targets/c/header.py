"""The text of `memslots.h`: what cffi reads of it, and the parts that are generated.

Its one source for kinds of points is the specification. A kind keeps the number that it
has in the header; a new one takes the next that is free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from memslot_conformance.targets.c.points import KINDS, Part, constant_of

HEADER = Path(__file__).with_name("memslots.h")
"""Shipped beside this module, and the contract itself."""

TYPES = {
    "number": ("uint64_t {0}",),
    "text": ("const char *{0}",),
    "list": ("const uint64_t *{0}", "uint64_t {0}_count"),
    "slots": ("const ms_slot *{0}", "uint64_t {0}_count"),
    "attached": ("const ms_attached *{0}", "uint64_t {0}_count"),
}
"""The parameters of each place that a field may have."""

WIDTH = 88
INDENT = "    "


def declarations() -> str:
    """What cffi is given: the declarations, without a line of the preprocessor."""
    return _between(HEADER.read_text(encoding="utf-8"), "declarations")


def generated(text: str) -> str:
    """The header with its generated parts made anew."""
    text = _with(text, "points", "\n".join(_points(text)))
    return _with(text, "functions", "\n".join(_functions()))


def _points(text: str) -> Iterator[str]:
    known = dict(re.findall(r"^ +(MS_POINT_\w+) = (\d+)", text, re.MULTILINE))
    names = [f"MS_POINT_{constant_of(name)}" for name in KINDS]
    free = max([0, *map(int, known.values())]) + 1
    for name in names:
        if name not in known:
            known[name] = str(free)
            free += 1
    yield "enum ms_point_kind {"
    ordered = sorted(known.items(), key=lambda item: int(item[1]))
    yield ",\n".join(f"{INDENT}{name} = {number}" for name, number in ordered)
    yield "};"
    enums = {part.enum for _, parts in KINDS.values() for part in parts if part.enum}
    for members in sorted(enums, key=lambda members: type(members[0]).__name__):
        name = constant_of(type(members[0]).__name__)
        prefix = f"MS_{name}_"
        yield f"enum ms_{name.lower()} {{"
        yield ",\n".join(
            f"{INDENT}{prefix}{constant_of(member.name)} = {number}"
            for number, member in enumerate(members)
        )
        yield "};"


def _functions() -> Iterator[str]:
    for name, (_, parts) in KINDS.items():
        constant = constant_of(name)
        yield from _signature(f"ms_{constant.lower()}", parts)
        numbers = [part for part in parts if part.where == "number"]
        kind = f"MS_POINT_{constant}"
        yield "{"
        yield f"{INDENT}ms_point point = ms_point_of({kind}, {len(numbers)});"
        yield ""
        for at, part in enumerate(numbers):
            yield f"{INDENT}point.number[{at}] = {part.name};"
        for part in parts:
            if part.where == "text":
                yield f"{INDENT}point.text = {part.name};"
            elif part.where != "number":
                yield f"{INDENT}point.{part.where} = {part.name};"
                yield f"{INDENT}point.{part.where}_count = {part.name}_count;"
        yield f"{INDENT}ms_announce(hooks, &point);"
        yield "}"
        yield ""


def _signature(name: str, parts: tuple[Part, ...]) -> Iterator[str]:
    parameters = ["const ms_hooks *hooks"]
    for part in parts:
        parameters += [form.format(part.name) for form in TYPES[part.where]]
    line = f"static inline void {name}("
    for number, parameter in enumerate(parameters):
        end = ")" if number == len(parameters) - 1 else ","
        if len(line) + len(parameter) + 2 > WIDTH:
            yield line.rstrip()
            line = INDENT * 2
        line += f"{parameter}{end} "
    yield line.rstrip()


def _bounds(text: str, part: str) -> tuple[int, int]:
    begins = re.search(rf"^/\* \[{part}[^\]]*\] \*/\n", text, re.MULTILINE)
    ends = re.search(rf"^/\* \[end of {part}\] \*/\n", text, re.MULTILINE)
    if begins is None or ends is None:
        message = f"{HEADER} has no part [{part}]"
        raise ValueError(message)
    return begins.end(), ends.start()


def _between(text: str, part: str) -> str:
    start, end = _bounds(text, part)
    return text[start:end]


def _with(text: str, part: str, body: str) -> str:
    start, end = _bounds(text, part)
    return f"{text[:start]}{body}\n{text[end:]}"
