"""The JSON form is pinned: a history file of this version stays readable.

`golden/history-1.ndjson` holds every kind of event, operation and reply. It is
never edited: a form that would need it edited is a new `FORMAT_VERSION`, with a
file of its own. A kind or a field with a default that is added later comes into
`EXAMPLE` and into a further file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

from memslot_spec import events, operations
from memslot_spec.history import (
    FORMAT_VERSION,
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.profile import Limits
from memslot_spec.values import (
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    table_of,
)
from memslot_spec.wire import history_to_json, read_history

GOLDEN = Path(__file__).parent / "golden" / "history-1.ndjson"

HEADER = Header(
    target="reference",
    profile="linux",
    limits=Limits(
        largest_gfn=0xFFFFF, address_spaces=2, hva_end=Hva(0x7FFFFFFFF000), user_slots=8
    ),
    capabilities=Capabilities(
        operations=("SetRegion", "GuestAccess"),
        interleaving=Interleaving.POINTS,
        announces=("TableLoaded", "TablePublished"),
        shows=("table",),
    ),
    domain=Domain(failures=("PREPARE",)),
)
SLOT = Slot(
    id=1, base=Gfn(0x10), npages=4, hva=Hva(0x7000), log_dirty=True, readonly=True
)
TABLE = table_of(SLOT, SLOT.as_invalid())
REGION = MemoryRegion(
    slot=0x10001,
    guest_phys_addr=0x10000,
    memory_size=0x4000,
    userspace_addr=2**64 - 0x1000,
    flags=3,
)
OPERATIONS = (
    operations.SetRegion(REGION, private=True, failure=Failure.PREPARE),
    operations.SetRegion(REGION),
    operations.GfnToMemslot(0x10),
    operations.GfnToHva(0x10),
    operations.IsVisibleGfn(0x10),
    operations.MemslotId(0x10),
    operations.TssBase(),
    operations.MmuPages(),
    operations.CountRmaps(),
    operations.GuestAccess(0x10, write=True, direct=False, root=7),
    operations.AllocateRoot(7),
    operations.UnmapHva(0x7000),
    operations.AgeHva(0x7000),
    operations.Halt(),
    operations.ReleaseNotifier(),
    operations.DestroyVm(),
)
REPLIES = (
    operations.Done(),
    operations.Refused(Errno.EINVAL),
    operations.Refused(None),
    operations.FoundSlot(SLOT),
    operations.FoundSlot(None),
    operations.FoundHva(0x7000),
    operations.FoundHva(None),
    operations.Visible(visible=True),
    operations.FoundId(1),
    operations.FoundId(None),
    operations.Number(64),
    operations.Accessed(0x7000),
    operations.Mmio(),
    operations.Retry(),
    operations.Touched(young=False),
)
VIEW = events.View(
    table=TABLE,
    sptes=(
        events.ShadowPte(page=3, index=5, gfn=16, level=1, writable=True, hva=0x7000),
    ),
    pages=(events.ShadowPage(page=3, gfn=16, direct=True, slot_ids=(1, 2)),),
)
OTHERS = (
    events.Observed(0, VIEW),
    events.Observed(0, events.View()),
    events.SectionEntering(1, 0),
    events.SectionEntered(1, 0),
    events.SectionLeft(1, 0),
    events.GracePeriodBegun(0),
    events.IndexFlipped(0, 1),
    events.GracePeriodEnded(0),
    events.DomainDestroyed(0),
    events.TableLoaded(1, 3),
    events.TableRead(1, 3, "npages"),
    events.TableWritten(0, 4),
    events.TablePublished(0, 4, TABLE),
    events.TableReclaimed(0, 3),
    events.UpdateLocked(0),
    events.UpdateUnlocked(0),
    events.MmuLocked(1),
    events.MmuUnlocked(1),
    events.GuestEntered(1),
    events.Slept(1),
    events.ShadowPageCreated(1, 3, 16, direct=True, capacity=36, slot_ids=(1,)),
    events.ShadowPageZapped(1, 3),
    events.SlotBitSet(1, 3, 1),
    events.SpteMapped(1, 3, 5, 16, 1, writable=True, hva=0x7000, table=4),
    events.SpteRemoved(1, 3, 5),
    events.RmapIndexed(1, events.RmapUse.HVA_WALK, 1, 16, 2, 16, 0),
    events.RmapAdded(1, 3, 5, 1, 1, 0),
    events.RmapRemoved(1, 3, 5, 1, 1, 0),
    events.RmapsCounted(1, 4),
    events.Flushed(0, None),
    events.RootGranted(1, 7, 4),
    events.Finished(0, (0, 1)),
)
EXAMPLE = History(
    HEADER,
    (
        *(events.Call(0, operation) for operation in OPERATIONS),
        *(events.Return(0, reply) for reply in REPLIES),
        *OTHERS,
    ),
)


def test_the_example_holds_every_kind() -> None:
    kinds = {type(event) for event in EXAMPLE.events}
    assert kinds == set(get_args(events.Event))
    assert {type(op) for op in OPERATIONS} == set(get_args(operations.Operation))
    assert {type(reply) for reply in REPLIES} == set(get_args(operations.Reply))


def test_the_golden_file_is_what_is_written() -> None:
    assert history_to_json(EXAMPLE).splitlines() == GOLDEN.read_text().splitlines()


def test_the_golden_file_reads_as_the_example() -> None:
    with GOLDEN.open() as lines:
        assert read_history(lines, GOLDEN.name) == EXAMPLE


def test_the_golden_file_is_of_this_version() -> None:
    header, *_ = GOLDEN.read_text().splitlines()
    assert GOLDEN.stem == f"history-{FORMAT_VERSION}"
    assert json.loads(header)["memslots_history"] == FORMAT_VERSION
