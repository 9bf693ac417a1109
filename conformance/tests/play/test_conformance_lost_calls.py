"""A call that never returned is an error of the target, whatever ended its thread."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from greenlet import (  # type: ignore[import-untyped, unused-ignore]
    GreenletExit,
)

from memslot_conformance.adapter.protocols import Implementation
from memslot_conformance.play.scheduler import play
from memslot_conformance.play.threads import raced
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Call, Finished
from memslot_spec.history.hook import Hook
from memslot_spec.history.views import View
from memslot_spec.model.operations import Halt, MmuPages
from toys import Toy


class OwnError(BaseException):
    """What a library may derive from, that nobody is to catch."""


ENDS: tuple[type[BaseException], ...] = (
    GreenletExit,
    asyncio.CancelledError,
    GeneratorExit,
    KeyboardInterrupt,
    OwnError,
)

RACE = Scenario(threads=((MmuPages(), Halt()), (MmuPages(),)))


@contextmanager
def as_in_a_worker() -> Generator[None]:
    """No signal becomes a KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def as_at_a_prompt() -> Generator[None]:
    """The user's Ctrl-C becomes a KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def dying(end: type[BaseException]) -> type[Toy]:
    class Dying(Toy):
        """Its thread is over in the middle of a halt."""

        def halt(self) -> None:
            raise end

    return Dying


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "scenario",
    [RACE, Scenario(prefix=(Halt(), MmuPages())), Scenario(after=(Halt(),))],
    ids=["stepped", "before", "after"],
)
def test_a_thread_that_dies_in_a_call_is_an_error(
    end: type[BaseException], scenario: Scenario
) -> None:
    with as_in_a_worker():
        played = play(dying(end), scenario)
    assert played.error is not None
    assert played.error.operation == Halt()
    assert played.error.message == f"{end.__name__}: "
    assert isinstance(played.events[-1], Call)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "scenario", [RACE, Scenario(prefix=(Halt(),))], ids=["raced", "before"]
)
def test_a_thread_of_the_system_that_dies_in_a_call_is_an_error(
    end: type[BaseException], scenario: Scenario
) -> None:
    played = raced(dying(end), scenario)
    assert played.error is not None
    assert played.error.operation == Halt()
    assert played.error.message == f"{end.__name__}: "
    assert not any(isinstance(event, Finished) for event in played.events)


@pytest.mark.parametrize("end", ENDS)
def test_what_dies_when_it_is_made_shown_or_waited_for_is_an_error(
    end: type[BaseException],
) -> None:
    class Unshown(Toy):
        def observe(self) -> View:
            raise end

    class Waiting(Toy):
        def halt(self) -> None:
            asked = iter((False,))
            self.hook.wait(lambda: next(asked, None) is None and self.dies(), "it")

        def dies(self) -> bool:
            raise end

    def unmakable(_: Hook) -> Implementation:
        raise end

    with as_in_a_worker():
        for make in (Unshown, Waiting, unmakable):
            slow = Halt() if make is Waiting else MmuPages()
            played = play(make, Scenario(threads=((slow,), (MmuPages(),))))
            assert played.error is not None
            assert played.error.message == f"{end.__name__}: "


def test_an_interrupt_of_the_user_ends_the_run() -> None:
    with as_at_a_prompt(), pytest.raises(KeyboardInterrupt):
        play(dying(KeyboardInterrupt), RACE)
