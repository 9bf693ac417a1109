"""The hooks that a library is given: its points and its waits, told to the suite."""

from __future__ import annotations

from functools import cache
from typing import Any

from memslot_conformance.adapter.answers import TargetError
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

    def point(self, point: Any) -> None:  # noqa: ANN401 - what C has
        """Tell of a point. Errors: `TargetError`; whatever the hook raises."""
        if self._ended:
            return
        number = int(point.kind)
        if number not in kinds():
            message = f"a point has the kind {number}, which is none"
            raise TargetError(message)
        name = kinds()[number]
        self._hook.point(KINDS[name][0], *arguments_of(foreign(), name, point))

    def wait(self, until: Any, argument: Any, label: Any) -> None:  # noqa: ANN401 - as above
        """Wait for a condition of C's. Errors: as `point`."""
        if self._ended:
            return
        ffi = foreign()
        if until == ffi.NULL:
            message = "a wait has no condition: until is NULL"
            raise TargetError(message)
        named = b"a wait" if label == ffi.NULL else ffi.string(label, 200)
        self._hook.wait(lambda: bool(until(argument)), named.decode("utf-8", "replace"))


@cache
def _callbacks() -> tuple[Any, Any]:
    """What every library calls: for a point, and for a wait."""
    ffi = foreign()

    def point(host: object, told: object) -> None:
        try:
            ffi.from_handle(host).point(told)
        except BaseException as error:  # noqa: BLE001 - raised where C was called
            caught(error)

    def wait(host: object, until: object, argument: object, label: object) -> None:
        try:
            ffi.from_handle(host).wait(until, argument, label)
        except BaseException as error:  # noqa: BLE001 - as above
            caught(error)

    return (
        ffi.callback("void(void *, const ms_point *)", point),
        ffi.callback("void(void *, int(*)(void *), void *, const char *)", wait),
    )
