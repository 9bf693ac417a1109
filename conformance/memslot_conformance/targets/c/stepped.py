"""Calls into C that may stop half-way: each runs on a greenlet of its own.

The scheduler takes turns by switching greenlets, and ends a thread by raising in it.
Nothing can be raised through C. So the hook is called by the greenlet that C runs on;
what it raises there is raised by the one that called, and the C frames are left where
they are, for good: they are never run again, and never freed (17 KiB each, where a
play ends with a thread in mid-call).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from greenlet import (  # type: ignore[import-untyped, unused-ignore]
    getcurrent,
    greenlet,
)


@dataclass(frozen=True, slots=True)
class Broke:
    """What the hook raised, on its way to the one that called C."""

    error: BaseException

    def raises(self) -> NoReturn:
        """Raise it where C was called."""
        raise self.error


def stepped(function: Callable[..., object], *arguments: object) -> object:
    """Call it on a greenlet of its own, which may switch away and come back.

    Errors: what `caught` caught in there; what is raised here while C is stopped.
    """
    inner: Any = greenlet(function)
    try:
        came = inner.switch(*arguments)
        while not inner.dead:
            if isinstance(came, Broke):
                came.raises()
            # The scheduler has resumed the caller; the turn is that of the callee.
            came = inner.switch()
    except BaseException:
        if not inner.dead:
            _leave_behind(inner)
        raise
    return came


def caught(error: BaseException) -> None:
    """Raise this in the caller of the C function that is running, and stay here.

    Where C was not called by `stepped`, as on a thread of its own, it goes on.
    """
    caller: Any = getcurrent().parent
    while caller is not None:
        caller.switch(Broke(error))


def _leave_behind(inner: object) -> None:
    """Keep it for ever: to free it would raise in it, and so return into C."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inner))
