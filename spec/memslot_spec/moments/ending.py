"""The moment at which a VM is gone: what was kept for later is freed by then.

When memory is given back is nobody's promise, so long as no reader can have it any
more: a reclaim may be deferred (`call_srcu`, `kvfree_rcu`). That it is given back at
all shows when the VM ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import BITMAP, METADATA, Resource
from memslot_spec.history.events import Finished
from memslot_spec.moments.making import Making


@dataclass(frozen=True, slots=True)
class VmEnded:
    """The VM was destroyed, and every thread has come to its end.

    `tables` are the handles of those never reclaimed, `resources` the arrays and
    bitmaps never freed.
    """

    tables: tuple[int, ...]
    resources: tuple[Resource, ...]


def _vm_ended(facts: Facts, event: Finished) -> VmEnded | None:
    if event.stuck or not facts.vm_destroyed:
        return None
    host = facts.host
    arrays = ((METADATA, handle) for handle in sorted(host.metadata))
    bitmaps = ((BITMAP, handle) for handle in sorted(host.bitmaps))
    return VmEnded(facts.tables.unfreed(), (*arrays, *bitmaps))


MAKINGS = (Making(VmEnded, Finished, _vm_ended),)
