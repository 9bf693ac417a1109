"""After a crash or a hang: the same is asked again, and what is stuck is proved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event

import pytest

import faulty_adapters
from command_line import go_into, memslots
from faulty_adapters import SLOT, THERE
from memslot_conformance.clock import Clock
from memslot_conformance.findings.failure_file import (
    RecordedFailure,
    read_failure,
    write_failure,
)
from memslot_conformance.findings.faults import TOO_LONG
from memslot_conformance.findings.parts import FailedPart, FoundPart, PartSaid
from memslot_conformance.run.aftermath import PROOFS, Aftermath, hung_again
from memslot_conformance.scenarios.noted import note, note_one_more, noted
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.attempts import Patience
from memslot_conformance.targets.crash_record import BOX, CrashRecord
from memslot_conformance.targets.isolation import Broken
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Finished
from memslot_spec.history.events import Event as HistoryEvent
from memslot_spec.history.header import History
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.values import MemoryRegion
from toy_workers import HANGS, plan

SEGV = "was killed by signal 11 (SIGSEGV)"
HUNG = f"{TOO_LONG} within 14 seconds"


def create(slot: int) -> SetRegion:
    return SetRegion(MemoryRegion(slot, 0x10000 * (slot + 1), 0x4000, 1 << 30))


ASKED = Scenario((create(0), create(1), create(SLOT), create(2)))
STUCK = Patience(limit=HANGS, quiet=0.3)
"""However slow the machine is, what is stuck rests so long some time."""


def once_it_is_there() -> Clock:
    """Stands still until the target is where it takes long, and then runs fast."""
    times = count(1000.0, 1000.0)
    return lambda: next(times) if Path(THERE).exists() else 0.0


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)
    here = str(Path(faulty_adapters.__file__).parent)
    monkeypatch.setattr(sys, "path", [here, *sys.path])


def box(scenario: Scenario, *more: Operation) -> tuple[bytes, ...]:
    with closing(CrashRecord()) as crash:
        note(crash, scenario)
        for operation in more:
            note_one_more(crash, operation)
        return crash.kept()


def after(
    adapter: str, what: str, patience: Patience, scenario: Scenario = ASKED
) -> tuple[Broken, tuple[PartSaid, ...]]:
    asked = replace(
        plan(f"py:faulty_adapters:{adapter}"),
        failures_dir="failures",
        clauses=tuple(clause.id for clause in CLAUSES),
    )
    broken = Broken(what, "", box(scenario))
    return Aftermath(asked, broken, Event(), patience).told()


@pytest.mark.parametrize(
    ("adapter", "what"),
    [("Crashes", SEGV), ("Exits", "exited with status 0 before it was done")],
)
def test_a_crash_is_made_small_and_can_be_run_again(adapter: str, what: str) -> None:
    broken, (failed,) = after(adapter, what, Patience(limit=HANGS))
    assert isinstance(failed, FailedPart)
    assert failed.scenario == Scenario((create(SLOT),))
    assert failed.history.events == (Call(0, create(SLOT)),)
    assert (failed.operation, failed.thread) == (repr(create(SLOT)), 0)
    assert failed.fault == failed.what == broken.what == what


@pytest.mark.parametrize("what", [SEGV, HUNG])
def test_what_does_not_come_again_is_told_as_it_was(what: str) -> None:
    broken, told = after("Sound", what, Patience(limit=HANGS))
    assert (broken.what, told) == (what, ())


@pytest.mark.parametrize("adapter", ["Deadlocks", "Joins"])
def test_who_waits_for_itself_for_ever_breaks_the_law(adapter: str) -> None:
    broken, (found, failed) = after(adapter, HUNG, STUCK)
    assert isinstance(found, FoundPart)
    assert (found.clause, found.came_again, found.replays) == ("PROG-1", PROOFS, PROOFS)
    assert found.scenario == Scenario((create(SLOT),))
    assert found.history is not None
    assert found.history.events == (Call(0, create(SLOT)), Finished(0, (0,)))
    assert isinstance(failed, FailedPart)
    assert "stuck: 3 times the same operations" in broken.what
    assert f'"{faulty_adapters.__file__}", line' in broken.what


@pytest.mark.parametrize(
    "adapter",
    [
        *("Sleeps", "Spins", "WaitsForChild", "WaitsForSocket", "WaitsForSignal"),
        "WaitsForAWhile",
    ],
)
def test_who_is_slow_is_not_wrong_and_is_told_with_its_stack(adapter: str) -> None:
    patience = Patience(limit=1.0, quiet=1e9, clock=once_it_is_there())
    broken, (failed,) = after(adapter, HUNG, patience, Scenario((create(SLOT),)))
    assert isinstance(failed, FailedPart)
    assert failed.fault == HUNG
    assert "is slow and not wrong" in broken.what
    assert f'"{faulty_adapters.__file__}", line' in broken.what
    assert "memslot_conformance" not in broken.what


def test_what_the_suite_withholds_is_no_proof() -> None:
    """One thread is stopped at a point with a lock, for which the other waits."""
    race = Scenario(threads=((create(0),), (create(1),)))
    broken, (failed,) = after("HoldsALock", HUNG, STUCK, race)
    assert isinstance(failed, FailedPart)
    assert failed.scenario == race
    assert failed.schedule
    assert "is slow and not wrong" in broken.what


def test_what_is_noted_is_read() -> None:
    more = create(5), create(6)
    assert noted(box(ASKED, *more)) == replace(ASKED, prefix=(*ASKED.prefix, *more))
    assert noted(box(Scenario(), *more)) == Scenario(more)


@pytest.mark.parametrize(
    "wrong", [(), (b"",), (b"\xff",), (b"{}", b"{}"), (b"\x80\x04N.",), (b"[1",)]
)
def test_what_is_no_note_is_not_read(wrong: tuple[bytes, ...]) -> None:
    assert noted(wrong) is None


def pieces() -> Iterator[bytes]:
    yield from (b"", b"one", b"another")


def test_a_box_keeps_pieces_and_no_half_of_what_is_too_much() -> None:
    with closing(CrashRecord()) as crash:
        assert crash.kept() == ()
        crash.keep(*pieces())
        assert crash.kept() == tuple(pieces())
        crash.add(bytes(BOX))
        crash.add(b"more")
        assert crash.kept() == ()
        crash.keep(b"anew")
        assert crash.kept() == (b"anew",)


def failure(adapter: str, clause: str, fault: str, *, stuck: bool) -> RecordedFailure:
    target = resolve(f"py:faulty_adapters:{adapter}")
    called: tuple[HistoryEvent, ...] = (Call(0, create(SLOT)),)
    events = (*called, Finished(0, (0,))) if stuck else called
    return RecordedFailure(
        target.name,
        target.profile.name,
        clause,
        Scenario((create(SLOT),)),
        (),
        History(target.header, events),
        fault=fault,
    )


def test_a_failure_that_hung_is_tried_once_more() -> None:
    again = hung_again(failure("Deadlocks", "PROG-1", "", stuck=True), STUCK)
    assert again is not None
    assert again.stuck
    mended = failure("Sound", "PROG-1", "", stuck=True)
    assert hung_again(mended, STUCK) is None
    assert hung_again(failure("Crashes", "", SEGV, stuck=False), STUCK) is None


@pytest.mark.parametrize(
    ("adapter", "fault", "said", "status"),
    [
        ("Crashes", SEGV, f"the target broke again: {SEGV}", 1),
        ("Raises", "KeyError: 3", "the target broke again: KeyError: 3", 1),
        ("Sound", SEGV, f"the target did not break this time, as it had: {SEGV}", 3),
        ("Raises", SEGV, "the target did not break this time, as it had", 3),
    ],
)
def test_a_fault_is_replayed_as_a_finding_is(
    adapter: str, fault: str, said: str, status: int
) -> None:
    write_failure(Path("f.ndjson"), failure(adapter, "", fault, stuck=False))
    result = memslots("replay", "f.ndjson")
    assert said in " ".join(result.output.split())
    assert result.exit_code == status


def test_a_check_tells_a_fault_in_three_lines_and_keeps_it() -> None:
    check = ("check", "py:faulty_adapters:Raises", "--layers", "fixed", "--jobs", "1")
    result = memslots(*check, "--seed", "1", "--report-dir", "r")
    (file,) = Path("r/failures").glob("*-error-1.ndjson")
    kept = read_failure(file)
    assert kept.scenario.operations == 1
    assert kept.fault == "KeyError: 3"
    lines = result.stdout.splitlines()
    first = lines.index("ERROR py:faulty_adapters:Raises  KeyError: 3") + 1
    operation, thread, exception, again = lines[first : first + 4]
    assert operation.startswith("  operation  SetRegion(region=MemoryRegion(slot=3,")
    assert thread == "  thread     T0"
    assert exception == "  exception  KeyError: 3"
    assert again == f"  again      memslots replay {file}"
    assert memslots("replay", str(file)).exit_code == 1
