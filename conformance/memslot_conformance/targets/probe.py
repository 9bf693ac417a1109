"""What a target says of itself before anything is asked of it.

It is loaded in a process of its own: a target that breaks when it is loaded
breaks nothing else. Names that are not targets are told apart from that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from memslot_conformance.targets.c.sanitizer import is_there, runtime_of
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.described import described_by, described_elsewhere
from memslot_conformance.targets.isolation import (
    Broken,
    isolated,
)
from memslot_conformance.targets.resolve import (
    UnavailableTargetError,
    UnknownTargetError,
)
from memslot_conformance.targets.worker import Send, lift_memory_limit
from memslot_spec.clause import AnyClause
from memslot_spec.history.header import Header
from memslot_spec.history.wire import read_history
from memslot_spec.judging.applies import not_applicable
from memslot_spec.model.profile import LINUX

SECONDS = 60.0
"""Loading a target takes no longer than this."""

ANSWER, UNKNOWN, UNAVAILABLE = "answer", "unknown", "unavailable"


class NoSuchTargetError(Exception):
    """The name, or the profile it is to be held to, is none; the message says why."""


class NotHereError(Exception):
    """The target cannot be had here; the message is one line saying why."""


class TargetBrokenError(Exception):
    """The target broke."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.what)
        self.broken = broken


@dataclass(frozen=True, slots=True)
class Probed:
    """A target that could be loaded."""

    name: str
    description: str
    header: Header

    def applicable(self, clauses: tuple[AnyClause, ...]) -> tuple[AnyClause, ...]:
        """The clauses that the target can be held to."""
        return tuple(c for c in clauses if not_applicable(c, self.header) is None)


def probe(name: str, profile: str | None, *, seconds: float = SECONDS) -> Probed:
    """Load the target and make one instance of it, in so many seconds.

    Errors: `NoSuchTargetError`, `NotHereError`, `TargetBrokenError`.
    """
    if name == "kvm" and profile not in {None, LINUX.name}:
        message = f"target kvm is held to profile {LINUX.name}, not to {profile}"
        raise NoSuchTargetError(message)

    def look(_: CrashRecord) -> dict[str, str]:
        runtime = runtime_of(name)
        if runtime is None or is_there(runtime):
            return described_by(name, profile)
        lift_memory_limit()
        return described_elsewhere(name, profile, runtime)

    said = asked(look, seconds=seconds)
    header = read_history(said["header"].splitlines(keepends=True), name).header
    return Probed(name, said["description"], header)


def asked(
    question: Callable[[CrashRecord], dict[str, str]], *, seconds: float
) -> dict[str, str]:
    """What a question about a target answers, put in a process of its own.

    Errors: as `probe`.
    """
    told: dict[str, dict[str, str]] = {}

    def work(send: Send, crash: CrashRecord) -> None:
        try:
            said = {ANSWER: question(crash)}
        except UnknownTargetError as error:
            said = {UNKNOWN: {"why": str(error)}}
        except UnavailableTargetError as error:
            said = {UNAVAILABLE: {"why": str(error)}}
        send(json.dumps(said))

    def take(line: str) -> None:
        told.update(json.loads(line))

    broken = isolated(work, take, seconds=seconds)
    if broken is not None:
        raise TargetBrokenError(broken)
    if UNKNOWN in told:
        raise NoSuchTargetError(told[UNKNOWN]["why"])
    if UNAVAILABLE in told:
        raise NotHereError(told[UNAVAILABLE]["why"])
    return told[ANSWER]
