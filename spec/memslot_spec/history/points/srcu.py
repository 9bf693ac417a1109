"""The points that a target announces of SRCU.

Read sections, grace periods, the end of the domain, and what a thread must not do
inside a section: sleep, run the guest, or retry a fault.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SectionEntering:
    """A reader read the index of the counter that it is about to raise."""

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
    """New readers raise the counter of this index from here on."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class GracePeriodEnded:
    """The updater has waited for the readers (`synchronize_srcu` returns)."""

    thread: int


@dataclass(frozen=True, slots=True)
class DomainDestroyed:
    """The SRCU domain was destroyed (`cleanup_srcu_struct`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class Slept:
    """The thread goes to sleep, for a time that nothing bounds.

    `for_page`: it waits for a page of the host (swap, userfaultfd), and not for
    something to run.
    """

    thread: int
    for_page: bool = False


@dataclass(frozen=True, slots=True)
class GuestEntered:
    """The vCPU runs guest code from here on."""

    thread: int


@dataclass(frozen=True, slots=True)
class Retried:
    """A fault met an INVALID slot and is about to be retried (`RET_PF_RETRY`)."""

    thread: int


SrcuPoint = (
    SectionEntering
    | SectionEntered
    | SectionLeft
    | GracePeriodBegun
    | IndexFlipped
    | GracePeriodEnded
    | DomainDestroyed
    | Slept
    | GuestEntered
    | Retried
)
