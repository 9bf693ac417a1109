"""A check as it was asked for, and the targets as they were found."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from memslot_conformance.findings.records import Record
from memslot_conformance.targets.probe import Probed
from memslot_spec.clause import AnyClause

LEVEL_SECONDS = {"quick": 40.0, "standard": 240.0, "deep": 3600.0}
"""What one target may take, unless `--max-time` says something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """A check as it was asked for; `targets` is empty where none was named.

    With `scenarios`, each drawn layer of a target plays so many, and no clock ends
    anything; `executor` is the address of a cluster that plays them.
    """

    targets: tuple[str, ...]
    profile: str | None
    level: str
    seed: int
    clauses: tuple[AnyClause, ...]
    layers: tuple[str, ...]
    max_time: float | None
    jobs: int
    report_dir: Path | None
    strict: bool = False
    blind: bool = False
    verbose: bool = False
    first: bool = False
    engine: str = "seeded"
    scenarios: int | None = None
    executor: str | None = None
    options: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command line that asks for the same again."""
        words = ("memslots", "check", *self.targets, *self.options)
        return shlex.join((*words, "--level", self.level, "--seed", str(self.seed)))


@dataclass(slots=True)
class Present:
    """The targets as they were found: those that can run, and why others cannot."""

    probed: dict[str, Probed] = field(default_factory=dict[str, Probed])
    told: list[Record] = field(default_factory=list[Record])
    names: list[str] = field(default_factory=list[str])
