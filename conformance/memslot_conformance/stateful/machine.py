"""`machine`: the rules and the clauses as a state machine for one implementation.

    from memslot_conformance import machine
    from mine import make_vm

    TestMine = machine(make_vm).TestCase

pytest runs it, Hypothesis makes what fails small and prints it as steps that can be
pasted. It is a class like any other: a subclass may have more rules and invariants. How
much is tried is `TestMine.settings = settings(TestMine.settings, max_examples=200)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import new_class
from typing import Any, get_args

from hypothesis.stateful import invariant, precondition

from memslot_conformance.adapter.on_ranges import RangeOperation
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.scenarios.drawn.regions import may_be_vast
from memslot_conformance.stateful.asking import AsksAVm, is_about, something_is_broken
from memslot_conformance.stateful.rules import MemslotMachine
from memslot_conformance.targets.resolve import made_by, resolve
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Header
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.model.operations import GuestAccess, Operation, SetRegion

EVERY_KIND = tuple(
    kind.__name__
    for kind in get_args(Operation)
    if kind not in get_args(RangeOperation)
)
"""The operations of a table by slot ids."""

ASKED_BY = {
    SetRegion.__name__: (
        "create_slot",
        "delete_slot",
        "move_slot",
        "set_flags",
        "set_region",
        "set_vast_region",
    ),
    GuestAccess.__name__: ("guest_access", "software_access"),
}
"""The rules of operations that have several."""

OFTEN = {
    "set_flags": 2,
    "set_region": 2,
    "guest_access": 4,
    "write_guest": 2,
    "get_dirty_log": 2,
    "use_hva_cache": 2,
    "use_pfn_cache": 2,
    "unmap_hva": 2,
}
"""How often a rule is chosen beside one that is not named here. Hypothesis chooses each
attribute that is a rule as often, so these are more attributes of the class."""


def machine(
    factory: Callable[..., AnyImplementation] | str,
    *,
    profile: str | None = None,
    clauses: Sequence[AnyClause] = CLAUSES,
) -> type[MemslotMachine]:
    """A state machine that asks what the factory makes, and asks the clauses of it.

    The factory is what `py:MODULE:FACTORY` names: called without arguments, or with
    `hook` and `profile` where it takes these, it makes a VM without slots. Or it is the
    name of a target, as `memslots check --target` takes it. It is called once here, to
    hear what is supported: operations that are not have no rule, and clauses that do
    not apply no invariant. Errors: those of `targets.resolve.resolve`, and `ValueError`
    for the running kernel, whose slots need memory that no number names, and for a
    table by ranges.
    """
    target = (
        resolve(factory, profile)
        if isinstance(factory, str)
        else made_by(factory, profile)
    )
    if target.usable is not None:
        message = "the running kernel is judged by `memslots check --target kvm`"
        raise ValueError(message)
    if target.header.domain.ranges is not None:
        message = "a table by ranges is judged by `memslots check`: no rule asks for it"
        raise ValueError(message)
    applicable = ApplicableClauses(target.header, clauses)
    unsupported = _unsupported(target.header)
    rules = _rules(unsupported)
    body: dict[str, Any] = {
        "target": target,
        "applicable": applicable,
        "__doc__": f"{target.name}: {target.description}",
        "__module__": __name__,
        **dict.fromkeys(unsupported),
        **rules,
        **_again(rules),
        **{_name(clause.id): _invariant_of(clause) for clause in applicable.clauses},
    }
    return new_class(
        _class_name(target.name),
        (MemslotMachine,),
        {},
        lambda space: space.update(body),
    )


def rules_of(operation: str) -> tuple[str, ...]:
    """The rules by which an operation is asked, which is named as its type is."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    return ASKED_BY.get(operation, (snake,))


def _unsupported(header: Header) -> list[str]:
    """The rules of operations that the target has not."""
    operations = header.capabilities.operations
    asked = {name for operation in operations for name in rules_of(operation)}
    if not header.domain.origins:
        asked.discard("software_access")
    if not may_be_vast(header):
        asked.discard("set_vast_region")
    every = (name for kind in EVERY_KIND for name in rules_of(kind))
    return [name for name in every if name not in asked]


def _rules(unsupported: Collection[str]) -> dict[str, object]:
    """The rules of what is supported, each for the runs that are about it."""
    return {
        name: precondition(is_about(kind))(getattr(MemslotMachine, name))
        for kind in EVERY_KIND
        for name in rules_of(kind)
        if name not in unsupported
    }


def _again(rules: Mapping[str, object]) -> dict[str, object]:
    """The rules that are chosen often, under further names."""
    return {
        f"_{name}_{number}": rule
        for name, rule in rules.items()
        for number in range(1, OFTEN.get(name, 1))
    }


def _invariant_of(clause: AnyClause) -> Callable[..., None]:
    """The invariant that a clause is: its sentence, and whether it was broken."""

    def holds(self: AsksAVm) -> None:
        __tracebackhide__ = True
        self.break_clause(clause.id)

    holds.__name__ = holds.__qualname__ = _name(clause.id)
    holds.__doc__ = f"{clause.title}: {clause.must}"
    # Asked only where one of them is broken: there are many, and one judge for all.
    return invariant()(precondition(something_is_broken)(holds))


def _name(clause: str) -> str:
    """`SRCU-5` is SRCU_5, which can be called."""
    return clause.replace("-", "_")


def _class_name(target: str) -> str:
    """`museum:K05` is MuseumK05: what the steps are printed under."""
    words = re.split(r"[^0-9A-Za-z]+", target.removeprefix("py:").rpartition(":")[2])
    return "".join(word[:1].upper() + word[1:] for word in words)
