"""A cluster plays the parts of a target; a worker that is lost loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from memslot_conformance.findings.records import (
    Found,
    Record,
    RunFinished,
    RunStarted,
    SearchEnded,
    TargetFailed,
)
from memslot_conformance.run.cluster import Cluster, ClusterError
from memslot_conformance.run.stream import read_stream
from memslot_conformance.targets.probe import probe
from part_records import timeless

distributed = pytest.importorskip(
    "distributed", reason="the extra 'cluster' is not installed"
)

WORKERS = 2

CHECK = ("check", "patch", "--scenarios", "24", "--seed", "3", "--layers", "sampled")


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


def begun(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The check, in a process of its own: constants are drawn of what is loaded."""
    words = (sys.executable, "-m", "memslot_conformance", *CHECK, *options)
    return subprocess.Popen(
        (*words, "--report-dir", str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def told(folder: Path) -> list[Record]:
    """What the check told that every run of it tells."""
    kept: list[Record] = []
    for record in timeless(read_stream(folder / "report.ndjson").records):
        match record:
            case RunStarted() | RunFinished():
                pass
            case Found():
                kept.append(replace(record, file=None))
            case SearchEnded():
                kept.append(replace(record, why=""))
            case _:
                kept.append(record)
    return kept


def test_a_cluster_finds_what_is_found_here_though_a_worker_is_lost(
    address: str, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert begun(here).wait() == 1
    with distributed.Client(address.replace("dask://", "tcp://")) as client:
        pids: dict[str, int] = client.run(os.getpid)
        check = begun(there, "--executor", address)
        assert check.stderr is not None
        with check.stderr as lines:
            assert "FAIL" in lines.readline()
            os.kill(pids.popitem()[1], signal.SIGKILL)
            lines.read()
        assert check.wait() == 1
    assert any(isinstance(record, Found) for record in told(here))
    assert told(there) == told(here)
    records = read_stream(there / "report.ndjson").records
    assert not [record for record in records if isinstance(record, TargetFailed)]
    (ended,) = (record for record in records if isinstance(record, SearchEnded))
    assert ended.why.startswith(
        "all its scenarios were played; worker tcp://127.0.0.1:"
    )
    assert ended.why.endswith(
        " was lost on the way, and what had not ended there was played again"
    )


def test_a_target_that_the_workers_do_not_have_is_refused(address: str) -> None:
    odd = probe("py:odd_adapters:Shared", None)
    with (
        closing(Cluster(address)) as cluster,
        pytest.raises(ClusterError, match="patch is not the same on worker tcp://"),
    ):
        cluster.check([replace(odd, name="patch")], None)
