"""The small changes that can be made to a module, each at one place.

A change replaces one stretch of text. What has no effect by construction is left
alone: docstrings, annotations, aliases of types, decorators.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

SWAPPED = (
    *(("==", "!="), ("in", "not in"), ("is", "is not"), ("<", "<="), (">", ">=")),
    *(("+", "-"), ("*", "//"), ("<<", ">>"), ("&", "|"), ("and", "or")),
)
OPERATORS = {
    **dict(SWAPPED),
    **{other: one for one, other in SWAPPED},
    "%": "//",
    "/": "*",
    "^": "|",
}
"""What stands for what, by how it is written."""


@dataclass(frozen=True, slots=True)
class Change:
    """One stretch of a source and what stands there instead. Offsets are bytes."""

    kind: str
    line: int
    start: int
    end: int
    after: str

    def made_in(self, source: bytes) -> bytes:
        """The source with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]

    def before(self, source: bytes) -> str:
        """What stands there."""
        return source[self.start : self.end].decode()


def changes(source: bytes) -> list[Change]:
    """Every change of this module, some of which are no Python."""
    return list(_Places(source).changes(ast.parse(source)))


def says_something_else(change: Change, source: bytes) -> bool:
    """The source is still Python with the change, and another program."""
    try:
        changed = ast.parse(change.made_in(source))
    except SyntaxError:
        return False
    return ast.dump(changed) != ast.dump(ast.parse(source))


class _Places:
    """Knows where in the text a node stands."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def changes(self, tree: ast.Module) -> Iterator[Change]:
        """The changes of all nodes that have an effect."""
        for node in _effective(tree):
            for kind, makes in KINDS.items():
                for start, end, after in makes(self, node):
                    line = bisect_right(self._lines, start)
                    yield Change(kind, line, start, end, after)

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Where it begins."""
        return self._lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Where it has ended."""
        line, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._lines[line - 1] + column

    def text(self, node: ast.expr | ast.stmt) -> str:
        """What stands there."""
        return self._source[self.start(node) : self.end(node)].decode()

    def between(
        self, left: ast.expr, right: ast.expr
    ) -> Iterator[tuple[int, int, str]]:
        """The operator between two operands, replaced by its counterpart."""
        first, last = self.end(left), self.start(right)
        gap = self._source[first:last].decode()
        written = " ".join(gap.strip("() \n\\\t").split())
        if written in OPERATORS and "#" not in gap:
            at = first + len(gap[: gap.index(written.split()[0])].encode())
            yield at, at + len(written), OPERATORS[written]


def _effective(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one, without those that have no effect."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        below: object = value
        children = cast("list[object]", below) if isinstance(below, list) else [below]
        for child in children:
            if not isinstance(child, ast.AST):
                continue
            if not _is_docstring(child) and not _is_alias(child):
                yield from _effective(child)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ) or isinstance(node, ast.Import | ast.ImportFrom)


def _is_alias(node: ast.AST) -> bool:
    """An assignment to one name in capitals and small letters: an alias of a type."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name[0].isupper() and not name.isupper()
        case _:
            return False


Makes = Callable[[_Places, ast.AST], Iterator[tuple[int, int, str]]]


def _operator(at: _Places, node: ast.AST) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.Compare(left=left, comparators=[*others]):
            for one, other in zip((left, *others), others, strict=False):
                yield from at.between(one, other)
        case ast.BinOp(left=left, right=right):
            yield from at.between(left, right)
        case ast.BoolOp(values=[first, second, *_]):
            yield from at.between(first, second)
        case _:
            pass


def _condition(at: _Places, node: ast.AST) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield at.start(node), at.end(node), f"bool({at.text(operand)})"
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield at.start(test), at.end(test), f"(not ({at.text(test)}))"
        case ast.comprehension(ifs=[test, *_]):
            yield at.start(test), at.end(test), "True"
        case _:
            pass


SMALL = 64
"""One more than a large number is often as good: a large one becomes nothing."""


def _number(at: _Places, node: ast.AST) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.Constant(value=bool(value)):
            yield at.start(node), at.end(node), str(not value)
        case ast.Constant(value=int(value)):
            other = value + 1 if value <= SMALL else 0
            yield at.start(node), at.end(node), str(other)
        case ast.Constant(value=float(value)):
            yield at.start(node), at.end(node), "1.0" if value == 0 else "0.0"
        case _:
            pass


def _text(at: _Places, node: ast.AST) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.Constant(value=str(value)) if value and at.text(node)[0] in "\"'":
            yield at.start(node), at.end(node), repr(f"{value}XX")
        case _:
            pass


def _element(at: _Places, node: ast.AST) -> Iterator[tuple[int, int, str]]:
    """One element fewer; what is left is still a tuple, a list, a set or a dict."""
    match node:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) if isinstance(
            node.ctx, ast.Load
        ):
            yield from _without_each(at, elements)
        case ast.Set(elts=elements):
            yield from _without_each(at, elements)
        case ast.Dict(keys=keys, values=values):
            if len(values) > 1:
                for number, (key, value) in enumerate(zip(keys, values, strict=True)):
                    after = values[number + 1 : number + 2]
                    following = keys[number + 1 : number + 2]
                    if key is not None and after and following[0] is not None:
                        yield at.start(key), at.start(following[0]), ""
                    elif key is not None and number and not after:
                        yield at.end(values[number - 1]), at.end(value), ""
        case _:
            pass


def _without_each(
    at: _Places, elements: Sequence[ast.expr]
) -> Iterator[tuple[int, int, str]]:
    if len(elements) < 3:  # noqa: PLR2004 - a pair is a record, not a table
        return
    for one, following in pairwise(elements):
        yield at.start(one), at.start(following), ""
    yield at.end(elements[-2]), at.end(elements[-1]), ""


def _statement(at: _Places, node: ast.AST) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            yield at.start(node), at.end(node), "pass"
        case ast.Break():
            yield at.start(node), at.end(node), "continue"
        case ast.Continue():
            yield at.start(node), at.end(node), "break"
        case ast.Return(value=ast.expr() as value):
            yield at.start(value), at.end(value), "None"
        case _:
            pass


def _argument(at: _Places, node: ast.AST) -> Iterator[tuple[int, int, str]]:
    """A keyword that is not handed over."""
    match node:
        case ast.Call(args=arguments, keywords=[*_, ast.keyword(arg=str()) as last]):
            before = [*arguments, *(keyword.value for keyword in node.keywords[:-1])]
            if before:
                yield at.end(before[-1]), at.end(last.value), ""
        case _:
            pass


KINDS: dict[str, Makes] = {
    "operator": _operator,
    "condition": _condition,
    "number": _number,
    "text": _text,
    "element": _element,
    "statement": _statement,
    "argument": _argument,
}
"""The kinds of change, each drawn as often as the others where there are enough."""
