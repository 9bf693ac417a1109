"""What is shown of a file that was judged: how to see it again, by what it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from judged_histories import BLIND
from memslot_conformance.findings.failure_file import RecordedFailure, write_failure
from memslot_conformance.report.recorded import judged
from memslot_conformance.report.table import Look
from memslot_conformance.run.rejudge import judge_file
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import Capabilities, History
from memslot_spec.history.wire import history_to_json
from memslot_spec.model.operations import MemslotId
from memslot_spec.model.replies import FoundId

OF = (BLIND.target, BLIND.profile)

HISTORY = History(
    replace(BLIND, capabilities=Capabilities(operations=("MemslotId", "SetRegion"))),
    (Call(0, MemslotId(3)), Return(0, FoundId(7)), Finished(0, ())),
)


def write_history(path: Path) -> None:
    path.write_text(history_to_json(HISTORY), encoding="utf-8")


def write_as_failure(path: Path) -> None:
    scenario = Scenario((MemslotId(3),))
    failure = RecordedFailure(*OF, "LOOK-7", scenario, (), HISTORY)
    write_failure(path, failure)


@pytest.mark.parametrize(
    ("write", "verb"), [(write_history, "judge"), (write_as_failure, "replay")]
)
def test_a_file_is_shown_again_by_the_command_that_is_for_it(
    tmp_path: Path, write: Callable[[Path], None], verb: str
) -> None:
    path = tmp_path / "one.ndjson"
    write(path)
    text, _ = judged(path, judge_file(path), Look(width=200))
    assert text.startswith("{}: target {}, profile {}, 3 events\n\n".format(path, *OF))
    assert re.search(
        rf"^  again +memslots {verb} {re.escape(str(path))}$", text, re.MULTILINE
    )
