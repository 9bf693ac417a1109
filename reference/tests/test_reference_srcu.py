"""SRCU: sections, grace periods, and the reader that is slow to begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

import pytest

from memslot_reference.srcu import Srcu
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    IndexFlipped,
    SectionEntered,
    SectionEntering,
    SectionLeft,
)


class Recorder(Silent):
    """A hook that keeps what is announced, and can do more at a point."""

    def __init__(self) -> None:
        self.events: list[Point] = []
        self.plans: list[tuple[type[Point], Callable[[], object]]] = []

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        event = kind(0, *args, **kwargs)
        self.events.append(event)
        if self.plans and isinstance(event, self.plans[0][0]):
            self.plans.pop(0)[1]()

    def at(self, kind: type[Point], action: Callable[[], object]) -> None:
        """At the next point of this kind, after earlier plans, do this."""
        self.plans.append((kind, action))

    def kinds(self) -> list[type[Point]]:
        """The kinds announced since the last time, in order."""
        kinds = [type(event) for event in self.events]
        self.events.clear()
        return kinds


class WithoutTheFirstDrain(Srcu):
    """A domain that trusts the other counter to be zero."""

    def wait_for_other(self) -> None:
        """Do not wait."""


def slow_to_begin(kind: type[Srcu]) -> Srcu:
    """A domain whose one reader took its index before a flip, and is inside."""
    hook = Recorder()
    srcu = kind(hook)
    hook.at(SectionEntering, srcu.synchronize)
    srcu.read_lock()
    return srcu


def test_a_section_takes_its_index_before_it_raises_the_counter() -> None:
    hook = Recorder()
    srcu = Srcu(hook)

    srcu.read_unlock(srcu.read_lock())

    assert hook.events == [
        SectionEntering(0, 0),
        SectionEntered(0, 0),
        SectionLeft(0, 0),
    ]
    assert srcu.counters == [0, 0]


def test_a_grace_period_flips_the_index_once() -> None:
    hook = Recorder()

    Srcu(hook).synchronize()

    assert hook.events == [
        GracePeriodBegun(0),
        IndexFlipped(0, 1),
        GracePeriodEnded(0),
    ]


def test_a_grace_period_waits_for_an_open_section() -> None:
    srcu = Srcu(Silent())
    index = srcu.read_lock()

    with pytest.raises(RuntimeError, match="synchronize_srcu"):
        srcu.synchronize()

    srcu.read_unlock(index)
    srcu.synchronize()


def test_a_grace_period_waits_for_the_last_of_the_open_sections() -> None:
    srcu = Srcu(Silent())
    first, second = srcu.read_lock(), srcu.read_lock()
    assert first == second
    srcu.read_unlock(first)

    with pytest.raises(RuntimeError, match="synchronize_srcu"):
        srcu.synchronize()

    assert srcu.counters == [1, 0]


def test_grace_periods_use_the_two_counters_in_turn() -> None:
    hook = Recorder()
    srcu = Srcu(hook)

    for _ in range(3):
        srcu.synchronize()

    flips = [event for event in hook.events if isinstance(event, IndexFlipped)]
    assert flips == [IndexFlipped(0, 1), IndexFlipped(0, 0), IndexFlipped(0, 1)]


def test_a_grace_period_does_not_wait_for_a_section_begun_after_its_flip() -> None:
    hook = Recorder()
    srcu = Srcu(hook)
    hook.at(IndexFlipped, srcu.read_lock)

    srcu.synchronize()

    assert srcu.counters == [0, 1]


def test_a_grace_period_waits_for_a_reader_that_was_slow_to_begin() -> None:
    srcu = slow_to_begin(Srcu)

    with pytest.raises(RuntimeError, match="synchronize_srcu"):
        srcu.synchronize()


def test_one_drain_alone_misses_the_slow_reader() -> None:
    srcu = slow_to_begin(WithoutTheFirstDrain)

    srcu.synchronize()

    assert srcu.counters == [1, 0]


def test_the_end_of_a_domain_is_announced() -> None:
    hook = Recorder()

    Srcu(hook).destroy()

    assert hook.kinds() == [DomainDestroyed]
