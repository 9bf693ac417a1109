"""The parts of a target's work on other machines, by a Dask cluster.

This needs the extra `cluster`, here and on the cluster's workers; so its library is
loaded by name. A worker forks for each part as it is done here, so what a target does
to its process costs a part and not the worker. A worker that is lost costs nothing: the
cluster plays again what it had not finished.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from concurrent.futures import Executor, Future, wait
from importlib.util import find_spec
from threading import Event, Lock

from memslot_conformance.environment import version
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.run.part_run import Collected, WorkerLimits, collect
from memslot_conformance.targets.isolation import Broken, StoppedError
from memslot_conformance.targets.probe import (
    NoSuchTargetError,
    NotHereError,
    Probed,
    TargetBrokenError,
    probe,
)

SCHEME = "dask://"
LIBRARY = "distributed"
COMMAND = (
    "memslot_conformance.cli.command",
    "memslot_conformance.cli.check",
)
"""What loads all that `memslots check` has loaded when it hands out a part."""

INSTALL = "pip install 'memslots[cluster]'"

AGAIN = "what had not ended there was played again"

WAKE_SECONDS = 0.2
"""How often a part that is played elsewhere looks whether it is still wanted."""

CONNECT_SECONDS = 20
"""A scheduler that does not answer within this is not there."""


class ClusterError(Exception):
    """The cluster cannot be had, or cannot play this; the message says why."""


class Cluster:
    """A cluster that is connected to; it is left, and not ended, with `close`.

    Errors: `ClusterError`.
    """

    def __init__(self, address: str) -> None:
        if find_spec(LIBRARY) is None:
            message = f"--executor {address} needs the extra 'cluster': {INSTALL}"
            raise ClusterError(message)
        where = address.replace(SCHEME, "tcp://", 1)
        try:
            self._client = importlib.import_module(LIBRARY).Client(
                where, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            message = f"no scheduler answers at {address}: {error}"
            raise ClusterError(message) from error
        self._executor: Executor = self._client.get_executor()
        self._lock = Lock()
        self._seen: set[str] = set()
        threads = self._threads()
        if not threads:
            self.close()
            message = f"the cluster at {address} has no workers"
            raise ClusterError(message)
        self.slots = sum(threads.values())

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()

    def check(self, targets: Iterable[Probed], profile: str | None) -> None:
        """Look whether every worker has the same targets.

        Errors: `ClusterError` says which worker has not, and what it has.
        """
        for target in targets:
            here = _said(version(), target)
            try:
                there = self._client.run(described, target.name, profile)
            except (ImportError, AttributeError) as error:
                message = f"the cluster's workers have no such memslots: {error}"
                raise ClusterError(message) from error
            for worker, what in there.items():
                if what != here:
                    message = (
                        f"{target.name} is not the same on worker {worker}: {what}"
                    )
                    raise ClusterError(message)

    def play(self, plan: TargetPlan, limits: WorkerLimits, stop: Event) -> Collected:
        """Have a worker play a part; what it said. Errors: `StoppedError`."""
        self._threads()
        future = self._executor.submit(collected_there, plan, limits)
        while not wait((future,), WAKE_SECONDS).done:
            if stop.is_set():
                future.cancel()
                raise StoppedError
        return _result(future)

    def note(self) -> str:
        """Which workers were lost on the way, in words; nothing where none was."""
        there = self._threads()
        with self._lock:
            lost = sorted(self._seen - there.keys())
        if not lost:
            return ""
        if len(lost) == 1:
            return f"worker {lost[0]} was lost on the way, and {AGAIN}"
        return f"workers {', '.join(lost)} were lost on the way, and {AGAIN}"

    def _threads(self) -> dict[str, int]:
        """How many parts each worker plays at a time; who was there is remembered."""
        threads: dict[str, int] = self._client.nthreads()
        with self._lock:
            self._seen |= threads.keys()
        return threads


def collected_there(plan: TargetPlan, limits: WorkerLimits) -> Collected:
    """Play a part with all loaded that the command has loaded where it runs.

    Of the modules of a checkout Hypothesis draws constants, so what is loaded is a part
    of what a seed means; of an installed package it draws none.
    """
    for name in COMMAND:
        importlib.import_module(name)
    return collect(plan, limits)


def described(name: str, profile: str | None) -> str:
    """What a target says of itself where this is called, and by which version."""
    try:
        return _said(version(), probe(name, profile))
    except (NoSuchTargetError, NotHereError, TargetBrokenError) as error:
        return str(error)


def _said(by: str, target: Probed) -> str:
    return f"memslots {by}, {target.header}"


def _result(future: Future[Collected]) -> Collected:
    """What a part said; where the cluster gave it up, that its worker broke."""
    if future.cancelled():
        return Collected((), 0.0, Broken("was given up by the cluster", ""))
    error = future.exception()
    if error is not None:
        what = f"was given up by the cluster: {type(error).__name__}: {error}"
        return Collected((), 0.0, Broken(what, ""))
    return future.result()
