"""`memslots diff`: planted differences are found, equal functions are exhausted."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memslot_conformance.cli import options
from memslot_conformance.cli.command import main
from memslot_conformance.cli.options import NEEDED
from memslot_conformance.diff.functions import spec_functions

U64 = 2**64

HANGS = "120"
"""Seconds after which a search that ought to end is given up."""

MINE = """
U64 = 2**64

def touching(base_a: int, n_a: int, base_b: int, n_b: int) -> bool:
    return max(base_a, base_b) <= min(base_a + n_a, base_b + n_b)

def late(start: int, size: int) -> bool:
    return size > 0 and start + size > U64

def one_page_more(
    slot_hva: int, base: int, npages: int, start: int, end: int
) -> tuple[int, int]:
    first = max(start, slot_hva)
    after = min(end, slot_hva + npages * 4096)
    if first >= after:
        return (base, base)
    last = (after - slot_hva) // 4096 + 1
    return (base + (first - slot_hva) // 4096, base + last)

def too_few(total_pages: int) -> int:
    return max(63, total_pages * 20 // 1000)

def needle(as_id: int, slot_id: int) -> int:
    if as_id == 777:
        raise ValueError("not on a Sunday")
    return as_id * 65536 + slot_id

def rounded(total_pages: int) -> int:
    return max(64, int(total_pages / 50))

def last_first(ranges: list, gfn: int) -> int:
    found = -1
    for index, (base, npages) in enumerate(ranges):
        if base <= gfn < base + npages:
            found = index
    return found

def leaves(address: int) -> bool:
    raise SystemExit(3)

def by_comparing(base_a: int, n_a: int, base_b: int, n_b: int) -> bool:
    return n_a > 0 and n_b > 0 and base_a < base_b + n_b and base_b < base_a + n_a

def wrapped_sum(start: int, size: int) -> bool:
    return (start + size) % U64 < start

def outside_only(as_id: int, slot_id: int) -> int:
    if slot_id >= 65536:
        return -1
    return as_id * 65536 + slot_id

def by_or(as_id: int, slot_id: int) -> int:
    return as_id << 16 | slot_id

def bare(as_id, slot_id: int) -> int:
    return as_id * 65536 + slot_id

LIMIT = 3
"""

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED),
    reason="needs the extra 'symbolic'",
)


@pytest.fixture(autouse=True)
def _in_a_folder_with_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")


def diff(mine: str, spec: str, *words: str) -> Result:
    options = words or ("--max-time", HANGS)
    command = ("diff", mine, spec, "--seed", "1", *options)
    return CliRunner().invoke(main, command, prog_name="memslots")


def arguments(result: Result) -> dict[str, int]:
    """Those of the first counterexample."""
    pairs = (pair.split("=") for pair in result.output.splitlines()[0].split(", "))
    return {name: int(value) for name, value in pairs}


def test_overlap_that_takes_touching_for_overlapping() -> None:
    result = diff("mine.py:touching", "memslot_spec.arithmetic.ranges:overlaps")

    assert result.exit_code == 1
    assert "  mine.py:touching  answers True\n" in result.output
    assert "  ranges:overlaps   answers False\n" in result.output
    given = arguments(result)
    assert list(given) == ["base_a", "npages_a", "base_b", "npages_b"]
    first = max(given["base_a"], given["base_b"])
    ends = given["base_a"] + given["npages_a"], given["base_b"] + given["npages_b"]
    assert first == min(ends)


def test_wrap_that_comes_one_byte_late() -> None:
    result = diff("mine.py:late", "wraps")

    assert result.exit_code == 1
    given = arguments(result)
    assert given["start"] + given["size"] == U64


def test_round_up_by_a_page_too_many() -> None:
    result = diff("mine.py:one_page_more", "ranges:hva_walk")

    assert result.exit_code == 1
    given = arguments(result)
    slot_end = given["slot_hva"] + given["npages"] * 4096
    after = min(given["end"], slot_end)
    assert (after - given["slot_hva"]) % 4096 == 0


@pytest.mark.parametrize(
    ("mine", "spec", "said"),
    [
        ("too_few", "sizing:page_budget_permille", "answers 63\n"),
        ("needle", "slot_word:pack", "raises ValueError: not on a Sunday\n"),
        ("last_first", "slot_at", "answers 1\n"),
        ("leaves", "is_page_aligned", "raises SystemExit: 3\n"),
    ],
)
def test_planted_differences(mine: str, spec: str, said: str) -> None:
    result = diff(f"mine.py:{mine}", spec)

    assert result.exit_code == 1
    assert said in result.output


def test_floating_point_is_found_out_by_calls_though_the_solver_had_no_time() -> None:
    result = diff("mine.py:rounded", "page_budget_fiftieth", "--max-time", "0.001")

    assert result.exit_code == 1
    pages = arguments(result)["total_pages"]
    assert f"answers {max(64, int(pages / 50))}\n" in result.output
    assert f"answers {max(64, pages // 50)}\n" in result.output


@pytest.mark.parametrize(
    ("mine", "spec"),
    [
        ("by_comparing", "overlaps"),
        ("wrapped_sum", "wraps"),
        ("outside_only", "pack"),
    ],
)
def test_what_is_equal_inside_the_contract_is_compared_on_all_paths(
    mine: str, spec: str
) -> None:
    result = diff(f"mine.py:{mine}", spec)

    assert result.exit_code == 0
    assert "exit 0   no difference: all paths compared" in result.output


def test_what_stays_open_is_inconclusive() -> None:
    result = diff("mine.py:by_or", "pack", "--max-time", "2")

    assert result.exit_code == 4
    assert "no difference found in" in result.output
    assert result.output.endswith("paths not exhausted: inconclusive\n")


@pytest.mark.parametrize(
    ("mine", "spec", "said"),
    [
        ("other.py:f", "pack", "there is no file 'other.py'"),
        ("mine.py", "pack", "'mine.py' must read FILE.py:FUNCTION"),
        ("mine.py:needel", "pack", "'needel'. Did you mean 'needle'?"),
        ("mine.py:LIMIT", "pack", "something else than a function"),
        ("mine.py:late", "overlaps", "must take (base_a, npages_a, base_b, npages_b)"),
        ("mine.py:bare", "pack", "parameter 'as_id' has no annotation"),
        ("mine.py:needle", "pakc", "Did you mean 'pack'?"),
        ("mine.py:needle", "nothing", "\n  sizing:tss_base\n"),
    ],
)
def test_refuses_with_the_value_what_it_cannot_compare(
    mine: str, spec: str, said: str
) -> None:
    result = diff(mine, spec)

    assert result.exit_code == 2
    assert said in result.output


def test_a_file_that_raises_is_broken() -> None:
    Path("bad.py").write_text("raise RuntimeError('as planned')\n", encoding="utf-8")

    result = diff("bad.py:f", "pack")

    assert result.exit_code == 3
    assert "RuntimeError: as planned" in result.output
    assert "importing bad.py:f" in result.output


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "NEEDED", ("no_such_solver",))

    result = diff("mine.py:needle", "pack")

    assert result.exit_code == 2
    assert "pip install 'memslots[symbolic]'" in result.output


def test_every_name_of_the_specification_has_its_module() -> None:
    names = list(spec_functions())

    assert "ranges:overlaps" in names
    assert len(names) == len(set(names))
    assert all(not name.partition(":")[2].startswith("_") for name in names)
