"""The defects of the patch as data: each is in the patch, and each alone is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_conformance.layers.in_order import in_order
from memslot_conformance.museum.detections import Breaks
from memslot_conformance.targets.resolve import Target, resolve
from memslot_reference.defects import DEFECTS, HARMLESS, METHODS, PatchDefect, alone
from memslot_reference.kvm import Kvm
from memslot_reference.patch import PublishedPatch
from memslot_reference.vm import Vm
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.hook import Hook, Silent
from memslot_spec.model.profile import V2_6_34

PREEMPTIONS = 1


def named(defect: PatchDefect) -> str:
    return f"{defect.number}-{defect.methods[0]}"


def target_of(defect: PatchDefect) -> Target:
    """The reference with this defect and no other, under the patch's header."""
    make, patch = alone(defect), resolve("patch")

    def made(hook: Hook) -> Vm:
        vm = make(hook, V2_6_34, None)
        assert isinstance(vm, Vm)
        return vm

    header = replace(patch.header, domain=made(Silent()).domain)
    return replace(patch, header=header, make=made)


def test_the_patch_has_what_the_data_say_and_nothing_else() -> None:
    changed = {
        name
        for name in dir(PublishedPatch)
        if not name.startswith("_")
        and getattr(PublishedPatch, name) is not getattr(Kvm, name)
    }
    assert changed == METHODS | set(HARMLESS)


def test_no_method_makes_two_defects() -> None:
    listed = [name for defect in DEFECTS for name in defect.methods]
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("defect", DEFECTS, ids=named)
def test_a_defect_names_clauses_that_bind_its_version(defect: PatchDefect) -> None:
    clauses = [clause_by_id(one) for one in (*defect.clauses, *defect.behind)]
    assert all(V2_6_34.name in clause.profiles for clause in clauses)


@pytest.mark.parametrize("defect", DEFECTS, ids=named)
def test_a_defect_alone_is_found_by_its_first_clause(defect: PatchDefect) -> None:
    target = target_of(defect)
    breaks = Breaks(target.header)
    assert any(
        defect.clauses[0] in breaks.of(played.events, is_blind=False)
        for _, _, played in in_order(target, PREEMPTIONS)
    )
