"""The one hook through which an implementation announces itself.

`point` is at once a fact for the history and, where another thread could tell
the difference, a place to switch. `wait` is how an implementation blocks: it
returns once `until()` is true, and nothing else runs between that and its
return.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol

from memslot_spec.history.events import Point

P = ParamSpec("P")


class Hook(Protocol):
    """What the host of an implementation gives it."""

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Announce a point of this kind on the running thread."""

    def wait(self, until: Callable[[], bool], label: str) -> None:
        """Block the running thread until `until()` holds."""


class Silent:
    """A hook for use without a host: one thread, nothing recorded."""

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Say nothing."""

    def wait(self, until: Callable[[], bool], label: str) -> None:
        """Errors: `RuntimeError` where the one thread would wait for itself."""
        if not until():
            message = f"{label}: the only thread would wait for ever"
            raise RuntimeError(message)
