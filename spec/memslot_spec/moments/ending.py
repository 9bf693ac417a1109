"""The ends of the process and of the VM: what was kept for later is gone by then.

When memory is given back is nobody's promise, so long as no reader can have it any
more: a reclaim may be deferred (`call_srcu`, `kvfree_rcu`). That it is given back at
all shows when the VM ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import BITMAP, METADATA, Resource
from memslot_spec.facts.mmu import Spte
from memslot_spec.history.events import Finished
from memslot_spec.model.operations import ReleaseNotifier
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class VmEnded:
    """The VM was destroyed, and every thread has come to its end.

    `tables` are the handles of those never reclaimed, `resources` the arrays and
    bitmaps never freed, `sptes` and `pages` the mappings and the shadow pages left.
    """

    tables: tuple[int, ...]
    resources: tuple[Resource, ...]
    sptes: tuple[Spte, ...]
    pages: tuple[int, ...]


@dataclass(slots=True)
class Released:
    """The release of the MMU notifier returns: the process is gone.

    `was_mapped`: something was when it was called; `left` are those sptes that are
    present still, and that a vCPU can reach.
    """

    was_mapped: bool
    left: tuple[Spte, ...]


def _vm_ended(facts: Facts, event: Finished) -> VmEnded | None:
    if event.stuck or not facts.vm_destroyed:
        return None
    host = facts.host
    arrays = ((METADATA, handle) for handle in sorted(host.metadata))
    bitmaps = ((BITMAP, handle) for handle in sorted(host.bitmaps))
    return VmEnded(
        facts.tables.unfreed(),
        (*arrays, *bitmaps),
        tuple(facts.shadow.sptes.values()),
        tuple(sorted(facts.shadow.pages)),
    )


def _released(facts: Facts, answered: Answered) -> Released | None:
    if not isinstance(answered.operation, ReleaseNotifier):
        return None
    mapped = facts.calls[answered.thread].mappings
    left = facts.shadow.present(mapped)
    reached = tuple(s for s in left if s.serial > facts.host.unreachable)
    return Released(bool(mapped), reached)


MAKINGS: Makings = (
    Making(VmEnded, Finished, _vm_ended),
    Making(Released, Answered, _released),
)
