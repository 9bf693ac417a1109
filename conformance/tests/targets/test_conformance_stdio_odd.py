"""Programs that go wrong over lines, each in its own way: an error with its place."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

import odd_programs
from memslot_conformance.adapter.capabilities import observed
from memslot_conformance.adapter.perform import perform
from memslot_conformance.targets.resolve import UnknownTargetError, resolve
from memslot_conformance.targets.stdio.connection import Connection
from memslot_conformance.targets.stdio.process import (
    EndedError,
    MalformedError,
    ProgramError,
    SilentError,
)
from memslot_conformance.targets.stdio.target import ProgramFactory
from memslot_spec.model.operations import (
    ClearDirtyLog,
    GetDirtyLog,
    GfnToMemslot,
    Operation,
    PreFault,
    SetRegion,
)
from memslot_spec.model.replies import Done
from memslot_spec.model.values import MemoryRegion
from odd_ends import GREETED, SAID

CREATE = SetRegion(MemoryRegion(0, 0, 4096, 0))


def words(way: str) -> list[str]:
    return [sys.executable, "-S", "-E", odd_programs.__file__, way]


@contextmanager
def speaking(way: str) -> Generator[ProgramFactory]:
    factory = ProgramFactory(shlex.join(words(way)), None)
    try:
        yield factory
    finally:
        factory.end()


ASKED: Mapping[str, Operation] = {
    "a float": PreFault(0, 1),
    "a negative count": PreFault(0, 1),
    "a negative word": GetDirtyLog(0),
    "a negative slot": GfnToMemslot(0),
    "too wide": GfnToMemslot(0),
}


@pytest.mark.parametrize("way", SAID)
def test_an_answer_that_goes_wrong_is_an_error_with_its_place(way: str) -> None:
    kind, said = SAID[way]
    with speaking(way) as factory:
        made = factory()
        with pytest.raises(ProgramError) as raised:
            perform(made, ASKED.get(way, CREATE))
        assert type(raised.value) is kind
        text = str(raised.value)
        assert said in text
        assert "to answer: {" in text
        assert all(c.isprintable() or c == "\n" for c in text)
        with pytest.raises(ProgramError, match="the program was ended, for"):
            perform(made, CREATE)
        assert perform_again(factory, way)


def perform_again(factory: ProgramFactory, way: str) -> bool:
    """A new VM has a new program, which goes wrong in the same way."""
    with pytest.raises(SAID[way][0]):
        perform(factory(), ASKED.get(way, CREATE))
    return True


def test_every_way_is_tried() -> None:
    assert set(SAID) >= set(odd_programs.WAYS) - {"twice"}


@pytest.mark.parametrize("way", GREETED)
def test_a_greeting_that_goes_wrong_is_an_error_with_its_place(way: str) -> None:
    with pytest.raises(MalformedError) as raised, speaking(way):
        pass
    text = str(raised.value)
    assert text.startswith("line 1 of its standard output: greeting: ")
    assert GREETED[way] in text


def test_who_does_not_greet_is_not_waited_for() -> None:
    with pytest.raises(SilentError, match=r"no answer within 0\.2 seconds"):
        Connection(words("mute"), None, seconds=0.2)


def test_who_reads_nothing_is_not_waited_for() -> None:
    connection = Connection(words("reads nothing"), None)
    huge = ClearDirtyLog(0, 0, 64, (1 << 63,) * 20_000)
    number = connection.post(1, huge)
    with pytest.raises(SilentError, match="it does not read what it is asked"):
        connection.answer(number, lambda answer: answer)


def test_an_answer_too_many_is_taken_for_the_next_and_refused() -> None:
    with speaking("twice") as factory:
        made = factory()
        assert perform(made, CREATE) == Done()
        with pytest.raises(MalformedError, match="answer to request 3, got 2"):
            perform(made, CREATE)


def test_who_shows_other_parts_than_it_said_is_refused() -> None:
    said = pytest.raises(MalformedError, match=r"field view\.table: expected a part")
    with speaking("shows others") as factory, said:
        observed(factory())


def test_of_its_standard_error_the_end_is_shown() -> None:
    with speaking("complains") as factory, pytest.raises(EndedError) as raised:
        perform(factory(), CREATE)
    text = str(raised.value)
    assert "its standard error ends with:" in text
    assert text.endswith("    lost \\x1b[2J in the table")
    assert len(text) < 10_000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cmd:", "expected the words of a program and its arguments, got none"),
        ("cmd:./not-there --flag", "'./not-there' cannot be started: No such file"),
        ("cmd:a 'b", "cannot be split into words: No closing quotation"),
        ("cmd:/", "'/' cannot be started: Permission denied"),
    ],
)
def test_words_that_name_no_program_name_no_target(name: str, said: str) -> None:
    with pytest.raises(UnknownTargetError) as raised:
        resolve(name)
    assert said in str(raised.value)


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    file = tmp_path / "made"
    command = f"{shlex.join(words('ends'))}; touch {file} $(touch {file})"
    factory = ProgramFactory(command, None)
    assert perform(factory(), CREATE) == Done()
    factory.end()
    assert not file.exists()
