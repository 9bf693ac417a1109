"""Targets that own their threads: raced as they are, judged without points."""

from pathlib import Path

import pytest

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
)
from memslot_conformance.layers import fixed
from memslot_conformance.layers.layers import run_target
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Header

MODULE = '''
import threading
import time

from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.model.plan import (plan)
from memslot_spec.model.profile import V2_6_34, Limits
from memslot_spec.model.readers import default_tss_base, gfn_to_hva
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.model.values import EMPTY


class Locked:
    """Replaces its table under a lock; readers take the reference once."""

    interleaving = Interleaving.THREADS
    profile = V2_6_34.name
    limits = Limits()
    domain = Domain()

    def __init__(self):
        self.lock = threading.Lock()
        self.table = EMPTY

    def set_region(self, region):
        with self.lock:
            outcome = plan(self.table, region, V2_6_34, self.limits)[0]
            for version in outcome.versions:
                self.table = version
                time.sleep(0)  # another thread may run now
            return outcome.reply

    def gfn_to_hva(self, gfn):
        return gfn_to_hva(self.table, gfn)

    def tss_base(self):
        return default_tss_base(self.table)


class Torn(Locked):
    """Reads slot 0's base from one table, and its size from another.

    In a race the update waits until the base was read, and the reader until the
    update is over: the one is always torn by the other.
    """

    def __init__(self):
        super().__init__()
        self.maker = threading.get_ident()
        self.read, self.updated = threading.Event(), threading.Event()

    def meets(self, event):
        return threading.get_ident() == self.maker or event.wait(timeout=120)

    def set_region(self, region):
        self.meets(self.read)
        reply = super().set_region(region)
        if threading.get_ident() != self.maker:
            self.updated.set()
        return reply

    def tss_base(self):
        slot = self.table.find(0, 0)
        base = 0 if slot is None else slot.base
        self.read.set()
        self.meets(self.updated)
        slot = self.table.find(0, 0)
        npages = 0 if slot is None else slot.npages
        return ((base + npages - 3) << PAGE_SHIFT) % U64
'''


TORN_IN = "TSS base beside a delete"


def run(name: str, plays: int) -> list[Record]:
    """The records of a run by a clock that stands still: only counts end it."""
    records: list[Record] = []
    plan = TargetPlan(
        target=f"py:owns_its_threads:{name}",
        profile=None,
        level="quick",
        seed=3,
        layers=("fixed", "sampled"),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        plays=plays,
        stop_at_first=True,
    )
    run_target(plan, records.append, CrashRecord(), clock=lambda: 0.0)
    return records


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "owns_its_threads.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_a_locked_table_is_raced_and_not_accused() -> None:
    records = run("Locked", 200)

    assert [record for record in records if isinstance(record, Found)] == []
    reached = sum(
        record.reached.get("SRCU-1", 0)
        for record in records
        if isinstance(record, LayerDone)
    )
    assert reached > 0


@pytest.fixture
def _one_race(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race in which a reader and an update are there to meet."""

    def tss_base_beside_a_delete(header: Header) -> tuple[FixedRace, ...]:
        return tuple(r for r in fixed_races(header) if r.name == TORN_IN)

    monkeypatch.setattr(fixed, "fixed_races", tss_base_beside_a_delete)


@pytest.mark.usefixtures("_one_race")
def test_a_torn_reader_is_found_by_its_answers_alone() -> None:
    found = [record for record in run("Torn", 5) if isinstance(record, Found)]

    assert {record.clause for record in found} & {"SRCU-1", "SRCU-18"}
