"""The look after a scenario: everywhere something could be left, nothing hidden."""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.scenarios.drawn.epilogue import (
    MOST_FRAMES,
    MOST_SLOTS,
    epilogue,
)
from memslot_conformance.scenarios.fixed import fixed_races, looked_at
from memslot_conformance.scenarios.notation import delete, put
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    AgeHva,
    CountRmaps,
    DestroyVm,
    GetDirtyLog,
    GfnToHva,
    GuestAccess,
    InitHvaCache,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES
from scenario_headers import HEADERS, LINUX, REFERENCE

LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
PLAIN = put(1, 32, 4, 0x2000)


def kinds_of(header: Header, *race: SetRegion) -> list[str]:
    looks = epilogue(header, (LOGGED, PLAIN), (race,))
    return [type(look).__name__ for look in looks]


def test_a_look_comes_before_what_would_hide_it() -> None:
    looks = epilogue(REFERENCE, (LOGGED,), ((delete(0),),))
    get = [at for at, look in enumerate(looks) if isinstance(look, GetDirtyLog)]
    age = next(at for at, look in enumerate(looks) if isinstance(look, AgeHva))
    accesses = [
        (at, look) for at, look in enumerate(looks) if type(look) is GuestAccess
    ]
    read = next(at for at, look in accesses if not look.write)
    write = next(at for at, look in accesses if look.write)
    lookup = next(at for at, look in enumerate(looks) if isinstance(look, GfnToHva))
    count = next(at for at, look in enumerate(looks) if isinstance(look, CountRmaps))
    deleted = next(at for at, look in enumerate(looks) if isinstance(look, SetRegion))
    assert max(lookup, count) < get[0] < age < read < get[1] < write < get[2]
    assert len(get) == 4
    assert get[2] < get[3] < deleted
    assert deleted == len(looks) - 1


def test_only_logs_are_read_as_logs() -> None:
    looks = epilogue(REFERENCE, (LOGGED, PLAIN))
    assert {look.slot for look in looks if isinstance(look, GetDirtyLog)} == {0}
    words = {look.region.slot for look in looks if isinstance(look, SetRegion)}
    assert words == {0, 1}


def test_a_log_that_is_too_large_to_be_told_is_not_read() -> None:
    vast = put(0, 0, 1 << 35, 0, LOG_DIRTY_PAGES)
    looks = epilogue(REFERENCE, (vast, delete(0)))
    assert not any(isinstance(look, GetDirtyLog) for look in looks)


def test_caches_are_used_once_more() -> None:
    looks = epilogue(LINUX, (PLAIN, InitHvaCache(3, 32 << 12, 16)))
    assert UseHvaCache(3, 0, 8) in looks


def test_a_target_is_asked_only_what_it_supports() -> None:
    for header in HEADERS.values():
        supported = set(header.capabilities.operations)
        assert set(kinds_of(header, delete(0))) <= supported


def test_what_is_looked_at_is_little_however_much_there_was() -> None:
    many = tuple(put(i, 16 * i, 4, 0x1000, LOG_DIRTY_PAGES) for i in range(20))
    looks = epilogue(REFERENCE, many)
    assert (
        len({look.gfn for look in looks if isinstance(look, GuestAccess)})
        == MOST_FRAMES
    )
    assert (
        len({look.slot for look in looks if isinstance(look, GetDirtyLog)})
        == MOST_SLOTS
    )


def test_fixed_scenarios_end_with_the_look_unless_the_vm_is_gone() -> None:
    header = replace(REFERENCE, domain=replace(REFERENCE.domain, largest_slot=None))
    for race in fixed_races(header):
        looked = looked_at(header, race) if race.scenario.threads else race
        scenario = looked.scenario
        raced = tuple(op for thread in scenario.threads for op in thread)
        asked = (*scenario.prefix, *raced, *scenario.after)
        gone = any(isinstance(operation, DestroyVm) for operation in asked)
        look = epilogue(header, scenario.prefix, scenario.threads)
        ends = scenario.after[len(scenario.after) - len(look) :] == look
        assert ends is not gone, race.name


def test_a_race_is_played_without_the_look_as_well() -> None:
    for race in fixed_races(REFERENCE):
        if race.scenario.threads:
            look = epilogue(REFERENCE, race.scenario.prefix, race.scenario.threads)
            after = race.scenario.after
            assert after[len(after) - len(look) :] != look, race.name
