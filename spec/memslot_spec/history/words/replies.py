"""Replies in words: what a caller is told."""

from __future__ import annotations

from typing import assert_never

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.history.words.names import count, describe_pages, describe_slot
from memslot_spec.model import replies
from memslot_spec.model.replies import Reply


def describe_reply(reply: Reply) -> str:  # noqa: C901, PLR0911, PLR0912
    """What the caller is told, such as `refused EINVAL`."""
    match reply:
        case replies.Done():
            return "done"
        case replies.Refused(errno):
            return f"refused {errno.value}" if errno else "refused"
        case replies.FoundSlot(slot):
            return describe_slot(slot) if slot else "no slot"
        case replies.FoundHva(hva):
            return "error hva" if hva is None else f"hva {hva:#x}"
        case replies.FoundHostPage(hva, writable, error):
            if hva is None:
                return f"error hva {error.value}" if error else "error hva"
            return f"hva {hva:#x}" + ("" if writable else ", not writable")
        case replies.Translated(hvas):
            return f"reached {_hvas(hvas)}"
        case replies.CutShort():
            return _cut_short(reply)
        case replies.PreFaulted(npages):
            return f"{count(npages, 'page')} mapped"
        case replies.DirtyLog(bitmap):
            return f"dirty: {describe_pages(set_bits(bitmap))}"
        case replies.Visible(visible):
            return "visible" if visible else "not visible"
        case replies.FoundId(slot_id):
            return "no slot id" if slot_id is None else f"slot id {slot_id}"
        case replies.Number(value):
            return f"{value} ({value:#x})"
        case replies.Accessed(hva, replaced):
            return f"reached hva {hva:#x}" + (f", page {replaced}" if replaced else "")
        case replies.Mmio():
            return "MMIO"
        case replies.Retry():
            return "retry"
        case replies.GuestPageFault():
            return "page fault to the guest"
        case replies.Touched(young):
            return "touched" if young else "not touched"
        case _:
            assert_never(reply)


def _hvas(hvas: tuple[int, ...]) -> str:
    return f"hva {', '.join(f'{hva:#x}' for hva in hvas)}"


def _cut_short(reply: replies.CutShort) -> str:
    error = f"error {reply.errno.value}" if reply.errno else "an error"
    return f"{error} after {_hvas(reply.hvas) if reply.hvas else 'no page'}"
