"""A cluster plays the parts of a target; a worker that is lost loses nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

import pytest

from memslot_conformance.findings.records import (
    Found,
    Record,
    SearchEnded,
    TargetFailed,
    TargetPlan,
    latest,
)
from memslot_conformance.run import campaign
from memslot_conformance.run.cluster import Cluster, ClusterError
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.targets.probe import probe
from memslot_spec.clauses import CLAUSES
from part_records import timeless

distributed = pytest.importorskip(
    "distributed", reason="the extra 'cluster' is not installed"
)

WORKERS = 2

PLAN = TargetPlan(
    target="patch",
    profile=None,
    level="quick",
    seed=7,
    layers=("sampled",),
    clauses=tuple(clause.id for clause in CLAUSES),
    seconds=600.0,
    parts=6,
    scenarios=12,
)


@pytest.fixture
def address() -> Generator[str]:
    """Two workers on this machine, that nobody else can reach."""
    with distributed.LocalCluster(
        n_workers=WORKERS,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
    ) as local:
        yield local.scheduler_address.replace("tcp://", "dask://")


def held(records: list[Record]) -> list[Record]:
    """What is the same in every run."""
    return [
        replace(record, why="") if isinstance(record, SearchEnded) else record
        for record in timeless(latest(records))
    ]


def test_a_cluster_finds_what_is_found_here_though_a_worker_is_lost(
    address: str,
) -> None:
    here: list[Record] = []
    campaign.run([PLAN], jobs=2, limits=WorkerLimits(), on_record=here.append)
    there: list[Record] = []
    with closing(Cluster(address)) as cluster:
        assert cluster.slots == WORKERS
        cluster.check([probe("patch", None)], None)
        with distributed.Client(address.replace("dask://", "tcp://")) as client:
            pids: dict[str, int] = client.run(os.getpid)

        def hear(record: Record) -> None:
            there.append(record)
            if isinstance(record, Found) and len(pids) == WORKERS:
                os.kill(pids.popitem()[1], signal.SIGKILL)

        campaign.run(
            [PLAN], jobs=2, limits=WorkerLimits(), on_record=hear, elsewhere=cluster
        )
    assert len(pids) == WORKERS - 1
    assert any(isinstance(record, Found) for record in here)
    assert held(there) == held(here)
    assert not [record for record in there if isinstance(record, TargetFailed)]
    (ended,) = (record for record in there if isinstance(record, SearchEnded))
    assert ended.why.startswith(
        "all its scenarios were played; worker tcp://127.0.0.1:"
    )
    assert ended.why.endswith(" lost on the way, and nothing with them")


def test_a_target_that_the_workers_do_not_have_is_refused(address: str) -> None:
    odd = probe("py:odd_adapters:Shared", None)
    with (
        closing(Cluster(address)) as cluster,
        pytest.raises(ClusterError, match="patch is not the same on worker tcp://"),
    ):
        cluster.check([replace(odd, name="patch")], None)
