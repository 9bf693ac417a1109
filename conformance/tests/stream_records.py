"""Records of a run that never was, and the stream they make."""

from __future__ import annotations

from pathlib import Path

from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
)
from memslot_conformance.run.stream import (
    ReadStream,
    StreamWriter,
    read_stream,
)
from memslot_conformance.scenarios.scenario import Run
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Refused
from memslot_spec.model.values import Errno, MemoryRegion

STARTED = RunStarted(
    version="0.1.0",
    started="2026-11-22T12:00:00+00:00",
    level="quick",
    seed=7,
    targets=("one", "two"),
    clauses=3,
    host="Linux",
)
HISTORY = History(
    Header(
        target="one",
        profile="linux",
        limits=Limits(),
        capabilities=Capabilities(operations=("SetRegion",)),
    ),
    (
        Call(0, SetRegion(MemoryRegion(0, 0, 0, 0))),
        Return(0, Refused(Errno.EINVAL)),
        Finished(0, ()),
    ),
)
RECORDS: tuple[Record, ...] = (
    STARTED,
    TargetSkipped(target="two", reason="not here"),
    TargetStarted(
        target="one",
        profile="linux",
        description="a target",
        interleaving="points",
        operations=("SetRegion",),
        not_applicable={"MMU-1": "it has none"},
    ),
    LayerDone(
        target="one",
        layer="fixed",
        scenarios=1,
        schedules=2,
        steps=3,
        seconds=0.5,
        covered="all",
        reached={"REQ-1": 4},
        cut=None,
    ),
    Found(
        target="one",
        clause="REQ-1",
        layer="fixed",
        seconds=0.25,
        updates=1,
        readers=1,
        preemptions=2,
        operations=3,
        step=4,
        expected="a",
        observed="b\ud800\u2028",
        history=HISTORY,
        schedule=(Run(1, 2), Run(2, 1)),
        unkept="No space left on device",
    ),
    TargetFailed(target="one", what="broke", last="a call"),
    TargetFinished(target="one", seconds=1),
    RunFinished(exit_status=1, seconds=2.0),
)


def written(folder: Path, *records: Record) -> Path:
    path = folder / "report.ndjson"
    with StreamWriter(path) as stream:
        for record in records:
            stream.write(record)
    return path


def read_text(folder: Path, text: str) -> ReadStream:
    path = folder / "report.ndjson"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return read_stream(path)
