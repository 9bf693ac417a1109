"""The hooks that a library is given: its points and its waits, told to the suite."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.targets.c.gated import GatedCalls
from memslot_conformance.targets.c.gates import Stop
from memslot_conformance.targets.c.library import VERSION, foreign, kinds
from memslot_conformance.targets.c.points import KINDS, arguments_of
from memslot_conformance.targets.c.stepped import caught
from memslot_spec.history.hook import Hook


class CHooks:
    """What one VM announces itself to; `raw` is the `ms_hooks` that C is given.

    Who is silent is given no functions: its points cost a comparison.
    """

    def __init__(self, hook: Hook, *, is_silent: bool) -> None:
        ffi = foreign()
        self._hook = hook
        self._ended = False
        self._handle = ffi.new_handle(self)
        self.raw: Any = ffi.new("ms_hooks *")
        self.raw.size = ffi.sizeof("ms_hooks")
        self.raw.version = VERSION
        if not is_silent:
            self.raw.host = self._handle
            self.raw.point, self.raw.wait = _callbacks()

    def end(self) -> None:
        """What is announced from here on is nobody's."""
        self._ended = True

    def told_point(self, point: Any) -> None:  # noqa: ANN401 - what C has
        """C announces a point. Errors: as `_point`."""
        self._point(point)

    def told_wait(self, until: Any, argument: Any, label: Any) -> None:  # noqa: ANN401 - as above
        """C waits for a condition of its own. Errors: as `_wait`."""
        self._wait(partial(_holds, until, argument), until, label)

    def _point(self, point: Any) -> None:  # noqa: ANN401 - as above
        """Tell of a point. Errors: `TargetError`; whatever the hook raises."""
        if self._ended:
            return
        number = int(point.kind)
        if number not in kinds():
            message = f"a point has the kind {number}, which is none"
            raise TargetError(message)
        name = kinds()[number]
        self._hook.point(KINDS[name][0], *arguments_of(foreign(), name, point))

    def _wait(self, holds: Callable[[], bool], until: Any, label: Any) -> None:  # noqa: ANN401 - as above
        """Wait until it holds. Errors: as `_point`."""
        if self._ended:
            return
        if until == foreign().NULL:
            message = "a wait has no condition: until is NULL"
            raise TargetError(message)
        self._hook.wait(holds, _label(label, "a wait"))


class PassedHooks(CHooks):
    """The hooks of one that nobody steps: at its points a thread may be held up."""

    def __init__(self, hook: Hook, passing: Callable[[], None]) -> None:
        super().__init__(hook, is_silent=True)
        self._passing = passing
        self.raw.host = self._handle
        self.raw.point = _callbacks()[0]

    def told_point(self, point: Any) -> None:  # noqa: ANN401 - as above
        """C passes a point, which nobody reads."""
        del point
        self._passing()


class GatedHooks(CHooks):
    """The hooks of one that runs on threads of the system, which stop in them."""

    def __init__(self, hook: Hook) -> None:
        super().__init__(hook, is_silent=False)
        self.calls: GatedCalls | None = None
        self.raw.blocking, self.raw.unblocked = _gated_callbacks()

    def told_point(self, point: Any) -> None:  # noqa: ANN401 - as above
        """C stops at a point."""
        self._stop(Stop(partial(self._point, point)))

    def told_wait(self, until: Any, argument: Any, label: Any) -> None:  # noqa: ANN401 - as above
        """C stops where it waits for a condition of its own."""
        holds = partial(_holds, until, argument)
        self._stop(Stop(partial(self._wait, holds, until, label), until=holds))

    def told_blocking(self, label: Any) -> None:  # noqa: ANN401 - as above
        """C stops before what may block it."""
        self._stop(Stop(may_block=_label(label, "what blocks")))

    def told_unblocked(self) -> None:
        """C stops behind what could have blocked it."""
        self._stop(Stop())

    def _stop(self, stop: Stop) -> None:
        gate = None if self.calls is None else self.calls.mine()
        if gate is None:
            # A thread of the library's own: the hook says that it may not.
            stop.act()
        else:
            gate.stop(stop)


def _holds(until: Any, argument: Any) -> bool:  # noqa: ANN401 - as above
    return until == foreign().NULL or bool(until(argument))


def _label(label: Any, otherwise: str) -> str:  # noqa: ANN401 - as above
    ffi = foreign()
    if label == ffi.NULL:
        return otherwise
    return str(ffi.string(label, 200).decode("utf-8", "replace"))


@cache
def _callbacks() -> tuple[Any, Any]:
    """What every library calls: for a point, and for a wait."""
    ffi = foreign()

    def point(host: object, told: object) -> None:
        try:
            ffi.from_handle(host).told_point(told)
        except BaseException as error:  # noqa: BLE001 - raised where C was called
            caught(error)

    def wait(host: object, until: object, argument: object, label: object) -> None:
        try:
            ffi.from_handle(host).told_wait(until, argument, label)
        except BaseException as error:  # noqa: BLE001 - as above
            caught(error)

    return (
        ffi.callback("void(void *, const ms_point *)", point),
        ffi.callback("void(void *, int(*)(void *), void *, const char *)", wait),
    )


@cache
def _gated_callbacks() -> tuple[Any, Any]:
    """What a gated one calls besides: before and behind what may block it."""
    ffi = foreign()

    def blocking(host: object, label: object) -> None:
        ffi.from_handle(host).told_blocking(label)

    def unblocked(host: object) -> None:
        ffi.from_handle(host).told_unblocked()

    return (
        ffi.callback("void(void *, const char *)", blocking),
        ffi.callback("void(void *)", unblocked),
    )
