"""Points of SRCU: read sections, grace periods, and the end of the domain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SectionEntering:
    """A reader took the index of the counter that it is going to raise."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class SectionEntered:
    """A read section began: the counter is raised (`srcu_read_lock`)."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class SectionLeft:
    """A read section ended: the counter is lowered (`srcu_read_unlock`)."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class GracePeriodBegun:
    """An updater began to wait for the readers (`synchronize_srcu`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class IndexFlipped:
    """New readers raise the other counter from here on."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class GracePeriodEnded:
    """The updater's wait is over."""

    thread: int


@dataclass(frozen=True, slots=True)
class DomainDestroyed:
    """The SRCU domain is gone (`cleanup_srcu_struct`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class Slept:
    """The thread sleeps with no bound on how long."""

    thread: int
