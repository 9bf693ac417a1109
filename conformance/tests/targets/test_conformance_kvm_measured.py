"""Measured on Linux: exactly the clauses that the running kernel can be held to.

What the kernel's adapter can do is known without a kernel, from its methods and what
it declares; a machine with a usable node is asked as well.
"""

from __future__ import annotations

import pytest

from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.targets.kvm.detect import Unusable, detect
from memslot_conformance.targets.kvm.target import ClearingVm
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Capabilities, Header
from memslot_spec.judging.applies import not_applicable
from memslot_spec.model.profile import LINUX, Limits

MEASURED = frozenset(clause.id for clause in CLAUSES if clause.known.measured)

OF_THE_ADAPTER = Header(
    target="kvm",
    profile=LINUX.name,
    limits=Limits(user_slots=LINUX.default_user_slots),
    capabilities=Capabilities(
        operations=tuple(
            operation.__name__
            for operation, method in METHODS.items()
            if callable(getattr(ClearingVm, method, None))
        )
    ),
    domain=ClearingVm.domain,
)
"""A kernel with every capability that the adapter has a use for."""


def judged_on(header: Header) -> frozenset[str]:
    return frozenset(c.id for c in CLAUSES if not_applicable(c, header) is None)


def test_what_the_adapter_can_show_was_measured_and_nothing_else() -> None:
    assert judged_on(OF_THE_ADAPTER) == MEASURED


def test_what_this_kernel_can_show_was_measured() -> None:
    usable = detect()
    if isinstance(usable, Unusable):
        pytest.skip(usable.reason)
    header = resolve("kvm").header
    assert judged_on(header) <= MEASURED
    if usable.facts.manual_protect:
        assert judged_on(header) == MEASURED


def test_each_was_measured_by_a_command_of_this_suite_on_a_kernel_that_is_named() -> (
    None
):
    told = {clause.known.measured for clause in CLAUSES if clause.known.measured}
    assert all(seen.command.startswith("memslots check kvm") for seen in told)
    assert all(seen.kernel[0].isdigit() for seen in told)
