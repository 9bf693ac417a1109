"""Is the adapter itself sound? Checked before anything is judged.

What fails here says nothing about the implementation behind the adapter: the
adapter does not load, answers with something that is no reply, or shares state
between instances that should be new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from memslot_conformance.adapter.capabilities import METHODS, observed, supported
from memslot_conformance.adapter.perform import perform
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.play.determinism import self_check
from memslot_conformance.play.explore import replay
from memslot_conformance.run import smoke_declared as declared
from memslot_conformance.run.smoke_declared import Check
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.targets import resolve as targets
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.probe import asked
from memslot_conformance.targets.resolve import Target
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Silent
from memslot_spec.history.json_form import JsonForm
from memslot_spec.history.views import View
from memslot_spec.model.operations import (
    AddRange,
    GfnToHva,
    GfnToMemslot,
    IsVisibleGfn,
    MemslotId,
    Operation,
    RemoveRange,
    SetRegion,
    TableRequest,
)
from memslot_spec.model.replies import (
    Done,
    FoundHva,
    FoundId,
    FoundSlot,
    Reply,
    Visible,
)
from memslot_spec.model.values import EMPTY, MemoryRegion

SECONDS = 60.0

HVA = 1 << 30
"""Where the slot's memory is said to be; nothing reads it."""

LOOKUPS: tuple[Operation, ...] = (
    GfnToMemslot(0),
    GfnToHva(0),
    IsVisibleGfn(0),
    MemslotId(0),
)
"""What is asked of the first frame, as far as the target has methods for it."""

NOT_THERE: tuple[Reply, ...] = (
    FoundSlot(None),
    FoundHva(None),
    Visible(visible=False),
    FoundId(None),
)
"""What a lookup answers where there is no slot."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the process that looks at an adapter says of it."""

    checks: tuple[Check, ...]


MADE: JsonForm[Made] = JsonForm(Made)
ANSWER = "checks"


def smoke(name: str, profile: str | None) -> tuple[Check, ...]:
    """Look at the adapter, in a process of its own; stops where it cannot go on.

    Errors: as `probe.probe`.
    """

    def look(crash: CrashRecord) -> dict[str, str]:
        crash.say("loading the target")
        target = targets.resolve(name, profile)
        checks = [Check("it loads")]
        for check in CHECKS:
            crash.say((check.__doc__ or "").rstrip("."))
            checks.append(check(target))
            if checks[-1].problem and check in NEEDED:
                break
        return {ANSWER: MADE.to_text(Made(tuple(checks)))}

    return MADE.from_text(asked(look, seconds=SECONDS)[ANSWER]).checks


def _create(target: Target) -> TableRequest:
    npages = max(target.header.domain.page_granule, 1)
    if target.header.domain.ranges is not None:
        last = target.header.limits.hva_end - npages * PAGE_SIZE
        return AddRange(0, npages, max(min(HVA, last), 0))
    return SetRegion(MemoryRegion(0, 0, npages * PAGE_SIZE, HVA))


def _delete(target: Target) -> TableRequest:
    if target.header.domain.ranges is not None:
        return RemoveRange(0, max(target.header.domain.page_granule, 1))
    return SetRegion(MemoryRegion(0, 0, 0, 0))


def _lookups(implementation: AnyImplementation) -> Operations:
    has = supported(implementation)
    return tuple(op for op in LOOKUPS if type(op).__name__ in has)


def _takes_requests(target: Target) -> Check:
    """It has the one method that every adapter has."""
    name = "it takes requests"
    method = METHODS[type(_create(target))]
    if callable(getattr(target.make(Silent()), method, None)):
        return Check(name)
    return Check(name, f"it has no method {method}()")


def _replies(target: Target) -> Check:
    """It answers a create, lookups and a delete with proper replies."""
    name = "its replies have the right types"
    made = target.make(Silent())
    for operation in (_create(target), *_lookups(made), _delete(target)):
        try:
            reply = perform(made, operation)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the adapter let it out
            return Check(name, f"{operation!r}: {type(error).__name__}: {error}")
        if isinstance(operation, TableRequest) and reply != Done():
            return Check(name, note=f"{operation!r} was answered {reply!r}")
    return Check(name)


def _independent(target: Target) -> Check:
    """Two new instances know nothing of each other."""
    name = "two new instances share nothing"
    first, second = target.make(Silent()), target.make(Silent())
    lookups = _lookups(second)
    view = observed(second)
    if not lookups and (view is None or view.table is None):
        return Check(name, note="not checked: it has neither lookups nor observe()")
    perform(first, _create(target))
    for other, whose in ((second, "the other"), (target.make(Silent()), "a later one")):
        for operation in lookups:
            reply = perform(other, operation)
            if reply not in NOT_THERE:
                what = f"a slot created on one is seen on {whose}"
                return Check(name, f"{what}: {operation!r} was answered {reply!r}")
        shown = (observed(other) or View()).table
        if shown is not None and shown != EMPTY:
            return Check(name, f"a slot created on one is shown by {whose}: {shown!r}")
    return Check(name)


def _observing_changes_nothing(target: Target) -> Check:
    """Looking at it twice shows the same."""
    name = "observe() changes nothing"
    made = target.make(Silent())
    first = observed(made)
    if first is None:
        return Check(name, note="not checked: it has no observe()")
    lookups = _lookups(made)
    for operation in (_create(target), _delete(target)):
        perform(made, operation)
        before = [perform(made, lookup) for lookup in lookups]
        one, two = observed(made), observed(made)
        if one != two:
            return Check(name, f"it showed {one!r}, and at once after that {two!r}")
        after = [perform(made, lookup) for lookup in lookups]
        if before != after:
            return Check(name, f"lookups said {before!r} before it and {after!r} after")
    return Check(name)


def _deterministic(target: Target) -> Check:
    """The same schedule twice gives the same history."""
    name = "the same schedule gives the same history"
    if target.header.capabilities.interleaving is not Interleaving.POINTS:
        return Check(name, note="not checked: it cannot be stepped")
    create, delete = _create(target), _delete(target)
    lookups = _lookups(target.make(Silent()))
    scenario = Scenario((create,), ((delete,), lookups or (create,)), lookups)
    difference = self_check(target.make, scenario)
    if difference is not None:
        return Check(name, str(difference))
    # What breaks in the same way each time is no difference.
    broke = replay(target.make, scenario, ()).error
    return Check(name, "" if broke is None else f"in a race: {broke.message}")


def _points(target: Target) -> Check:
    """What it announces is what it says that it announces."""
    return declared.points(
        target, lambda made: (_create(target), *_lookups(made), _delete(target))
    )


CHECKS: tuple[Callable[[Target], Check], ...] = (
    _takes_requests,
    _replies,
    _independent,
    _observing_changes_nothing,
    _deterministic,
    declared.names,
    _points,
    declared.limits,
    declared.judged,
)

NEEDED = frozenset({_takes_requests, _replies})
"""Where one of these fails, the others would break on it and say less."""
