"""The engine `crosshair`: it finds single values, and judges like the other one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memslot_conformance.cli import options
from memslot_conformance.cli.command import main
from memslot_conformance.cli.options import NEEDED
from memslot_conformance.findings.failure_file import read_failure, replay
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    latest,
)
from memslot_conformance.layers.layers import run_target
from memslot_conformance.scenarios.symbolic.shapes import Shape, shapes_of
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call
from memslot_spec.history.header import Header
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import SetRegion

PLENTY = 5_000
"""Plays. The searches end long before: at a finding, or when all was followed."""

NEEDLE = '''
from memslot_spec.history.views import View
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.updates import objections
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.values import EMPTY, Errno, Gfn, Hva, Slot


class Table:
    """Right but for one gfn: a slot may not begin at 777 where another ends."""

    profile = "linux"
    limits = Limits()
    wrong = 777

    def __init__(self):
        self.table = EMPTY

    def set_region(self, region):
        found = objections(self.table, region, LINUX, self.limits)
        if [o for o in found if o.name not in ("OVERLAP", "BEYOND_GUEST")]:
            return Refused(Errno.EINVAL)
        old = self.table.find(region.slot // 65536, region.slot % 65536)
        if region.npages == 0:
            self.table = self.table.without(old.as_id, old.id)
            return Done()
        if found and "OVERLAP" in [o.name for o in found] or self.meets(region):
            return Refused(Errno.EEXIST)
        if found:
            return Refused(Errno.EINVAL)
        self.table = self.table.with_slot(
            Slot(
                region.slot % 65536,
                Gfn(region.base),
                region.npages,
                Hva(region.userspace_addr),
                region.log_dirty,
                bool(region.flags & 2),
                as_id=region.slot // 65536,
            )
        )
        return Done()

    def meets(self, region):
        """The planted bug."""
        return region.base == self.wrong and any(
            slot.base + slot.npages == self.wrong for slot in self.table
        )

    def observe(self):
        return View(table=self.table)


class Timid(Table):
    """Hands a number to code that takes none that is not yet chosen."""

    wrong = -1

    def set_region(self, region):
        int.__mul__(region.guest_phys_addr, 2)
        return super().set_region(region)


class Raises(Table):
    """Raises at one host address instead."""

    wrong = -1

    def set_region(self, region):
        if region.userspace_addr == 777 * 4096:
            raise ZeroDivisionError("one address too many")
        return super().set_region(region)
'''

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED),
    reason="needs the extra 'symbolic'",
)


@pytest.fixture(autouse=True)
def _in_a_folder_with_the_needle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "needle", raising=False)
    (tmp_path / "needle.py").write_text(NEEDLE, encoding="utf-8")


def run(target: str, engine: str, plays: int, *, one: bool = True) -> list[Record]:
    """The records of the sequential layer, by a clock that stands still."""
    plan = TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=1,
        layers=("sequential",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        plays=plays,
        failures_dir=str(Path("failures")),
        stop_at_first=one,
        engine=engine,
    )
    records: list[Record] = []
    run_target(plan, records.append, CrashRecord(), clock=lambda: 0.0)
    return records


def found(records: list[Record]) -> list[Found]:
    return [record for record in latest(records) if isinstance(record, Found)]


def memslots(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="memslots")


@pytest.fixture
def two_slots_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that ends when its first shape does."""

    def first_shape(header: Header) -> tuple[Shape, ...]:
        return shapes_of(header)[:1]

    monkeypatch.setattr("memslot_conformance.layers.symbolic.shapes_of", first_shape)


@pytest.mark.usefixtures("two_slots_only")
def test_one_wrong_gfn_is_missed_by_drawing_found_by_the_solver_and_replays() -> None:
    assert found(run("py:needle:Table", "seeded", 50)) == []

    findings = found(run("py:needle:Table", "crosshair", PLENTY))

    assert {finding.clause for finding in findings} >= {"REQ-20"}
    for finding in findings:
        assert finding.layer == "sequential"
        assert finding.operations == 2
        failure = read_failure(Path(finding.file or ""))
        again = judge(replay(failure).history, CLAUSES).findings
        assert finding.clause in {f.clause for f in again}
        calls = [e.operation for e in failure.history.events if isinstance(e, Call)]
        bases = [c.region.base for c in calls if isinstance(c, SetRegion)]
        assert 777 in bases


@pytest.mark.usefixtures("two_slots_only")
def test_a_target_that_raises_at_one_value_is_an_error_and_no_finding() -> None:
    records = run("py:needle:Raises", "crosshair", PLENTY)

    assert found(records) == []
    failed = [record for record in records if isinstance(record, TargetFailed)]
    assert [record.replaces for record in failed] == [False, True], "told again, small"
    assert all("one address too many" in record.what for record in failed)
    assert str(777 * 4096) in failed[0].last


@pytest.mark.usefixtures("two_slots_only")
def test_the_reference_is_followed_to_the_end_on_two_slots() -> None:
    records = run("reference", "crosshair", PLENTY, one=False)

    assert found(records) == []
    assert isinstance(records[-1], TargetFinished)
    assert not any(isinstance(record, TargetFailed) for record in records)
    done = next(record for record in records if isinstance(record, LayerDone))
    assert done.layer == "sequential"
    assert done.covered == "symbolic: two slots (6 paths, all)"
    assert done.reached["REQ-20"] > 0
    assert done.schedules < PLENTY


@pytest.mark.usefixtures("two_slots_only")
def test_a_target_that_cannot_be_followed_is_never_followed_to_the_end() -> None:
    records = run("py:needle:Timid", "crosshair", PLENTY)

    assert found(records) == []
    done = next(record for record in records if isinstance(record, LayerDone))
    assert "not all" in done.covered
    assert done.schedules > 0


def test_the_kernel_is_skipped_with_the_reason() -> None:
    result = memslots("check", "kvm", "--engine", "crosshair")

    assert result.exit_code == 5
    assert "skipped  kvm: not applicable: engine crosshair" in result.output


def test_layers_that_leave_the_engine_nothing_are_refused() -> None:
    command = ("check", "reference", "--engine", "crosshair", "--layers", "fixed")
    result = memslots(*command)

    assert result.exit_code == 2
    assert "layer sequential" in result.output


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "NEEDED", ("no_such_solver",))

    result = memslots("check", "reference", "--engine", "crosshair")

    assert result.exit_code == 2
    assert "pip install 'memslots[symbolic]'" in result.output
