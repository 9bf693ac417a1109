"""The least an implementation provides, and what it may say of itself.

A target supports the operations whose methods it has; `readers` and `machine` have
the protocols of those beside requests. Everything takes and returns the values of
`memslot_spec`. An adapter translates: it never judges, retries or asserts. A
refusal is a reply; an exception is an error of the target.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from memslot_conformance.adapter.ranges import AddsRanges
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.views import View
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Failure, MemoryRegion


@runtime_checkable
class Implementation(Protocol):
    """The least an implementation has: it takes requests.

    Optional attributes: `domain` (a `Domain`), `profile` (a profile's name),
    `interleaving` (an `Interleaving`; without it one call at a time),
    `announces` (names of the kinds of points it announces), `limits`.
    """

    def set_region(self, region: MemoryRegion) -> Reply:
        """Carry out one request: `Done()` or `Refused(errno)`."""
        ...


@runtime_checkable
class HasDomain(Protocol):
    """It says what it can be asked."""

    domain: Domain


@runtime_checkable
class HasInterleaving(Protocol):
    """It can be raced: stepped through its points, or called from threads."""

    interleaving: Interleaving


@runtime_checkable
class Announces(Protocol):
    """It announces these kinds of points whenever they happen."""

    announces: tuple[str, ...]


@runtime_checkable
class Shows(Protocol):
    """Introspection, which changes nothing."""

    def observe(self) -> View:
        """What stands now. Parts that cannot be shown are None."""
        ...


@runtime_checkable
class Foresees(Protocol):
    """It can make use of knowing what it will be asked next."""

    def foresee(self, operations: tuple[Operation, ...], *, watched: bool) -> None:
        """These come next, in this order; `watched`: with an `observe` after each.

        All of them are asked, unless the target breaks or is given back before.
        """
        ...


@runtime_checkable
class FailsOnDemand(Protocol):
    """Preparation and allocation can be made to fail inside a request."""

    def set_region(
        self, region: MemoryRegion, *, failure: Failure | None = None
    ) -> Reply:
        """Carry out one request that meets this failure."""
        ...


@runtime_checkable
class SetsPrivateRegion(Protocol):
    """It has slots of the kernel's own (TSS, APIC access, identity map)."""

    def set_private_region(self, region: MemoryRegion) -> Reply:
        """Carry out the kernel's own request."""
        ...


AnyImplementation = Implementation | AddsRanges
"""What can be judged: a table by slot ids, or one by ranges."""

Make = Callable[[Hook], AnyImplementation]
"""Makes a new target, a VM without slots, that announces itself to this hook."""
