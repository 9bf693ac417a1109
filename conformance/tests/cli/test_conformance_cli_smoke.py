"""`memslots smoke`: adapters that are broken, each in its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import NO_KERNEL, go_into, memslots, runs
from memslot_spec.clauses import CLAUSES


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


STRANGER = '''
from memslot_spec.history.header import Domain
from memslot_spec.model.replies import Done

class Shared:
    """A table that all instances share."""

    slots = {}

    def set_region(self, region):
        if region.memory_size:
            self.slots[region.slot] = region
        else:
            self.slots.pop(region.slot, None)
        return Done()

    def is_visible_gfn(self, gfn):
        return bool(self.slots)

class Mute:
    def set_region(self, region):
        return 0

class Nothing:
    pass

def crashes():
    import ctypes
    ctypes.string_at(0)

def raises():
    raise LookupError("no library")

class Limited(Mute):
    limits = {"user_slots": 2}

class Narrow(Mute):
    domain = Domain(slots=0)

class Loud(Mute):
    announces = ("TableLoadd",)
'''


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("Shared", "a slot created on one is seen on the other"),
        ("Mute", "set_region() gave 0, which is no Done or Refused"),
        ("Nothing", "it has no method set_region()"),
        ("crashes", "was killed by signal 11 (SIGSEGV)"),
        ("raises", "LookupError: no library"),
        ("Limited", "limits gave {'user_slots': 2}, which is no Limits"),
        ("Narrow", "domain.slots gave 0, which is less than 1"),
        ("Loud", "announces gave 'TableLoadd', which is no kind of point. Did you"),
    ],
)
def test_smoke_tells_a_broken_adapter(factory: str, said: str) -> None:
    Path("stranger.py").write_text(STRANGER, encoding="utf-8")
    result = memslots("smoke", f"py:stranger:{factory}")
    assert result.exit_code == 3
    assert said in result.output
    assert "the adapter is broken" in result.output
    assert "does not conform" not in result.output


def test_a_target_that_breaks_when_loaded_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("stranger.py").write_text(STRANGER, encoding="utf-8")
    runs(monkeypatch)
    result = memslots("check", "py:stranger:raises", "reference")
    assert result.exit_code == 3
    assert "ERROR py:stranger:raises  LookupError: no library" in result.output
    assert f"{len(CLAUSES)} pass" in result.output
    assert memslots("check", "--list", "py:stranger:raises").exit_code == 3


def test_smoke_passes_the_reference() -> None:
    result = memslots("smoke", "reference")
    assert result.exit_code == 0
    assert result.output.count("ok ") == 10


def test_smoke_of_what_is_not_here_runs_nothing() -> None:
    result = memslots("smoke", "kvm")
    assert result.exit_code == 5
    assert NO_KERNEL in result.output


MISSPELT = """
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.model.replies import Done

class Misspelt:
    limts = None

    def __init__(self, hook):
        self.hook = hook

    def gfn_to_memslt(self, gfn):
        return None

    def frobnicate(self):
        pass

    def set_region(self, region):
        self.hook.point(TableLoaded, 1)
        return Done()
"""


def test_smoke_names_what_is_misspelt_undeclared_or_judged_by_nothing() -> None:
    Path("stranger.py").write_text(MISSPELT, encoding="utf-8")
    result = memslots("smoke", "py:stranger:Misspelt")
    assert result.exit_code == 0
    said = " ".join(result.output.split())
    assert "gfn_to_memslt() is not looked for: did you mean 'gfn_to_memslot'?" in said
    assert "limts is not looked for: did you mean 'limits'?" in said
    assert "no operation comes to frobnicate()" in said
    assert "it announces TableLoaded, and `announces` does not say so" in said
    assert "it declares no `limits`, and is judged by those of profile linux" in said
    assert "beyond its last by its limits, was answered Done()" in said
    assert f"of {len(CLAUSES)} clauses will apply" in said


def test_smoke_names_methods_that_no_clause_judges() -> None:
    said = " ".join(memslots("smoke", "reference").output.split())
    assert "no clause will judge count_rmaps(), halt()" in said
