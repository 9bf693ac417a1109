"""Entries of the two catalogues: what each says, how one is chosen, and a round.

The museum has mutants and the lawful wing has variants. Both belong to the
reference, are targets by name, and are played alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import Record
from memslot_conformance.layers import layers
from memslot_conformance.run import campaign
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.spelling import close_to


class Entry(Protocol):
    """One implementation that a catalogue has by name."""

    @property
    def name(self) -> str:
        """What it is called after the catalogue's `museum:` or `lawful:`."""
        ...

    @property
    def profile(self) -> str:
        """The name of the profile it is to be held to."""
        ...

    @property
    def source(self) -> str:
        """The commit, CVE, issue, code or document it is known from."""
        ...

    @property
    def tag(self) -> str:
        """How that is known."""
        ...

    @property
    def clauses(self) -> tuple[str, ...]:
        """The ids of the clauses that it is in the catalogue for."""
        ...


AnEntry = TypeVar("AnEntry", bound=Entry)


class UnknownEntryError(Exception):
    """The catalogue has no such entry; the message says what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the entries are played."""

    level: str
    seed: int
    seeds: int
    layers: tuple[str, ...]
    seconds: float
    jobs: int
    blind: bool = False


def by_name(
    catalogue: Sequence[AnEntry], names: Sequence[str], *, kind: str, listed_by: str
) -> tuple[AnEntry, ...]:
    """The entries of these names, each once, or all. Errors: `UnknownEntryError`.

    `kind` is what an entry is called, `listed_by` the command that names them.
    """
    known = {entry.name: entry for entry in catalogue}
    for name in names:
        if name not in known:
            hint = close_to(name, known)
            message = f"no {kind} {name!r}; `{listed_by}` names them.{hint}"
            raise UnknownEntryError(message)
    return tuple(known[name] for name in dict.fromkeys(names or known))


def play_round(
    prefix: str,
    entries: Sequence[AnEntry],
    settings: Settings,
    seed: int,
    clauses: Callable[[AnEntry], tuple[str, ...]],
    *,
    stop_at_first: bool = False,
) -> dict[str, list[Record]]:
    """What is recorded of each entry, by its name, in one run with this seed."""
    heard: dict[str, list[Record]] = {prefix + entry.name: [] for entry in entries}

    def hear(record: Record) -> None:
        heard[str(getattr(record, "target", ""))].append(record)

    plans = [
        TargetPlan(
            target=prefix + entry.name,
            profile=entry.profile,
            level=settings.level,
            seed=seed,
            layers=settings.layers,
            clauses=clauses(entry),
            seconds=settings.seconds,
            blind=settings.blind,
            stop_at_first=stop_at_first,
        )
        for entry in entries
    ]
    campaign.run(
        plans,
        jobs=settings.jobs,
        limits=WorkerLimits(),
        on_record=hear,
        work=layers.run_target,
    )
    return {target.removeprefix(prefix): said for target, said in heard.items()}
