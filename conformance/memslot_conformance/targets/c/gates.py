"""A thread of the system that is let run to its next stop, and only then.

What C does between two stops it does alone. It stops where it calls one of its hooks,
and where it returns. What a stop asks for is done by whoever let the thread run, on a
thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread, active_count, get_native_id, stack_size
from typing import Any

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.targets.resting import resting

STACK_BYTES = 1 << 20
"""A thread that never comes back keeps its stack, and there may be hundreds."""

CFunction = Callable[..., Any]


def nothing() -> None:
    """What a stop asks for that asks for nothing."""


@dataclass(frozen=True, slots=True)
class Stop:
    """What is to be done before the thread goes on.

    It goes on once `until` holds, if that is given. Where it `may_block`, for which
    this is the label, it does not stop again before another thread lets it.
    """

    act: Callable[[], None] = nothing
    until: Callable[[], bool] | None = None
    may_block: str | None = None


class Gate:
    """One thread: `begin` has it call a function, `let_go` has it go on from a stop.

    Both return at once. `calling` is the name of what it is in, empty where that is
    over; then `came_back` is what was returned and `raised` what was raised.
    """

    def __init__(self) -> None:
        self.stopped_at = Stop()
        self.came_back: Any = None
        self.raised: BaseException | None = None
        self.calling = ""
        self.number = 0
        self._call: Callable[[], Any] | None = None
        self._is_out = True
        self._go, self._came = Lock(), Lock()
        self._go.acquire()
        self._came.acquire()
        self._thread = Thread(target=self._run, daemon=True)
        self._start()
        self._came.acquire()

    @property
    def ident(self) -> int | None:
        """By what Python knows the thread."""
        return self._thread.ident

    def begin(self, name: str, function: CFunction, *arguments: object) -> None:
        """Let it call this function of that name."""
        self.calling, self.raised = name, None
        self._call = lambda: function(*arguments)
        self.let_go()

    def let_go(self) -> None:
        """Let it run until it stops."""
        self._is_out = False
        self._go.release()

    def has_stopped(self, seconds: float = 0.0) -> bool:
        """It has stopped since it was let go, or does so in this time."""
        if not self._is_out:
            self._is_out = self._came.acquire(timeout=seconds)
        return self._is_out

    def rests(self) -> str | None:
        """In which wait it is, if it has not stopped and only another can wake it."""
        said = resting(self.number)
        # Where it has stopped it waits as well; it told that before.
        return None if said is None or self.has_stopped() else said

    def stop(self, stop: Stop) -> None:
        """The thread itself stops here until it is let go."""
        self.stopped_at = stop
        self._came.release()
        self._go.acquire()

    def end(self, seconds: float) -> None:
        """Let the thread end, and what it does at its end; nothing is being called."""
        self._call = None
        self._go.release()
        self._thread.join(seconds)

    def _start(self) -> None:
        before = stack_size(STACK_BYTES)
        try:
            self._thread.start()
        except RuntimeError as error:
            message = (
                f"{error}: {active_count()} are there, of calls that never came back"
            )
            raise TargetError(message) from error
        finally:
            stack_size(before)

    def _run(self) -> None:
        self.number = get_native_id()
        self._came.release()
        while True:
            self._go.acquire()
            if self._call is None:
                return
            try:
                self.came_back = self._call()
            except BaseException as error:  # noqa: BLE001 - raised by who asked
                self.raised = error
            self.calling = ""
            self._came.release()
