"""Moments of SRCU: loads, grace periods, reclaims, and threads that wait for ever."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Finished
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.history.points.tables import TableLoaded, TableReclaimed
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class LoadedAgain:
    """A read section loads the table pointer that it has loaded before.

    `version` is what it loads now; of the earlier ones, `last` was loaded last and
    `oldest` was published first. `waited_for` is the first version after the oldest
    that no CREATE published, None where there is none.
    """

    version: int
    last: int
    oldest: int
    waited_for: int | None


@dataclass(slots=True)
class PublishedReclaimed:
    """A table that was published is freed or reused, so readers may hold it.

    `replaced_at` is the step at which it stopped being current, None while it is;
    `holders` are the threads with an open read section that loaded it. `with_vm`:
    it goes with the VM, which nobody else uses; `by_its_update`: the request that
    replaced it does so; `again`: it was reclaimed before, and none was made there
    since.
    """

    version: int
    replaced_at: int | None
    holders: tuple[int, ...]
    with_vm: bool
    by_its_update: bool
    again: bool


@dataclass(slots=True)
class GracePeriodOver:
    """A grace period ends.

    `had_readers` says that read sections were open when it began, `inside` are the
    threads of those that are open still.
    """

    had_readers: bool
    inside: tuple[int, ...]


@dataclass(slots=True)
class ReadBesideUpdate:
    """A reader that loaded one table has answered; others were published meanwhile.

    `loaded` is the version of `table`, `before` that which was current when it was
    called. `invalid` are the versions with an INVALID slot among those that were
    current from then on.
    """

    loaded: int
    table: SlotTable
    before: int
    invalid: tuple[int, ...]


@dataclass(slots=True)
class Stopped:
    """No thread can go on, after at least one update was called.

    `updates` and `readers` are the threads that wait for ever, by what they call;
    `inside` those with an open read section.
    """

    updates: tuple[int, ...]
    readers: tuple[int, ...]
    inside: tuple[int, ...]


def _loaded_again(facts: Facts, event: TableLoaded) -> LoadedAgain | None:
    section = facts.section_of(event.thread)
    if section is None or not section.loaded:
        return None
    loaded = section.loaded
    oldest, tables = min(loaded), facts.tables
    later = range(oldest + 1, tables.newest + 1)
    waited_for = next((v for v in later if v not in tables.creates), None)
    return LoadedAgain(facts.version_of(event), loaded[-1], oldest, waited_for)


def _reclaimed(facts: Facts, event: TableReclaimed) -> PublishedReclaimed | None:
    version = facts.tables.handles.get(event.table)
    if version is None:
        return None
    update = facts.update_of(event.thread)
    sections = facts.sections.all_open()
    holders = sorted(s.thread for s in sections if event.table in s.handles)
    return PublishedReclaimed(
        version,
        facts.tables.replaced.get(version),
        tuple(holders),
        facts.destroys_vm(event.thread),
        update is not None and version + 1 in update.published,
        event.table in facts.tables.reclaimed,
    )


def _over(facts: Facts, event: GracePeriodEnded) -> GracePeriodOver | None:
    period = facts.sections.periods.get(event.thread)
    if period is None:
        return None
    inside = tuple(s.thread for s in facts.sections.still_open(period))
    return GracePeriodOver(bool(period.waits_for), inside)


def _beside_update(facts: Facts, answered: Answered) -> ReadBesideUpdate | None:
    call, tables = answered.call, facts.tables
    if call.newest == tables.newest or len(set(call.loaded)) != 1:
        return None
    current, versions = range(call.newest, tables.newest + 1), tables.versions
    invalid = tuple(v for v in current if any(slot.invalid for slot in versions[v]))
    loaded = call.loaded[0]
    return ReadBesideUpdate(loaded, versions[loaded], call.newest, invalid)


def _stopped(facts: Facts, event: Finished) -> Stopped | None:
    if not facts.updates_called:
        return None
    reading = facts.calls.keys() - facts.updates.keys()
    inside = sorted({section.thread for section in facts.sections.all_open()})
    return Stopped(
        tuple(thread for thread in event.stuck if thread not in reading),
        tuple(thread for thread in event.stuck if thread in reading),
        tuple(inside),
    )


MAKINGS: Makings = (
    Making(LoadedAgain, TableLoaded, _loaded_again),
    Making(PublishedReclaimed, TableReclaimed, _reclaimed),
    Making(GracePeriodOver, GracePeriodEnded, _over),
    Making(ReadBesideUpdate, Answered, _beside_update),
    Making(Stopped, Finished, _stopped),
)
