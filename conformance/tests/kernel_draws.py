"""What a kernel is asked, drawn without one: the plan says what each request leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.kernel.requests import (
    draw_operation,
    kernel_situation,
)
from memslot_conformance.targets.kvm.target import KvmVm
from memslot_spec.history.header import Capabilities, Header
from memslot_spec.model.operations import Operation
from memslot_spec.model.profile import Limits
from memslot_spec.model.values import EMPTY, SlotTable
from scenario_headers import LINUX

BACKING = (0x7F00_0000_0000, 64 << 20)

LOGS = frozenset({"GetDirtyLog", "ClearDirtyLog", "EnableManualProtect"})

OF_ONE_VM = 100
"""Operations that one VM is asked."""


def header_of(limits: Limits, had: frozenset[str] = LOGS) -> Header:
    """A kernel with these limits, which can be asked these things about logs."""
    operations = ("SetRegion", *sorted(had))
    return replace(
        LINUX,
        limits=limits,
        capabilities=Capabilities(operations=operations),
        domain=KvmVm.domain,
    )


def situation(limits: Limits, seed: int, table: SlotTable = EMPTY) -> Situation:
    """A corner of a VM with this table."""
    draw = kernel_situation(Seeded(Random(seed)), header_of(limits), BACKING)
    draw.table = table
    return draw


def asked(
    limits: Limits, seed: int, count: int, had: frozenset[str] = frozenset()
) -> Iterator[tuple[Situation, Operation]]:
    """So many operations, to one VM after the other, each with what it meets."""
    header, rng = header_of(limits, had), Seeded(Random(seed))
    palette = palette_of(header)
    draw = kernel_situation(rng, header, BACKING)
    for number in range(1, count + 1):
        operation = draw_operation(draw, palette)
        yield draw, operation
        follow(header, draw, operation)
        if number % OF_ONE_VM == 0:
            draw = kernel_situation(rng, header, BACKING)
