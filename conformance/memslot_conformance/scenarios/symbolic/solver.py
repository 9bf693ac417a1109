"""What the suite uses of CrossHair, under the types that CrossHair leaves out.

CrossHair runs Python on numbers that are not yet chosen; at each branch a solver
says which ways are open. It comes with the extra `symbolic`. Its modules are
loaded by name: their annotations are partial, and what stands here is not.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from inspect import BoundArguments, Signature
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

PureFunction = Callable[..., object]
Condition = Callable[[Mapping[str, object]], bool]
ValueOrError = tuple[object, BaseException | None]


class Realizes(Protocol):
    """Chooses the numbers in a value, and keeps the choice for the path."""

    def __call__(self, value: T, /) -> T:
        """The value with plain numbers."""
        ...


class Callback(Protocol):
    """Hears of a path that came to its end; True ends the search."""

    def __call__(  # noqa: D102 - as the class says
        self,
        space: object,
        given: BoundArguments,
        after: BoundArguments,
        result: object,
        error: BaseException | None,
        stack: object,
        /,
    ) -> bool: ...


def _module(name: str) -> Any:  # noqa: ANN401 - what CrossHair does not say
    return importlib.import_module(f"crosshair.{name}")


# Loaded for what it does: it teaches CrossHair the standard library.
_module("core_and_libs")
_core, _tracers, _statespace = map(_module, ("core", "tracers", "statespace"))
_functions, _conditions = _module("fnutil"), _module("condition_parser")
_options, _behavior = _module("options"), _module("diff_behavior")

realized: Realizes = _core.deep_realize
is_symbolic: Callable[[], bool] = _tracers.is_tracing
"""Whether the running code may hold numbers that are not yet chosen."""

plainly: Callable[[], AbstractContextManager[object]] = _tracers.NoTracing
"""Inside it code runs as usual, so it must not touch open numbers."""

ImpossiblePath: type[BaseException] = _module("util").IgnoreAttempt
"""Raised to say that the arguments of a path are not to be had."""


def close_path() -> None:
    """The path ends here: what is chosen from now on opens no other path."""
    _statespace.context_statespace().detach_path()


def preconditions(function: PureFunction) -> tuple[Condition, ...]:
    """What the `pre:` lines of its docstring demand of its arguments."""
    info = _functions.FunctionInfo.from_fn(function)
    found = _conditions.Pep316Parser().get_fn_conditions(info)
    return () if found is None else tuple(c.evaluate for c in found.pre if c.evaluate)


def signature_of(function: PureFunction) -> Signature:
    """Its signature, with the types that its annotations name."""
    _, signature = _functions.FunctionInfo.from_fn(function).callable()
    found: Signature = signature
    return found


def outcome(function: PureFunction, given: BoundArguments) -> ValueOrError:
    """What a call on open numbers returns, or what it raises."""
    came: ValueOrError = _behavior.describe_behavior(function, given)
    return came


def follow_paths(
    run: Callable[[BoundArguments], object],
    done: Callback,
    signature: Signature,
    seconds: float,
) -> tuple[int, bool]:
    """Run on open arguments, path by path, for so many seconds of the processor.

    Answers how many paths were begun, and whether none is left. One that was
    given up counts as begun and not as left: `done` does not hear of it.
    """
    options = _options.DEFAULT_OPTIONS.overlay(per_condition_timeout=seconds)
    counts = options.stats = Counter[str]()
    root = _statespace.RootNode()
    _core.explore_paths(
        run, signature, options, root, done, on_nondeterminism=lambda: None
    )
    return counts["num_paths"], counts["exhaustion"] > 0
