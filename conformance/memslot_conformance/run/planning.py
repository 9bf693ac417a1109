"""What is to be played of each target, and in how many parts.

Where the time counts, the workers that may run at the same time are shared out among
the targets, or among those that are left when the others are over: each part is a
worker. Where scenarios are counted, the parts follow from
their number alone, so that a seed draws the same whatever the workers.
"""

from __future__ import annotations

from pathlib import Path

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.layers.drawn import ENGINES
from memslot_conformance.run.request import LEVEL_SECONDS, CheckRequest, Present
from memslot_conformance.targets.probe import Probed
from memslot_spec.history.header import Interleaving

LEAST_PARTS = 32
"""So many parts a counted target has at least, so that few workers end together."""

PART_SCENARIOS = 100
"""So many scenarios of each drawn layer a part has at most."""

PART_SECONDS = 600.0
"""What a counted part may take before it hangs."""

KERNEL = "kvm"


def plans_of(
    request: CheckRequest, present: Present, failures: Path
) -> list[TargetPlan]:
    """A plan for each target that can run."""
    if not present.probed:
        return []
    seconds = LEVEL_SECONDS[request.level]
    if request.scenarios is not None:
        seconds = PART_SECONDS
    elif request.max_time is not None:
        rounds = -(-len(present.probed) // request.jobs)
        seconds = request.max_time / rounds
    workers = _workers(len(present.probed), request.jobs)
    return [
        TargetPlan(
            target=name,
            profile=request.profile,
            level=request.level,
            seed=request.seed,
            layers=request.layers,
            clauses=tuple(clause.id for clause in request.clauses),
            seconds=seconds,
            failures_dir=str(failures),
            blind=request.blind,
            stop_at_first=request.first,
            engine=request.engine,
            parts=_parts(request, probed, of_it),
            scenarios=request.scenarios,
        )
        for of_it, (name, probed) in zip(workers, present.probed.items(), strict=True)
    ]


def _workers(targets: int, jobs: int) -> list[int]:
    """How many workers play each target: one, until too few targets are left."""
    alone = targets // jobs * jobs
    last = targets - alone
    return [1] * alone + [(jobs + last - 1 - nth) // last for nth in range(last)]


def stays_here(probed: Probed) -> bool:
    """It is not played on other machines: it is this one, or wants all of one."""
    threads = probed.header.capabilities.interleaving is Interleaving.THREADS
    return threads or probed.name == KERNEL


def _parts(request: CheckRequest, probed: Probed, workers: int) -> int:
    """How many parts a target has, whose share of the workers is so many.

    A target that owns its threads has one: what it shows depends on their running
    side by side. So has a search by solver, which is not divided by a seed.
    """
    if probed.header.capabilities.interleaving is Interleaving.THREADS:
        return 1
    if request.engine != ENGINES[0]:
        return 1
    if request.executor is not None and stays_here(probed):
        return 1
    if request.scenarios is not None:
        return max(LEAST_PARTS, -(-request.scenarios // PART_SCENARIOS))
    return workers
