"""The functions that `memslots diff` compares, from their names.

The specification's are its pure functions; the other is anybody's, in a file.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from pathlib import Path
from types import ModuleType
from typing import cast

from memslot_conformance.spelling import close_to

Function = Callable[..., object]

PACKAGE = "memslot_spec.arithmetic"
MODULES = ("ranges", "sizing", "slot_word", "bitmaps")
"""Where the pure functions are; a module that is not there has none."""


class NoSuchFunctionError(Exception):
    """There is nothing to compare under this name; the message says why."""


def spec_functions() -> dict[str, Function]:
    """The public functions of the specification's arithmetic, by `module:name`."""
    found: dict[str, Function] = {}
    for short in MODULES:
        name = f"{PACKAGE}.{short}"
        if importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        for function, value in vars(module).items():
            if _is_public(function, value, name):
                found[f"{short}:{function}"] = value
    return found


def _is_public(name: str, value: object, module: str) -> bool:
    is_function = inspect.isfunction(value) and value.__module__ == module
    return is_function and not name.startswith("_")


def spec_function(name: str) -> tuple[str, Function]:
    """The function of this name and `module:name`, its short name.

    The package, and where no two modules have it the module too, may be left
    out. Errors: `NoSuchFunctionError`, with the names there are.
    """
    functions = spec_functions()
    wanted = name.removeprefix(f"{PACKAGE}.")
    matches = [n for n in functions if wanted in {n, n.partition(":")[2]}]
    if len(matches) == 1:
        return matches[0], functions[matches[0]]
    names = "\n  ".join(matches or functions)
    if matches:
        message = f"{name!r} is in more than one module:\n  {names}"
        raise NoSuchFunctionError(message)
    hint = close_to(wanted, [*functions, *(n.partition(":")[2] for n in functions)])
    message = (
        f"the specification has no pure function {name!r}.{hint} There are:\n  {names}"
    )
    raise NoSuchFunctionError(message)


def own_function(name: str, spec: Function) -> Function:
    """The function `FILE:NAME`, which takes the arguments that `spec` takes.

    Errors: `NoSuchFunctionError`; whatever the file raises when it is imported.
    """
    file, colon, wanted = name.rpartition(":")
    if not colon or not file or not wanted:
        message = f"{name!r} must read FILE.py:FUNCTION"
        raise NoSuchFunctionError(message)
    module = _imported(Path(file))
    function = getattr(module, wanted, None)
    if not inspect.isfunction(function):
        what = "no function" if function is None else "something else than a function"
        here = [n for n, v in vars(module).items() if inspect.isfunction(v)]
        message = f"{file} has {what} of the name {wanted!r}.{close_to(wanted, here)}"
        raise NoSuchFunctionError(message)
    _check_parameters(name, function, spec)
    return cast("Function", function)


def _imported(path: Path) -> ModuleType:
    if not path.is_file():
        message = f"there is no file {str(path)!r}"
        raise NoSuchFunctionError(message)
    # Under a name of its own, so that a file `ranges.py` hides no module.
    name = f"mine_{path.stem}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        message = f"{str(path)!r} is no Python file"
        raise NoSuchFunctionError(message)
    sys.path.insert(0, str(path.parent.resolve()))
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _check_parameters(name: str, mine: Function, spec: Function) -> None:
    wanted = names_of(spec)
    signature = inspect.signature(mine)
    try:
        signature.bind(*wanted)
    except TypeError:
        message = (
            f"{name} takes ({', '.join(signature.parameters)}); to be compared it must "
            f"take ({', '.join(wanted)}), whatever their names"
        )
        raise NoSuchFunctionError(message) from None
    bare = _without_annotation(signature)
    if bare:
        message = f"{name}: parameter {bare[0]!r} has no annotation"
        raise NoSuchFunctionError(message)


def names_of(function: Function) -> tuple[str, ...]:
    """The names of its parameters."""
    return tuple(inspect.signature(function).parameters)


def _without_annotation(signature: Signature) -> Sequence[str]:
    parameters = signature.parameters.values()
    return [p.name for p in parameters if p.annotation is Parameter.empty]
