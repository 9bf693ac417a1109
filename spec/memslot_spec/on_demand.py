"""Names of a package that are imported when somebody first asks for them.

Who wants one of them does not pay for all: a table of slots needs no clauses, and
the command line no judge before a command is chosen.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable


def on_demand(
    namespace: dict[str, object], names: Collection[str], homes: Iterable[str]
) -> Callable[[str], object]:
    """The `__getattr__` of a package whose namespace this is.

    The names are those that it promises; `homes` are the modules that have them, the
    cheapest first. What was asked for once stays in the namespace. Errors:
    `AttributeError` for any other name, as of every module.
    """
    modules = tuple(homes)

    def get(name: str) -> object:
        if name in names:
            for home in map(importlib.import_module, modules):
                if hasattr(home, name):
                    found: object = getattr(home, name)
                    namespace[name] = found
                    return found
        message = f"module {namespace['__name__']!r} has no attribute {name!r}"
        raise AttributeError(message)

    return get
