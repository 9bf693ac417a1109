"""Two pure functions on symbolic arguments: do their answers ever differ?

CrossHair runs both along every path through them that it can find; a solver
says for which arguments a path is taken, and whether the answers can differ on
it. What it finds is only suspected: a difference counts once both functions
were really called. Drawn arguments follow: the solver's numbers are not always
the machine's, and a path may stay open.
This module needs the extra `symbolic`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from inspect import BoundArguments
from itertools import count
from random import Random
from typing import cast

from memslot_conformance.clock import Stopwatch
from memslot_conformance.diff.functions import Function, names_of
from memslot_conformance.play.budget import Budget
from memslot_conformance.scenarios.symbolic.solver import (
    Condition,
    ImpossiblePath,
    close_path,
    follow_paths,
    outcome,
    plainly,
    preconditions,
    realized,
    signature_of,
)

AFTERWARDS = 1.0
"""Seconds, at least, that the search goes on after the first difference."""

DRAWN_SHARE = 0.2
"""The part of the time that is kept for drawn arguments."""

ENOUGH_DRAWN = 500
"""How many arguments are drawn where all paths were compared."""

LEAST_DRAWN = 100
"""How many are tried though the time is over: one path may have taken all of it."""

WIDEST = 64
"""Bits of the largest number that is drawn."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Arguments on which the answers differ, and the answers, in words."""

    arguments: Mapping[str, str]
    mine: str
    spec: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a search found; `exhausted` says that no path was left out.

    A difference stands for all of its kind: more, less, an exception, and so on.
    `drawn` counts the arguments that were tried after the paths.
    """

    differences: tuple[Difference, ...]
    paths: int
    drawn: int
    exhausted: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: a value, or what it raised."""

    value: object
    raised: str | None = None

    def differs(self, other: Answer) -> bool:
        """The two are not equal; a call that raises equals no other call."""
        if self.raised is not None or other.raised is not None:
            return self.raised != other.raised
        return bool(self.value != other.value)

    def in_words(self) -> str:
        """As a sentence about the function goes on."""
        if self.raised is not None:
            return f"raises {self.raised}"
        return f"answers {self.value!r}"


def compare(mine: Function, spec: Function, seconds: float, seed: int) -> Comparison:
    """Search for arguments on which the two differ, inside the contract of `spec`.

    Arguments for which a `pre:` of `spec` does not hold are left out. The time
    bounds the search, not a single call. `seed` decides what is drawn, no more.
    """
    search = _Comparing(mine, spec, seconds)
    search.follow()
    if not search.found:
        search.draw(Random(seed))
    return search.comparison()


@dataclass(slots=True)
class _Comparing:
    """One comparison: the paths seen, and the differences confirmed.

    `closed` counts the paths that were followed to their end, `compared` those
    of them on which the contract holds.
    """

    mine: Function
    spec: Function
    seconds: float
    before: tuple[Condition, ...] = field(init=False)
    whole: Budget = field(init=False)
    following: Budget = field(init=False)
    watch: Stopwatch = field(default_factory=Stopwatch)
    closed: int = 0
    compared: int = 0
    drawn: int = 0
    unconfirmed: int = 0
    exhausted: bool = False
    found: dict[object, tuple[tuple[object, ...], Difference]] = field(
        default_factory=dict[object, tuple[tuple[object, ...], Difference]]
    )

    def __post_init__(self) -> None:
        self.before = preconditions(self.spec)
        self.whole = Budget(seconds=self.seconds)
        self.following = self.whole.part(self.seconds * (1 - DRAWN_SHARE))

    def follow(self) -> None:
        """Follow paths until none is left, or their time is over."""
        signature = signature_of(self.spec)
        begun, none_left = follow_paths(
            self._differ, self._path_done, signature, self.following.seconds_left
        )
        # A path that was begun and not closed was given up: unknown.
        self.exhausted = none_left and self.closed == begun and not self.unconfirmed

    def draw(self, rng: Random) -> None:
        """Call both on drawn arguments, where paths are open for all that is left."""
        names = names_of(self.spec)
        parameters = signature_of(self.spec).parameters.values()
        if any(parameter.annotation is not int for parameter in parameters):
            return
        enough = ENOUGH_DRAWN if self.exhausted else sys.maxsize
        for tried in count():
            over = tried >= LEAST_DRAWN and self.whole.late
            if self.found or self.drawn >= enough or over:
                return
            values = tuple(_number(rng) for _ in names)
            if self._defined(dict(zip(names, values, strict=True))):
                self.drawn += 1
                self._call_both(values)

    def comparison(self) -> Comparison:
        """What came of it."""
        return Comparison(
            tuple(difference for _, difference in self.found.values()),
            self.compared,
            self.drawn,
            self.exhausted,
            round(self.watch.seconds, 2),
        )

    def _differ(self, given: BoundArguments) -> bool:
        """Run both on open arguments; the solver decides what is open."""
        if not self._defined(given.arguments):
            raise ImpossiblePath
        again = deepcopy(given)
        mine, spec = _on_a_path(self.mine, given), _on_a_path(self.spec, again)
        return mine.differs(spec)

    def _defined(self, arguments: Mapping[str, object]) -> bool:
        return all(condition(arguments) for condition in self.before)

    def _path_done(
        self,
        _: object,
        given: BoundArguments,
        __: BoundArguments,
        differ: object,
        error: BaseException | None,
        ___: object,
        /,
    ) -> bool:
        """Close a path; True where the search is to end."""
        if error is None:
            close_path()
            if differ is not None:
                values = realized(given.args)
                with plainly():
                    self.compared += 1
                    if differ:
                        self._call_both(values)
            self.closed += 1
        return self.following.late

    def _call_both(self, values: tuple[object, ...]) -> None:
        names = names_of(self.spec)
        if not self._defined(dict(zip(names, values, strict=True))):
            self.unconfirmed += 1
            return
        mine, spec = _called(self.mine, values), _called(self.spec, values)
        if not mine.differs(spec):
            self.unconfirmed += 1
            return
        if not self.found:
            afterwards = max(AFTERWARDS, self.watch.seconds)
            left = min(self.following.seconds_left, afterwards)
            self.following = self.following.part(left)
        way, known = _way(mine, spec), self.found
        if way not in known or _size(values) < _size(known[way][0]):
            arguments = dict(zip(names, map(repr, values), strict=True))
            difference = Difference(arguments, mine.in_words(), spec.in_words())
            known[way] = values, difference


def _number(rng: Random) -> int:
    """A number of any width, often next to a power of two."""
    width = rng.randrange(WIDEST + 1)
    if rng.random() < 0.5:  # noqa: PLR2004 - a fair coin
        return max((1 << width) + rng.choice((-1, 0, 1)), 0)
    return rng.getrandbits(width)


def _on_a_path(function: Function, given: BoundArguments) -> Answer:
    try:
        value, error = outcome(function, given)
    except SystemExit as left:
        error, value = left, None
    if isinstance(error, ImpossiblePath):
        raise error
    return Answer(value, None if error is None else _raised(error))


def _called(function: Function, values: tuple[object, ...]) -> Answer:
    try:
        return Answer(function(*deepcopy(values)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what it raises is its answer
        return Answer(None, _raised(error))


def _raised(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _way(mine: Answer, spec: Answer) -> object:
    """In which way the answers differ: one difference of each is shown."""
    if mine.raised is not None or spec.raised is not None:
        return "raises", (mine.raised or "").partition(":")[0]
    return _way_of_values(mine.value, spec.value)


def _way_of_values(mine: object, spec: object) -> object:
    if isinstance(mine, int) and isinstance(spec, int):
        return (mine > spec) - (mine < spec)
    one, other = _items(mine), _items(spec)
    if one is None or other is None or len(one) != len(other):
        return type(mine), type(spec)
    return tuple(map(_way_of_values, one, other))


def _items(value: object) -> tuple[object, ...] | None:
    is_tuple = isinstance(value, tuple)
    return cast("tuple[object, ...]", value) if is_tuple else None


def _size(values: tuple[object, ...]) -> int:
    """How much there is to read in the arguments."""
    return len(repr(values))
