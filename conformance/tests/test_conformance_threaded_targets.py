"""Targets that own their threads: raced as they are, judged without points."""

from pathlib import Path

import pytest

from memslot_conformance.last_words import LastWords
from memslot_conformance.layers import run_target
from memslot_conformance.records import Found, LayerDone, Record, TargetPlan
from memslot_spec.clauses import CLAUSES

MODULE = '''
import threading
import time

from memslot_spec.history import Domain, Interleaving
from memslot_spec.plan import plan
from memslot_spec.profile import V2_6_34, Limits
from memslot_spec.readers import default_tss_base, gfn_to_hva
from memslot_spec.ranges import PAGE_SHIFT, U64
from memslot_spec.values import EMPTY


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
                time.sleep(0.001)
            return outcome.reply

    def gfn_to_hva(self, gfn):
        return gfn_to_hva(self.table, gfn)

    def tss_base(self):
        return default_tss_base(self.table)


class Torn(Locked):
    """Reads slot 0's base from one table, and its size from another."""

    def tss_base(self):
        slot = self.table.find(0, 0)
        base = 0 if slot is None else slot.base
        time.sleep(0.003)
        slot = self.table.find(0, 0)
        npages = 0 if slot is None else slot.npages
        return ((base + npages - 3) << PAGE_SHIFT) % U64
'''


def run(name: str, seconds: float) -> list[Record]:
    records: list[Record] = []
    plan = TargetPlan(
        target=f"py:owns_its_threads:{name}",
        profile=None,
        level="quick",
        seed=3,
        layers=("fixed", "sampled"),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=seconds,
        stop_at_first=True,
    )
    run_target(plan, records.append, LastWords())
    return records


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "owns_its_threads.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_a_locked_table_is_raced_and_not_accused() -> None:
    records = run("Locked", 12)

    assert [record for record in records if isinstance(record, Found)] == []
    reached = sum(
        record.reached.get("SRCU-1", 0)
        for record in records
        if isinstance(record, LayerDone)
    )
    assert reached > 0


def test_a_torn_reader_is_found_by_its_answers_alone() -> None:
    found = [record for record in run("Torn", 20) if isinstance(record, Found)]

    assert {record.clause for record in found} & {"SRCU-1", "SRCU-18"}
