"""What the source says of a class or a function, where mypyc kept it not.

A compiled class has no hints of its fields but their outermost types, and a compiled
function neither code nor docstring. Both stand in the source, which lies beside the
compiled module. What is interpreted is asked itself.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
)
from typing import get_type_hints


def hints_of(kind: type) -> dict[str, object]:
    """The hints of a dataclass's fields, its own and those that it inherits."""
    hints = _hints_of(kind)
    named = {one.name for one in fields(kind)} if is_dataclass(kind) else hints.keys()
    return {name: hint for name, hint in hints.items() if name in named}


def _hints_of(kind: type) -> dict[str, object]:
    if not _was_compiled(sys.modules[kind.__module__]):
        return get_type_hints(kind)
    hints: dict[str, object] = {}
    for base in reversed(kind.__mro__):
        module = sys.modules[base.__module__]
        if _was_compiled(module):
            words = {
                "__module__": base.__module__,
                "__annotations__": dict(_fields(_tree(module), base.__name__)),
            }
            hints |= get_type_hints(type(base.__name__, (), words))
    return hints


AnyFunction = FunctionType | BuiltinFunctionType | MethodDescriptorType
"""A function or a method as its class has it, interpreted or compiled."""


def module_of(function: Callable[..., object]) -> str:
    """The name of the module that defines it."""
    if isinstance(function, MethodDescriptorType):
        return function.__objclass__.__module__
    return function.__module__


def code_of(function: Callable[..., object]) -> CodeType:
    """The code of a function of a module, or of a method of a class of it."""
    if isinstance(function, FunctionType):
        return function.__code__
    codes = _codes(sys.modules[module_of(function)])
    return codes[function.__qualname__]


def doc_of(function: Callable[..., object]) -> str:
    """The docstring of a function, without its indent."""
    first = next(iter(code_of(function).co_consts), None)
    return inspect.cleandoc(first) if isinstance(first, str) else ""


def _was_compiled(module: ModuleType) -> bool:
    return str(getattr(module, "__file__", "")).endswith(tuple(EXTENSION_SUFFIXES))


@cache
def _text(module: ModuleType) -> str:
    name = module.__name__.rpartition(".")[2]
    return (Path(str(module.__file__)).parent / f"{name}.py").read_text("utf-8")


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(_text(module))


@cache
def _codes(module: ModuleType) -> dict[str, CodeType]:
    whole = compile(_text(module), str(module.__file__), "exec", dont_inherit=True)
    found: dict[str, CodeType] = {}
    waiting = [whole]
    while waiting:
        inner = [c for c in waiting.pop().co_consts if isinstance(c, CodeType)]
        found |= {code.co_qualname: code for code in inner}
        waiting += inner
    return found


def _fields(tree: ast.Module, of: str) -> Iterator[tuple[str, str]]:
    """The annotated names in the body of a class, each with its annotation."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == of:
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(
                    part.target, ast.Name
                ):
                    yield part.target.id, ast.unparse(part.annotation)
