"""Which changes of the references are made: those that mean something, by lot.

cosmic-ray lists the changes that it can make of each file, in a session, which is a
database of SQLite. Its commands make such a file and go through it; here it is read,
and cut down to the lot.
"""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

COLUMNS = (
    *("job_id", "module_path", "operator_name", "occurrence"),
    *("start_pos_row", "start_pos_col", "end_pos_row", "end_pos_col"),
)
BINARY = "ReplaceBinaryOperator"

Position = tuple[int, int]
"""A row, from 1, and a column, from 0."""


class SessionError(Exception):
    """A file is no session of cosmic-ray."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change that cosmic-ray can make: the n-th place of an operator in a file."""

    job: str
    file: str
    operator: str
    occurrence: int
    start: Position
    end: Position

    @property
    def family(self) -> str:
        """What is changed, whatever it is changed to: `ReplaceBinaryOperator_Add`."""
        return "_".join(self.operator.rpartition("/")[2].split("_")[:2])

    @property
    def place(self) -> tuple[str, Position, str]:
        """What the changes of one thing at one place have in common."""
        return self.file, self.start, self.family


def read_session(session: Path) -> list[Mutation]:
    """The changes that a session lists, in order. Errors: `SessionError`."""
    query = f"SELECT {', '.join(COLUMNS)} FROM mutation_specs"  # noqa: S608 - constant
    return sorted(
        (
            Mutation(
                job=job,
                file=file,
                operator=operator,
                occurrence=occurrence,
                start=(row, column),
                end=(end_row, end_column),
            )
            for job, file, operator, occurrence, row, column, end_row, end_column in (
                ask(session, query)
            )
        ),
        key=lambda one: (one.file, one.start, one.operator, one.occurrence),
    )


def ask(session: Path, query: str) -> list[tuple[Any, ...]]:
    """What a session answers. Errors: `SessionError`."""
    try:
        with closing(sqlite3.connect(f"file:{session}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()
    except sqlite3.Error as error:
        message = f"{session} is no session of cosmic-ray: {error}"
        raise SessionError(message) from error


def cut_down(session: Path, jobs: Iterable[str]) -> None:
    """Leave a session these changes alone."""
    kept = [(job,) for job in jobs]
    with closing(sqlite3.connect(session)) as database, database:
        database.execute("CREATE TEMP TABLE kept (job_id VARCHAR)")
        database.executemany("INSERT INTO kept VALUES (?)", kept)
        for table in ("work_results", "mutation_specs", "work_items"):
            database.execute(
                f"DELETE FROM {table} "  # noqa: S608 - a name of three
                "WHERE job_id NOT IN (SELECT job_id FROM kept)"
            )


def drawn(mutations: Sequence[Mutation], seed: int, count: int) -> list[Mutation]:
    """So many changes, each at a place of its own while there are places.

    Otherwise most would be arithmetic: there are eleven of each `+`.
    """
    rng = Random(seed)
    places: dict[object, list[Mutation]] = {}
    for mutation in mutations:
        places.setdefault(mutation.place, []).append(mutation)
    for at_place in places.values():
        rng.shuffle(at_place)
    order = list(places.values())
    rng.shuffle(order)
    lot: list[Mutation] = []
    while order and len(lot) < count:
        lot += [at_place.pop() for at_place in order[: count - len(lot)]]
        order = [at_place for at_place in order if at_place]
    return lot


def means_something(mutation: Mutation, root: Path) -> bool:
    """It changes what is done: no annotation, no type, no name that is exported.

    What is taken for an operation and is none, as the `*` of `(self, *, gfn)`, would
    give a text that is no Python.
    """
    code = _code(root / mutation.file)
    if any(start <= mutation.start < end for start, end in code.left_out):
        return False
    of_operator = mutation.start, mutation.end
    return mutation.family.partition("_")[0] != BINARY or any(
        left <= of_operator[0] and of_operator[1] <= right
        for left, right in code.operators
    )


@dataclass(frozen=True, slots=True)
class _Code:
    """Where in a file a change means nothing, and where operators of two stand."""

    left_out: tuple[tuple[Position, Position], ...]
    operators: tuple[tuple[Position, Position], ...]


@cache
def _code(file: Path) -> _Code:
    tree = ast.parse(file.read_text("utf-8"))
    operators = (
        (_end(node.left), _start(node.right))
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
    )
    left_out = ((_start(node), _end(node)) for node in _left_out(tree))
    return _Code(tuple(left_out), tuple(operators))


def _left_out(tree: ast.Module) -> Iterator[ast.expr]:
    """Annotations, `__all__`, and aliases of types at the top: `Reply = A | B`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef) and node.returns:
            yield node.returns
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            names = [n.id for n in statement.targets if isinstance(n, ast.Name)]
            if all(_is_of_typing(name) for name in names):
                yield statement.value


def _is_of_typing(name: str) -> bool:
    """A name of a type, by its letters, or of what is exported; constants shout."""
    return name == "__all__" or (name[0].isupper() and not name.isupper())


def _start(node: ast.expr) -> Position:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> Position:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
