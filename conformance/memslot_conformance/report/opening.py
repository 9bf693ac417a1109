"""What a check is about to do, before it does it; or instead, with `--list`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Record,
    RunStarted,
    TargetFailed,
    TargetSkipped,
)
from memslot_conformance.report.rendering import columns, labelled, line, rendered
from memslot_conformance.report.terminal import header
from memslot_conformance.run.request import LEVEL_SECONDS, CheckRequest, Present
from memslot_spec.history.words.names import count


def opening(
    started: RunStarted,
    plans: Sequence[TargetPlan],
    jobs: int,
    file: Path,
    told: Sequence[Record],
) -> Iterator[str]:
    """What will be done, where its report goes, and which targets are not here."""
    yield from header(started)
    yield from budget(plans, jobs)
    yield from rendered([labelled("report", str(file))])
    for record in told:
        if isinstance(record, TargetSkipped):
            skipped = f"{record.target}: {record.reason}"
            yield from rendered([labelled("skipped", skipped)])
    yield ""


def budget(plans: Sequence[TargetPlan], jobs: int) -> list[str]:
    """What the targets may take, where there are any."""
    if not plans:
        return []
    share, most = _share(plans[0]), max(plan.parts for plan in plans)
    if most > 1:
        up_to = "" if all(plan.parts == most for plan in plans) else "up to "
        share = f"{share}, in {up_to}{most} parts"
    return rendered([labelled("budget", f"{share}, {jobs} at a time")])


def _share(plan: TargetPlan) -> str:
    """What a target may take."""
    if plan.scenarios is None:
        return f"{plan.seconds:g} s for each target"
    return f"{count(plan.scenarios, 'scenario')} of each drawn layer and target"


def _most(request: CheckRequest) -> str:
    """What one target may take, before it is known how they share it."""
    if request.scenarios is not None:
        return f"{count(request.scenarios, 'scenario')} of each drawn layer"
    return f"{LEVEL_SECONDS[request.level]:g} s at this level"


def listing(request: CheckRequest, present: Present) -> list[str]:
    """What would run and what it needs, a paragraph for each target."""
    parts: list[RenderableType] = []
    for name, probed in present.probed.items():
        has = probed.header.capabilities
        applicable = len(probed.applicable(request.clauses))
        rows = [
            ("profile", probed.header.profile),
            ("interleaving", has.interleaving.value),
            ("operations", ", ".join(has.operations)),
            ("layers", ", ".join(request.layers)),
            ("clauses", f"{applicable} of {len(request.clauses)} apply"),
            ("needs", NEEDS.get(name.partition(":")[0], NEEDS[""])),
            ("at most", _most(request)),
        ]
        parts += [line(f"{name}  {probed.description}"), columns(rows, indent=2)]
    for record in present.told:
        if isinstance(record, TargetSkipped):
            parts.append(line(f"{record.target}  would be skipped: {record.reason}"))
        elif isinstance(record, TargetFailed):
            parts.append(line(f"{record.target}  cannot be loaded: {record.what}"))
    return rendered(parts)


NEEDS = {
    "": "nothing beyond this package",
    "py": "its module, found in the working directory or on sys.path",
    "kvm": "read and write permission on /dev/kvm",
}
"""What a target of this kind needs to run."""
