"""C that holds real locks across points, stepped on threads of the system."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from threading import active_count

import pytest

from c_libraries import EXAMPLE, broken, built, elsewhere, needs_c
from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.play.reduction import LeftOutError
from memslot_conformance.play.scheduler import Chooser, play
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_conformance.targets.resting import threads_of_process
from memslot_spec.history.events import Event, Finished, Return
from memslot_spec.history.points.tables import UpdateLocked
from memslot_spec.model.operations import GfnToHva, SetRegion
from memslot_spec.model.values import MemoryRegion

pytestmark = [
    needs_c,
    pytest.mark.skipif(
        not threads_of_process(), reason="only Linux tells what a thread waits for"
    ),
]

MAKE = SetRegion(MemoryRegion(0, 0, 0x1000, 0x10000))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))
RACE = Scenario((MAKE,), ((GfnToHva(0),), (DELETE,)))
TWO_UPDATES = Scenario((MAKE,), ((DELETE,), (MAKE,)))

WAITS = '    ms_wait(vm->hooks, unlocked, vm, "the update lock");\n'
SAYS_SO = """\
    ms_blocking(vm->hooks, "the update lock");
    pthread_mutex_lock(&updating);
    ms_unblocked(vm->hooks);
"""
SAYS_NOTHING = "    pthread_mutex_lock(&updating);\n"
GIVES_BACK = "    vm->locked = 0;\n"
UNLOCKED = """\
static int unlocked(void *vm)
{
    return !((struct ms_vm *)vm)->locked;
}
"""


def gated(
    folder: Path, waits: str = WAITS, gives_back: str = "pthread_mutex_unlock"
) -> str:
    """The example of the documentation, on threads of the system, with a real lock."""
    source = EXAMPLE.read_text(encoding="utf-8").replace("MS_POINTS", "MS_GATED")
    if waits != WAITS:
        unlock = f"    {gives_back}(&updating);\n" if gives_back else ""
        source = source.replace("#include <errno.h>\n", "#include <pthread.h>\n", 1)
        source = source.replace(
            '#include "memslots.h"\n',
            '#include <errno.h>\n#include "memslots.h"\n'
            "static pthread_mutex_t updating = PTHREAD_MUTEX_INITIALIZER;\n",
        )
        source = source.replace(WAITS, waits).replace(GIVES_BACK, GIVES_BACK + unlock)
        unused = "static int unlocked(void *vm)"
        source = source.replace(unused, f"__attribute__((unused)) {unused}")
    return built(source, folder)


def in_turns(runnable: tuple[int, ...], current: int | None, _: Sequence[Event]) -> int:
    """Another one at each point, where there is another."""
    others = [thread for thread in runnable if thread != current]
    return others[0] if others else runnable[0]


def leaving_out_after(limit: int) -> Chooser:
    """As above, until there are so many events."""

    def choose(
        runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        if len(events) > limit:
            raise LeftOutError
        return in_turns(runnable, current, events)

    return choose


def test_threads_of_the_system_leave_the_history_of_coroutines(tmp_path: Path) -> None:
    example = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "stepped").mkdir()
    stepped = resolve(built(example, tmp_path / "stepped")).make
    threads = resolve(gated(tmp_path)).make
    for scenario in (RACE, TWO_UPDATES):
        once = play(stepped, scenario, in_turns)
        assert once.error is None
        assert once.preemptions > 2
        assert play(threads, scenario, in_turns).events == once.events


def test_who_says_that_it_may_block_waits_its_turn(tmp_path: Path) -> None:
    """The mutex is held across points, and given to the one that waits for it."""
    make = resolve(gated(tmp_path, SAYS_SO)).make
    played = play(make, TWO_UPDATES, in_turns)
    assert played.error is None
    assert played.preemptions > 0
    locked = [e.thread for e in played.events if isinstance(e, UpdateLocked)]
    assert locked == [0, 1, 2]
    for _ in range(20):
        assert play(make, TWO_UPDATES, in_turns).events == played.events


def test_who_blocks_and_has_not_said_so_is_an_error_that_says_where(
    tmp_path: Path,
) -> None:
    played = play(resolve(gated(tmp_path, SAYS_NOTHING)).make, TWO_UPDATES, in_turns)
    assert played.error is not None
    assert played.error.thread == 2
    said = played.error.message
    assert "set_region blocks" in said
    if shutil.which("addr2line") is not None:
        assert "about set_region() at under_test.c:" in said
    assert "has not said so by ms_blocking" in said
    assert "set_region is stopped at a point" in said


def test_a_lock_that_is_kept_stops_a_play_and_the_next_one_is_not_accused(
    tmp_path: Path,
) -> None:
    make = resolve(gated(tmp_path, SAYS_SO, "")).make
    played = play(make, Scenario((MAKE, DELETE)))
    assert played.error is None
    assert played.events[-1] == Finished(0, (0,))
    assert played.waits == ("the update lock",)
    # The mutex is the library's, and not that of one VM.
    again = play(make, Scenario((MAKE,)))
    assert again.error is not None
    assert "a thread of an earlier play never came back" in again.error.message
    assert "set_region waits for the update lock" in again.error.message


def test_a_lock_of_the_vm_that_is_kept_stops_each_play(tmp_path: Path) -> None:
    """Nobody else can have it, so what one play keeps takes nothing from the next."""
    source = EXAMPLE.read_text(encoding="utf-8").replace("MS_POINTS", "MS_GATED")
    waits = built(source.replace(GIVES_BACK, ""), tmp_path)
    source = source.replace("    int locked;\n", "    pthread_mutex_t updating;\n")
    source = source.replace("#include <errno.h>\n", "#include <pthread.h>\n", 1)
    source = source.replace('#include "mem', '#include <errno.h>\n#include "mem', 1)
    source = source.replace(WAITS, SAYS_SO.replace("&updating", "&vm->updating"))
    source = source.replace(GIVES_BACK, "").replace("    vm->locked = 1;\n", "")
    source = source.replace(UNLOCKED, "")
    (tmp_path / "blocks").mkdir()
    blocks = built(source, tmp_path / "blocks")
    for target in (waits, blocks):
        make = resolve(target).make
        for _ in range(3):
            played = play(make, Scenario((MAKE, DELETE)))
            assert played.error is None
            assert played.events[-1] == Finished(0, (0,))


def test_calls_that_are_given_up_are_let_run_to_their_ends(tmp_path: Path) -> None:
    """Where schedules are left out, plays end in the middle of calls."""
    make = resolve(gated(tmp_path, SAYS_SO)).make
    before = active_count()

    for limit in range(12, 40):
        with pytest.raises(LeftOutError):
            play(make, TWO_UPDATES, leaving_out_after(limit))
    whole = play(make, TWO_UPDATES, in_turns)
    assert whole.error is None
    assert sum(isinstance(event, Return) for event in whole.events) == 3
    assert active_count() == before


@pytest.mark.parametrize(
    ("planted", "clauses"),
    [
        ("", set[str]()),
        ("NO_GRACE_PERIOD", {"SRCU-4"}),
        ("NO_INVALID", {"DEL-1"}),
        ("FREE_FIRST", {"SRCU-4"}),
        ("IN_PLACE", {"SLOT-7"}),
        ("UNREGISTERED", {"SRCU-5"}),
    ],
)
def test_a_table_on_liburcu_is_stepped_as_it_is(
    planted: str,
    clauses: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its grace periods are those of liburcu, which knows its readers by thread."""
    monkeypatch.setitem(BOUNDS, "quick", {1: 0, 2: 1, 3: 0, 4: 0})
    found = broken(elsewhere("liburcu", tmp_path, planted), first=bool(planted))
    assert clauses <= found
    assert bool(clauses) == bool(found)


@pytest.mark.parametrize(
    ("planted", "clauses"), [("", set[str]()), ("ONE_WAIT", {"SRCU-5"})]
)
def test_an_srcu_of_its_own_has_to_wait_for_both_counters(
    planted: str,
    clauses: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bound = 3 if planted else 1
    monkeypatch.setitem(BOUNDS, "quick", {1: 0, 2: bound, 3: 0, 4: 0})
    found = broken(elsewhere("srcu", tmp_path, planted), first=bool(planted))
    assert clauses <= found
    assert bool(clauses) == bool(found)
