"""Requests a second on the running kernel: judged, and beside it the bare ioctl.

The requests are drawn first, as a check draws them. Then the very same ones are
sent to fresh VMs in four ways, in turns: by the bare ioctl, the structures packed
beforehand; through the guarded `VmDescriptor`; through `KvmVm`, which makes replies
of the answers; and so with every call and reply judged. All must get the same
answers. Seconds are of the wall clock, for the kernel's share is part of it; each
figure is the median of the rounds.

    python conformance/benchmarks/kernel.py --rounds 9
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import closing
from functools import partial
from random import Random
from statistics import median
from time import perf_counter

from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.kernel.requests import (
    draw_request,
    kernel_situation,
)
from memslot_conformance.targets.kvm.detect import KernelFacts, Unusable, detect
from memslot_conformance.targets.kvm.device import DEFAULT_NODE, KvmNode, send
from memslot_conformance.targets.kvm.target import KvmVm
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Return
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import Judge
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.replies import Done
from memslot_spec.model.values import MemoryRegion

REGION = struct.Struct("=IIQQQ")
CREATE_VM = 0xAE01
"""`KVM_CREATE_VM`: `_IO(0xAE, 1)`."""

Regions = list[MemoryRegion]
Way = Callable[[], tuple[float, list[bool]]]
"""Sends the requests: the seconds it took, and which of them were accepted."""


def drawn(facts: KernelFacts, number: int, count: int) -> Regions:
    """Requests as a check draws them, on the tables that the plan foresees."""
    regions = Regions()
    header = resolve("kvm").header
    with closing(KvmVm(facts)) as vm:
        draw = kernel_situation(Seeded(Random(number)), header, vm.backing)
        for _ in range(count):
            region = draw_request(draw)
            regions.append(region)
            follow(header, draw, SetRegion(region))
    return regions


def by_bare_ioctl(regions: Regions) -> tuple[float, list[bool]]:
    """One system call each, and nothing else."""
    packed = [
        REGION.pack(
            region.slot,
            region.flags,
            region.guest_phys_addr,
            region.memory_size,
            region.userspace_addr,
        )
        for region in regions
    ]
    node = os.open(DEFAULT_NODE, os.O_RDWR)
    vm = fcntl.ioctl(node, CREATE_VM, 0)
    try:
        begun = perf_counter()
        answers = [send(vm, request) for request in packed]
        return perf_counter() - begun, [answer == 0 for answer in answers]
    finally:
        os.close(vm)
        os.close(node)


def through_vm(regions: Regions) -> tuple[float, list[bool]]:
    """The ioctl behind its guard, the structure packed for each."""
    with KvmNode() as node, node.create_vm() as vm:
        begun = perf_counter()
        answers = [vm.set_user_memory_region(region) for region in regions]
        return perf_counter() - begun, [answer is None for answer in answers]


def through_target(facts: KernelFacts, regions: Regions) -> tuple[float, list[bool]]:
    """What the suite's target does with each, unjudged."""
    with closing(KvmVm(facts)) as vm:
        begun = perf_counter()
        replies = [vm.set_region(region) for region in regions]
        return perf_counter() - begun, [reply == Done() for reply in replies]


def judged(
    target: Target, facts: KernelFacts, regions: Regions
) -> tuple[float, list[bool]]:
    """The same, with every call and reply put before the clauses."""
    judge = Judge(ApplicableClauses(target.header, CLAUSES))
    accepted: list[bool] = []
    with closing(KvmVm(facts)) as vm:
        begun = perf_counter()
        for region in regions:
            judge.see(Call(0, SetRegion(region)))
            reply = vm.set_region(region)
            judge.see(Return(0, reply))
            accepted.append(reply == Done())
        spent = perf_counter() - begun
    if judge.findings:
        print(f"the kernel was found to break a clause: {judge.findings}")
    return spent, accepted


def main() -> int:
    """Run the rounds and print the medians; 1 where two ways had other answers."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    usable = detect()
    if isinstance(usable, Unusable):
        print(usable.reason)
        return 0
    facts, target = usable.facts, resolve("kvm", None)
    print(facts.describe())
    print(
        f"seed {chosen.seed}, {chosen.rounds} rounds of {chosen.requests} requests, "
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )
    rates: dict[str, list[float]] = {}
    differ = False
    for number in range(chosen.rounds):
        regions = drawn(facts, chosen.seed + number, chosen.requests)
        ways: dict[str, Way] = {
            "bare ioctl": partial(by_bare_ioctl, regions),
            "guarded ioctl": partial(through_vm, regions),
            "target, not judged": partial(through_target, facts, regions),
            "target, judged": partial(judged, target, facts, regions),
        }
        answers: list[list[bool]] = []
        for name, way in ways.items():
            spent, accepted = way()
            rates.setdefault(name, []).append(len(regions) / spent)
            answers.append(accepted)
        differ |= any(accepted != answers[0] for accepted in answers)
    bare = rates["bare ioctl"]
    for name, rate in rates.items():
        times = median(b / r for b, r in zip(bare, rate, strict=True))
        print(f"  {name:20} {median(rate):9,.0f} requests/s   {times:6.2f} x bare")
    print("different answers in different ways" if differ else "the same answers")
    print(f"load at the end {os.getloadavg()[0]:.1f}")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
