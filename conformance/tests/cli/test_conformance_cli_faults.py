"""`memslots check`: who ends it, where it writes, how long it waits for a target."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from command_line import go_into, memslots, runs
from memslot_conformance.cli.signals import ENDING, ended_by_signals
from memslot_conformance.run.stream import read_stream
from memslot_conformance.targets import probe
from memslot_conformance.targets.crash_record import CrashRecord
from toy_workers import HANGS


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def has_begun(report: Path) -> bool:
    """The target is up: the run is on its way."""
    return report.exists() and "TargetStarted" in report.read_text(encoding="utf-8")


@pytest.fixture
def heard(number: signal.Signals) -> Iterator[None]:
    """What is started hears the signal, also where the tests run in the background."""
    before = signal.signal(number, signal.SIG_DFL)
    yield
    signal.signal(number, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [*ENDING, signal.SIGINT])
def test_who_ends_the_run_gets_the_report(number: signal.Signals) -> None:
    check = ("check", "reference", "--level", "deep", "--report-dir", "r")
    with subprocess.Popen(
        [sys.executable, "-m", "memslot_conformance", *check],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        report = Path("r/report.ndjson")
        while process.poll() is None and not has_begun(report):
            time.sleep(0.05)
        process.send_signal(number)
        said, _ = process.communicate(timeout=HANGS)
    assert "INCOMPLETE  interrupted; this is what came before" in said
    assert process.returncode == 4
    assert not read_stream(report).complete


def test_a_signal_that_somebody_minds_already_is_left_to_them() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_run_in_one_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    check = ("check", "reference", "--report-dir", "r")
    assert memslots(*check).exit_code == 0
    second = memslots(*check)
    assert second.exit_code == 2
    assert "r/report.ndjson is there: it is of another run" in second.output
    assert read_stream(Path("r/report.ndjson")).complete


def test_a_check_leaves_nothing_but_its_report() -> None:
    words = ("check", "reference", "--layers", "sequential", "--scenarios", "1")
    memslots(*words, "--seed", "1")
    assert [path.name for path in Path().iterdir()] == ["memslots-report"]


@pytest.mark.parametrize(
    ("options", "seconds"),
    [((), 60.0), (("--max-time", "3"), 13.0), (("--max-time", "900"), 60.0)],
)
def test_loading_a_target_obeys_the_time_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], seconds: float
) -> None:
    allowed: list[float] = []
    asked = probe.asked

    def watched(
        question: Callable[[CrashRecord], dict[str, str]], *, seconds: float
    ) -> dict[str, str]:
        allowed.append(seconds)
        return asked(question, seconds=HANGS)

    monkeypatch.setattr(probe, "asked", watched)
    runs(monkeypatch)
    memslots("check", "reference", *options)
    assert allowed == [seconds]
