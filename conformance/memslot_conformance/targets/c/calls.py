"""The three ways in which a VM of a library is called, by how it can be interleaved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from memslot_conformance.targets.c.gated import GatedCalls, GatedThreads
from memslot_conformance.targets.c.hooks import CHooks, GatedHooks, PassedHooks
from memslot_conformance.targets.c.library import Library
from memslot_conformance.targets.c.stepped import stepped
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook

PASSING = "passing"
"""What a hook has that wants to know when a thread comes by a point, and no more."""

THREAD = "thread"
"""What a hook says of which logical thread runs; without it there is one, number 0."""


class Calls(Protocol):
    """How C is called."""

    def call(
        self, name: str, function: Callable[..., object], *given: object
    ) -> object:
        """Call a function of C's, which has that name."""
        ...

    def close(self, function: Callable[[], object]) -> None:
        """Call this last one, when what was given up is as far as it comes."""
        ...


class Plain:
    """In the thread that asks."""

    def call(
        self, _: str, function: Callable[..., object], /, *given: object
    ) -> object:
        """Call it."""
        return function(*given)

    def close(self, function: Callable[[], object]) -> None:
        """Call it."""
        function()


class Stepped(Plain):
    """On a greenlet of its own, which is left where it is when it is given up."""

    def call(
        self, _: str, function: Callable[..., object], /, *given: object
    ) -> object:
        """Call it, and stop where it stops. Errors: as `stepped`."""
        return stepped(function, *given)


class Gated:
    """On a thread of the system, one for each logical thread."""

    def __init__(self, threads: GatedThreads, hooks: GatedHooks, hook: Hook) -> None:
        self._hook = hook
        self._calls = hooks.calls = GatedCalls(threads, hook.wait)

    def call(
        self, name: str, function: Callable[..., object], *given: object
    ) -> object:
        """Call it, and stop where it stops. Errors: as `GatedCalls.call`."""
        thread = int(getattr(self._hook, THREAD, 0))
        return self._calls.call(thread, name, function, *given)

    def close(self, function: Callable[[], object]) -> None:
        """Let all come to their ends, then call it, then let the threads end.

        Where one never does, it is in the VM for good, which is not closed.
        """
        if self._calls.finish():
            self._calls.call(0, "close", function)
        self._calls.end()


def calls_of(library: Library, hook: Hook) -> tuple[Calls, CHooks]:
    """How a library is called, and the hooks that it is given."""
    if library.threads is not None:
        gated = GatedHooks(hook)
        return Gated(library.threads, gated, hook), gated
    if library.interleaving is Interleaving.THREADS:
        # Nothing is recorded, from whatever thread it would be.
        passing: Callable[[], None] | None = getattr(hook, PASSING, None)
        if passing is None or library.is_watched:
            # To call Python takes its lock, and orders threads that race.
            return Plain(), CHooks(hook, is_silent=True)
        return Plain(), PassedHooks(hook, passing)
    if library.interleaving is Interleaving.POINTS or library.announces:
        return Stepped(), CHooks(hook, is_silent=False)
    return Plain(), CHooks(hook, is_silent=True)
