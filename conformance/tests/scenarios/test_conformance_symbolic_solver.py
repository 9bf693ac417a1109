"""What the suite uses of CrossHair does what it is used for."""

from __future__ import annotations

import importlib.util
from inspect import BoundArguments

import pytest

from memslot_conformance.cli.options import NEEDED

if any(importlib.util.find_spec(name) is None for name in NEEDED):
    pytest.skip("needs the extra 'symbolic'", allow_module_level=True)

from memslot_conformance.scenarios.symbolic.solver import (
    ImpossiblePath,
    close_path,
    follow_paths,
    is_symbolic,
    outcome,
    plainly,
    preconditions,
    realized,
    signature_of,
)

SECONDS = 20.0
"""More than any of these takes: each ends when no path is left."""


def halved(number: int) -> int:
    """Half of a number.

    pre: number > 0
    pre: number % 2 == 0
    """
    if number == 4:
        message = "four is not halved"
        raise ArithmeticError(message)
    return number // 2


def misspelt(number: int) -> int:
    """Has a line that is not Python.

    pre: number >
    pre: number > 3
    """
    return number


def undocumented(number: int) -> int:
    return number


def sign(number: int) -> int:
    """Has three ways through it."""
    if number < 0:
        return -1
    if number == 0:
        return 0
    return 1


class Paths:
    """Keeps what came of each path, until it has heard of enough."""

    def __init__(self, enough: int = 1_000) -> None:
        self.enough = enough
        self.came: list[object] = []
        self.errors: list[BaseException | None] = []

    def __call__(
        self,
        space: object,
        given: BoundArguments,
        after: BoundArguments,
        result: object,
        error: BaseException | None,
        stack: object,
        /,
    ) -> bool:
        del space, given, after, stack
        self.came.append(realized(result))
        self.errors.append(error)
        return len(self.came) >= self.enough


def test_what_is_demanded_of_arguments_is_read_from_the_docstring() -> None:
    demands = preconditions(halved)
    assert len(demands) == 2
    answers = [[bool(d({"number": n})) for d in demands] for n in (-2, 3, 6)]
    assert answers == [[False, True], [True, False], [True, True]]
    assert preconditions(undocumented) == ()


def test_a_line_that_is_not_python_demands_nothing() -> None:
    (demand,) = preconditions(misspelt)
    assert [bool(demand({"number": n})) for n in (3, 4)] == [False, True]


def test_a_signature_has_the_types_that_annotations_name() -> None:
    signature = signature_of(halved)
    assert signature.parameters["number"].annotation is int
    assert signature.return_annotation is int


def test_an_outcome_is_what_came_or_what_was_raised() -> None:
    def run(given: BoundArguments) -> None:
        with plainly():
            came.append(outcome(halved, given))

    came: list[tuple[object, BaseException | None]] = []
    signature = signature_of(halved)
    for number in (8, 4):
        run(signature.bind(number))
    (half, nothing), (none, error) = came
    assert (half, nothing, none) == (4, None, None)
    assert isinstance(error, ArithmeticError)


def test_every_path_is_followed_and_counted() -> None:
    paths = Paths()
    searched = follow_paths(
        lambda given: sign(*given.args), paths, signature_of(sign), SECONDS
    )
    assert sorted(map(str, paths.came)) == ["-1", "0", "1"]
    assert paths.errors == [None] * 3
    assert searched == (3, True)


def test_a_search_ends_when_enough_is_heard() -> None:
    paths = Paths(enough=1)
    begun, is_whole = follow_paths(
        lambda given: sign(*given.args), paths, signature_of(sign), SECONDS
    )
    assert (len(paths.came), begun, is_whole) == (1, 1, False)


def test_a_search_without_time_leaves_paths() -> None:
    begun, is_whole = follow_paths(
        lambda given: sign(*given.args), Paths(), signature_of(sign), 0.0
    )
    assert begun <= 1
    assert not is_whole


def test_a_path_whose_arguments_are_not_to_be_had_comes_to_nothing() -> None:
    def positive(given: BoundArguments) -> int:
        if given.args[0] <= 0:
            raise ImpossiblePath
        return 1

    paths = Paths()
    searched = follow_paths(positive, paths, signature_of(sign), SECONDS)
    assert sorted(map(str, paths.came)) == ["1", "None"]
    assert paths.errors == [None, None]
    assert searched == (2, True)


def test_a_path_that_goes_two_ways_is_given_up_and_not_heard_of() -> None:
    turns = iter(range(1_000))

    def fickle(given: BoundArguments) -> int:
        number = given.args[0]
        if next(turns) % 2:
            return int(number > 5)
        return int(number * number == 9)

    paths = Paths()
    begun, _ = follow_paths(fickle, paths, signature_of(sign), 1.0)
    assert len(paths.came) < begun


def test_a_path_that_is_closed_opens_no_other() -> None:
    def closed(given: BoundArguments) -> int:
        close_path()
        return sign(*given.args)

    paths = Paths()
    searched = follow_paths(closed, paths, signature_of(sign), SECONDS)
    assert (len(paths.came), searched) == (1, (1, True))


def test_numbers_are_open_on_a_path_and_nowhere_else() -> None:
    asked: list[bool] = []

    def run(given: BoundArguments) -> None:
        del given
        asked.append(is_symbolic())
        with plainly():
            asked.append(is_symbolic())

    follow_paths(run, Paths(), signature_of(sign), SECONDS)
    assert asked == [True, False]
    assert not is_symbolic()
