"""How it ends with each hostile or broken adapter: a status, and what is said."""

from __future__ import annotations

from collections.abc import Mapping

BROKEN, SOUND = 3, 0

ENDS: Mapping[str, tuple[int, str]] = {
    "exits": (BROKEN, "it exited with status 0 before it had answered"),
    "exits with a status": (BROKEN, "it exited with status 3 before it had answered"),
    "aborts": (BROKEN, "it was killed by signal 6 (SIGABRT)"),
    "segfaults": (BROKEN, "it was killed by signal 11 (SIGSEGV)"),
    "is killed": (BROKEN, "it was killed by signal 9 (SIGKILL)"),
    "stops itself": (BROKEN, "no answer within 0.5 seconds"),
    "sleeps": (BROKEN, "no answer within 0.5 seconds"),
    "does not end": (BROKEN, "no answer within 0.5 seconds"),
    "takes gigabytes": (BROKEN, "it exited with status 1 before it had answered"),
    "garbage": (BROKEN, "expected JSON, got Expecting value"),
    "half a line": (BROKEN, "no answer within 0.5 seconds, in the middle of line"),
    "another call": (BROKEN, "expected the answer to request"),
    "the call before": (BROKEN, "expected the answer to request"),
    "a megabyte": (BROKEN, "has more than 1,048,576 bytes"),
    "no end of a line": (BROKEN, "has more than 1,048,576 bytes"),
    "lines without end": (BROKEN, "expected the answer to request"),
    "a negative count": (BROKEN, "value: expected 0..2**64-1, got -1"),
    "cannot what it claims": (BROKEN, "error: not written yet"),
    "escapes": (BROKEN, r"it wrote: \x1b[2J\x1b]0;owned\x07"),
    "escapes in a text": (BROKEN, r"error: \x1b[2J\u202e owned"),
    "answers twice": (BROKEN, "expected the answer to request"),
    "closes its output": (BROKEN, "it closed its standard output"),
    "closes its input": (BROKEN, "no answer within 0.5 seconds"),
    "leaves a child": (BROKEN, "no answer within 0.5 seconds"),
    "is two": (BROKEN, "expected the answer to request"),
    "code in a name": (BROKEN, "reply.reply: expected one of"),
    "a pickle": (BROKEN, "expected text in UTF-8"),
    "keys of a class": (BROKEN, "is unknown (LineAnswer has"),
    "floods its errors": (SOUND, "the adapter is sound"),
    "floods its errors without end": (BROKEN, "no answer within 0.5 seconds"),
    "raises": (BROKEN, "KeyError: 'no such name'"),
    "another version": (BROKEN, "expected a version from 1 to 2, got 99"),
    "speaks first": (BROKEN, "expected a greeting with the key"),
    "reads nothing": (BROKEN, "no answer within 0.5 seconds"),
    "greets by another name": (BROKEN, "it exited with status 0"),
    "claims everything": (BROKEN, "expected Visible for a IsVisibleGfn"),
    "claims less than it has": (SOUND, "the adapter is sound"),
    "claims what is none": (BROKEN, "'DropTables' is no operation."),
    "a name with escapes": (SOUND, "the adapter is sound"),
}
"""Of a program that is hostile at once."""

ADAPTERS: Mapping[str, str] = {
    "SharedSlot": "a slot created on one is seen on the other: GfnToMemslot",
    "SharedHva": "a slot created on one is seen on the other: GfnToHva",
    "SharedVisible": "a slot created on one is seen on the other: IsVisibleGfn",
    "SharedId": "a slot created on one is seen on the other: MemslotId",
    "SharedShown": "a slot created on one is shown by the other",
    "Inherits": "a slot created on one is seen on a later one",
    "InheritsShown": "a slot created on one is shown by a later one",
    "Mute": "which is no Done or Refused",
    "Vague": "is_visible_gfn() gave 1, which is no bool",
    "Deaf": "it has no method set_region()",
    "RaisesOnDelete": "KeyError",
    "Flickers": "it showed View(",
    "Forgets": "lookups said [Visible(visible=True)] before it and",
    "Unsteady": "the same schedule went two ways: step 2 was TableLoaded(thread=0",
    "UnsteadyLater": "the same schedule went two ways: step 8 was TableLoaded(thread=2",
    "UnsteadyLookup": "the same schedule went two ways: step 8 was TableLoaded(",
    "NamesThenRaises": "KeyError",
    "StopsAtOnce": "NotImplementedError: slot 0",
    "not_whole": "LookupError: a part is missing",
    "dies_at_2": "exited with status 7 before it was done",
}
"""Of adapters in Python, `py:odd_adapters:NAME`, which `smoke` calls broken."""
