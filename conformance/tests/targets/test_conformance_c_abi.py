"""Libraries in C as targets: the header, and what is told of one that is wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from c_libraries import FLAGS, changed, example, needs_c, needs_gcc
from command_line import memslots
from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.perform import perform
from memslot_conformance.targets.c.header import HEADER, generated
from memslot_conformance.targets.resolve import UnknownTargetError, resolve
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import GfnToHva, GfnToMemslot, SetRegion
from memslot_spec.model.replies import Done, FoundHva, FoundSlot, Refused
from memslot_spec.model.values import Errno, Gfn, Hva, MemoryRegion, Slot

REGION = MemoryRegion(1, 0x4000, 0x2000, 0x10000)


def test_the_points_of_the_header_are_those_of_the_specification() -> None:
    """Or else run `python -m memslot_conformance.targets.c.generate`."""
    text = HEADER.read_text(encoding="utf-8")
    assert generated(text) == text


@needs_gcc
@pytest.mark.parametrize(
    ("compiler", "language"), [("gcc", ["c", "-std=c11"]), ("g++", ["c++"])]
)
def test_the_header_compiles_without_a_warning(
    compiler: str, language: list[str], tmp_path: Path
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is missing")
    source = tmp_path / "only.c"
    source.write_text('#include "memslots.h"\n', encoding="utf-8")
    command = [compiler, "-x", *language, *FLAGS, "-fsyntax-only"]
    subprocess.run([*command, f"-I{HEADER.parent}", str(source)], check=True)


@needs_c
def test_a_library_answers_in_the_values_of_the_specification(tmp_path: Path) -> None:
    made = resolve(example(tmp_path)).make(Silent())
    assert perform(made, SetRegion(REGION)) == Done()
    again = MemoryRegion(2, 0x5000, 0x1000, 0)
    assert perform(made, SetRegion(again)) == Refused(Errno.EEXIST)
    slot = Slot(1, Gfn(4), 2, Hva(0x10000))
    assert perform(made, GfnToMemslot(5)) == FoundSlot(slot)
    assert perform(made, GfnToMemslot(6)) == FoundSlot(None)
    assert perform(made, GfnToHva(5)) == FoundHva(0x11000)


@needs_c
def test_what_a_library_does_not_give_is_not_there(tmp_path: Path) -> None:
    header = resolve(changed(tmp_path, "IDS 2", "IDS 3")).header
    assert header.capabilities.operations == ("GfnToMemslot", "SetRegion")
    assert header.limits.user_slots == 3


@needs_c
def test_a_library_that_is_not_there_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(UnknownTargetError, match=r"no library .*libnone\.so"):
        resolve(f"c:{tmp_path}/libnone.so")
    with pytest.raises(UnknownTargetError, match="cannot be loaded"):
        resolve(f"c:{HEADER}")
    with pytest.raises(UnknownTargetError, match="exports no function mine"):
        resolve(f"{changed(tmp_path, 'IDS 2', 'IDS 3')}:mine")


WRONG = (
    (".version = MS_VERSION", ".version = 7", "version 7 of memslots.h"),
    (".size = sizeof(ms_operations)", ".size = 8", "size of the table.* is 8"),
    (".size = sizeof(ms_description)", ".size = 3", "size of the description is 3"),
    (".description = &description", ".description = 0", "description is NULL"),
    (".set_region = set_region", ".set_region = 0", "set_region is NULL"),
    ("MS_ONE_AT_A_TIME,", "9,", "interleaving is 9"),
    (".name =", '.profile = "mine", .name =', "profile is 'mine'"),
    (".user_slots = IDS", ".user_slots = 1u << 30", "user_slots gave 1073741824"),
    (".user_slots = IDS", ".announces_count = 2", "announces_count is 2"),
    ("return *vm ? 0 : -ENOMEM", "return -ENOMEM", "create gave -12 .-ENOMEM"),
    ("return &operations", "return 0", r"memslots_target\(\) gave NULL"),
)


@needs_c
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("before", "after", "told"), WRONG)
def test_a_library_that_breaks_the_contract_is_told_by_the_value(
    before: str, after: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c_libraries.FLAGS", ())
    with pytest.raises(TargetError, match=told):
        resolve(changed(tmp_path, before, after))


@needs_c
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("-1000", "set_region gave -1000"),
        ("5", "set_region gave 5"),
        ("-ENOTTY", "set_region gave -25 .-ENOTTY"),
    ],
)
def test_a_code_that_the_header_does_not_allow_is_an_error(
    code: str, told: str, tmp_path: Path
) -> None:
    made = resolve(
        changed(
            tmp_path,
            "return 0;\n}\n\nstatic int64_t gfn",
            f"return {code};\n}}\n\nstatic int64_t gfn",
        )
    ).make(Silent())
    with pytest.raises(TargetError, match=told):
        perform(made, SetRegion(REGION))


@needs_c
def test_a_library_that_crashes_costs_its_own_verdicts_alone(tmp_path: Path) -> None:
    crash = changed(tmp_path, "return -EINVAL;", "abort();")
    result = memslots("smoke", crash)
    assert result.exit_code == 3
    assert "SIGABRT" in result.output
