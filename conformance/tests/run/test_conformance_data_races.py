"""What ThreadSanitizer sees of a library in C is a finding of its own kind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from c_libraries import elsewhere, needs_c
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import DataRace, RunStarted, TargetFinished
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.part_run import WorkerLimits, collect, said
from memslot_conformance.run.preloaded import run_part
from memslot_conformance.run.stream import RECORD
from memslot_conformance.targets.c.sanitizer import reports, runtime_of
from memslot_conformance.targets.probe import probe
from memslot_conformance.targets.resolve import UnknownTargetError, resolve
from memslot_spec.clauses import CLAUSES

ROUNDS = 300

WRITTEN = """\
==================
WARNING: ThreadSanitizer: data race (pid=12)
  Read of size 4 at 0x7b68 by thread T8:
    #0 place_of /home/x/requests.h:98 (libmine.so+0x13e7)
    #1 gfn_to_memslot /home/x/table.c:95 (libmine.so+0x13e7)
    #2 ffi_call_unix64 <null> (_cffi_backend.cpython-311.so+0x29051)

  Previous write of size 8 at 0x7b68 by thread T9 (mutexes: write M455):
    #0 malloc ../../libsanitizer/tsan/tsan_interceptors_posix.cpp:647 (libtsan.so.2+0x3)
    #1 publish /home/x/table.c:47 (libmine.so+0x14e2)

  Location is heap block of size 1296 at 0x7b68 allocated by thread T9:
    #0 malloc ../../libsanitizer/tsan/tsan_interceptors_posix.cpp:647 (libtsan.so.2+0x3)

SUMMARY: ThreadSanitizer: data race /home/x/requests.h:98 in place_of
==================
"""

READER = """\
Read of size 4 at 0x7b68 by thread T8:
  in place_of at requests.h:98
  in gfn_to_memslot at table.c:95"""

WRITER = """\
Previous write of size 8 at 0x7b68 by thread T9 (mutexes: write M455):
  in publish at table.c:47"""

RACE = DataRace(
    target="c:./libmine.so",
    what="data race: requests.h:98 in place_of",
    stacks=(READER, WRITER),
)


def watched(folder: Path, planted: str) -> str:
    """The table that is published by one store, built for ThreadSanitizer."""
    flags = ("-O1", "-fsanitize=thread")
    if not _has_run_time():
        pytest.skip("gcc has no libtsan: nothing is watched")
    return elsewhere("published", folder, planted, *flags)


def _has_run_time() -> bool:
    if shutil.which("gcc") is None:
        return False
    told = subprocess.run(
        ["gcc", "-print-file-name=libtsan.so"],  # noqa: S607 - it was looked for
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return Path(told.strip()).is_absolute()


def races_of(target: str) -> list[DataRace]:
    """What is reported in so many rounds, in a worker that ends by itself."""
    plan = TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=1,
        layers=("sampled",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=600.0,
        plays=ROUNDS,
    )
    collected = collect(plan, WorkerLimits(), work=run_part)
    assert collected.broken is None
    records = [said(line, plan) for line in collected.lines]
    assert isinstance(records[-1], TargetFinished)
    return [record for record in records if isinstance(record, DataRace)]


def test_a_report_is_read_without_the_frames_of_who_called() -> None:
    (told,) = reports(WRITTEN + WRITTEN, "libmine.so")
    assert told.what == RACE.what
    assert told.stacks == RACE.stacks


def test_a_report_of_what_is_no_code_of_the_library_is_none_of_it() -> None:
    inside_libc = WRITTEN.replace("(libmine.so+0x14e2)", "(libc.so.6+0x14e2)")
    assert not reports(inside_libc, "libmine.so")
    unknown = "    [failed to restore the stack]"
    lost = "\n".join(
        unknown if "#0 malloc" in line else line
        for line in WRITTEN.splitlines()
        if "#1 publish" not in line
    )
    assert reports(lost, "libmine.so")


def test_a_data_race_is_shown_with_both_stacks_and_does_not_conform() -> None:
    started = RunStarted(
        version="0",
        started="",
        level="quick",
        seed=1,
        targets=(RACE.target,),
        clauses=0,
        host="",
    )
    text, status = report((started, RACE), (), Look(width=100))
    assert status is Exit.DOES_NOT_CONFORM
    assert f"RACE {RACE.target}  {RACE.what}" in text
    assert "in gfn_to_memslot at table.c:95" in text
    assert "in publish at table.c:47" in text
    assert f"{RACE.target} has 1 data race" in text


def test_a_data_race_goes_through_a_stream() -> None:
    assert RECORD.from_text(RECORD.to_text(RACE)) == RACE


@needs_c
def test_a_table_that_is_published_without_order_is_told_by_its_lines(
    tmp_path: Path,
) -> None:
    races = races_of(watched(tmp_path, "RELAXED"))
    assert races
    told = "\n".join(stack for race in races for stack in race.stacks)
    assert "in gfn_to_memslot at table.c:" in told
    assert "in publish at table.c:" in told


@needs_c
def test_a_table_that_is_published_with_order_is_not_accused(tmp_path: Path) -> None:
    assert not races_of(watched(tmp_path, ""))


@needs_c
def test_a_library_that_needs_its_run_time_is_described_with_it(
    tmp_path: Path,
) -> None:
    target = watched(tmp_path, "")
    assert runtime_of(target) is not None
    assert probe(target, None).description == "a table published by one store"
    with pytest.raises(UnknownTargetError, match="is built for ThreadSanitizer"):
        resolve(target)
