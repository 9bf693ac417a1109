"""A target that broke in what was asked of it: told, kept in a file, and made small.

It is no verdict. But whoever has to mend it needs what a finding has: the least that
does it, the operation, the thread, and a file that can be run again.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.findings.collect import Findings, no_json
from memslot_conformance.findings.parts import FailedPart
from memslot_conformance.findings.records import TargetFailed
from memslot_conformance.findings.trial import TargetBrokeError
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.shrunk import Shrunk
from memslot_spec.history.header import History
from memslot_spec.judging.blind import blind, without_points

TOO_LONG = "did not finish"
"""How it begins that something took too long, however long that was."""


def same_kind(one: str, other: str) -> bool:
    """Two faults are of one kind: the same class of exception, signal, or status."""
    return _kind(one) == _kind(other)


def _kind(message: str) -> str:
    first = message.partition("\n")[0]
    return TOO_LONG if first.startswith(TOO_LONG) else first.partition(":")[0]


def tell_fault(findings: Findings, broke: TargetBrokeError) -> None:
    """Send how it broke: as it was met, and once more when it is small."""
    fault, played = broke.fault, broke.played
    if played is None or findings.failures_dir is None:
        findings.send(_plain(findings, broke))
        return
    if no_json(History(findings.trial.header, played.events)) is not None:
        findings.send(_plain(findings, broke))
        return
    met = Shrunk(broke.scenario, played)
    findings.send(_told(findings, met, fault))

    def breaks(again: Played) -> bool:
        error = again.error
        return (
            error is not None
            and same_kind(error.message, fault.message)
            and type(error.operation) is type(fault.operation)
        )

    small = findings.made_small(met, breaks)
    error = small.played.error
    if small != met and error is not None:
        findings.send(replace(_told(findings, small, error), replaces=True))


def _plain(findings: Findings, broke: TargetBrokeError) -> TargetFailed:
    fault = broke.fault
    return TargetFailed(
        target=findings.target.name,
        what=fault.traceback or fault.message,
        last=f"{fault.operation!r} in {broke.scenario!r}",
        operation="" if fault.operation is None else repr(fault.operation),
        thread=fault.thread,
    )


def _told(findings: Findings, shrunk: Shrunk, fault: TargetFault) -> FailedPart:
    header, events = findings.trial.header, shrunk.played.events
    if findings.trial.is_blind:
        header, events = blind(header), without_points(events)
    return FailedPart(
        target=findings.target.name,
        what=fault.traceback or fault.message,
        last=f"{fault.operation!r} in {shrunk.scenario!r}",
        operation="" if fault.operation is None else repr(fault.operation),
        thread=fault.thread,
        fault=fault.message,
        scenario=shrunk.scenario,
        schedule=shrunk.played.schedule,
        history=History(header, events),
    )
