"""Adapters for what others wrote: judged where that is there, and told where not."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from command_line import go_into, memslots
from import_graph import ROOT

LIBRARY = "target/release/libmemslots_vm_memory.so"
IS_BUILT = (ROOT / "conformance/elsewhere/vm_memory" / LIBRARY).exists()

needs_unicorn = pytest.mark.skipif(
    find_spec("unicorn") is None, reason="unicorn is not installed"
)
needs_vm_memory = pytest.mark.skipif(not IS_BUILT, reason="vm_memory is not built")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def checked(target: str) -> str:
    """What a short run says, which has to find nothing."""
    result = memslots("check", target, "--scenarios", "10", "--seed", "1")
    assert result.exit_code == 0, result.output
    return result.output


@needs_unicorn
@pytest.mark.parametrize("factory", ["UnicornTable", "RunningUnicorn"])
def test_the_map_of_unicorn_keeps_the_law_of_ranges(factory: str) -> None:
    assert "RNG" not in checked(f"py:on_unicorn:{factory}")


@needs_vm_memory
def test_the_map_of_vm_memory_keeps_the_law_under_threads() -> None:
    assert "conforms" in checked("py:on_vm_memory:VmMemoryTable")


def test_who_has_no_unicorn_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "unicorn", None)
    result = memslots("smoke", "py:on_unicorn:UnicornTable")
    assert result.exit_code == 3
    assert "pip install 'memslots[unicorn]'" in " ".join(result.output.split())


def test_who_has_not_built_vm_memory_is_told_how(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(_: Path) -> bool:
        return False

    monkeypatch.setattr(Path, "exists", never)
    monkeypatch.delitem(sys.modules, "on_vm_memory", raising=False)
    result = memslots("smoke", "py:on_vm_memory:VmMemoryTable")
    assert result.exit_code == 3
    assert "cargo build --offline --release" in " ".join(result.output.split())
