"""What is said of each odd program, of `odd_programs` and of `odd_turns`."""

from __future__ import annotations

from collections.abc import Mapping

from memslot_conformance.targets.stdio.process import (
    EndedError,
    MalformedError,
    ProgramError,
    SilentError,
)

LINE_3 = "line 3 of its standard output: answer 2: "

SAID: Mapping[str, tuple[type[ProgramError], str]] = {
    "ends": (EndedError, "it exited with status 0 before it had answered"),
    "fails": (EndedError, "it exited with status 3 before it had answered"),
    "crashes": (EndedError, "it was killed by signal 11 (SIGSEGV) before it had"),
    "half a line": (EndedError, "answered, in the middle of line 3"),
    "half and silent": (SilentError, "0.4 seconds, in the middle of line 3"),
    "silent": (SilentError, "no answer within 0.4 seconds"),
    "garbage": (MalformedError, f"{LINE_3}expected JSON, got Expecting value"),
    "escapes": (MalformedError, r"it wrote: \x1b[2J\x07\x9b31m"),
    "endless": (MalformedError, "line 3 of its standard output has more than 1,048"),
    "blank": (MalformedError, f"{LINE_3}expected JSON"),
    "no UTF-8": (MalformedError, f"{LINE_3}expected text in UTF-8"),
    "nested": (MalformedError, f"{LINE_3}expected JSON that is less deeply nested"),
    "twin keys": (MalformedError, f"{LINE_3}expected each key once in an object"),
    "long number": (MalformedError, f"{LINE_3}expected JSON that can be held"),
    "a list": (MalformedError, f"{LINE_3}expected an object"),
    "another number": (MalformedError, "expected the answer to request 2, got 3"),
    "no number": (MalformedError, f"{LINE_3}field n: is missing"),
    "unknown field": (MalformedError, "field reply.ok: is unknown (Done has no"),
    "unknown reply": (MalformedError, "field reply.reply: expected one of Done, Ref"),
    "unknown errno": (MalformedError, 'EPERM, got "EWHAT"'),
    "another reply": (
        MalformedError,
        'expected Done or Refused for a SetRegion, got "',
    ),
    "no reply": (MalformedError, "Done or Refused for a SetRegion, got null"),
    "a view": (MalformedError, "field reply: expected Done or Refused"),
    "wrong type": (MalformedError, "field reply.errno: expected one of EAGAIN"),
    "a float": (MalformedError, "field reply.npages: expected an integer, got 1.0"),
    "a negative count": (MalformedError, "reply.npages: expected 0..2**64-1, got -1"),
    "a negative word": (MalformedError, "reply.bitmap[1]: expected 0..2**64-1, got -5"),
    "a negative slot": (MalformedError, "reply.slot.npages: expected 0..2**64-1"),
    "too wide": (MalformedError, "reply.slot.hva: expected 0..2**64-1, got 184467"),
    "an error": (ProgramError, rf"{LINE_3}error: no \x1b memory"),
    "wordy": (MalformedError, "answer 1: field reply: expected no reply and no view"),
    "complains": (EndedError, "it exited with status 7 before it had answered"),
}
"""What is said of it when it is asked to carry something out."""

GREETED: Mapping[str, str] = {
    "another version": "field memslots_lines: expected a version from 1 to 2, got 3",
    "no version": "expected a greeting with the key 'memslots_lines'",
    "nameless": "field name: is missing (Greeting has name, capabilities",
    "stepped": "field memslots_lines: expected version 2, which knows points, got 1",
    "from threads": "expected 'none' or 'points', for a program is asked on one thr",
    "misspelt": "is no operation. Did you mean 'GfnToMemslot'?",
    "patient": "field seconds: expected more than 0 and at most 60 seconds, got NaN",
    "not a greeting": "expected JSON, got Expecting value",
}
"""What is said of a greeting."""

AN_END = "turn: expected a reply, or a wait, or a last point that ends a turn, got "
A_THREAD = "turn.thread: expected thread 1, whose turn it is, got "

TURNS: Mapping[str, str] = {
    "no turn": "no turn was told of, and thread 1 could take one",
    "another thread": f"{A_THREAD}2",
    "no thread of the race": f"{A_THREAD}7",
    "thread 0": f"{A_THREAD}0",
    "stops nowhere": f"{AN_END}null",
    "stops too early": f'{AN_END}"TableRead"',
    "runs over a stop": 'expected a turn that ends at each of its stops, got "Sect',
    "two ends": "turn: expected one of reply, waits and error, got ",
    "another's point": "turn.points[0].thread: expected thread 1, got 2",
    "no kind of point": "turn.points[0].e: expected one of ",
    "a call": "turn.points[0].e: expected one of ",
    "a negative index": "turn.points[0].index: expected 0..2**64-1, got -1",
    "a turn too many": "turn.thread: expected the answer, for nobody has a turn, got 1",
    "goes on in a wait": "expected thread 2, whose turn it is, got 1",
    "ready for nothing": "turn.ready: expected threads that wait, got [2]",
    "another reply": 'turn.reply: expected FoundHva for a GfnToHva, got "Done"',
    "a reply beside": "reply: expected no reply and no view to this request, got",
    "a reply at the end": "reply: expected no reply and no view to this request, got",
    "an error beside": 'error: expected no error beside a turn, got "why"',
    "an error": r"thread 1: error: no \x1b memory",
    "dies": "it was killed by signal 9 (SIGKILL) before it had answered",
    "leaves": "it exited with status 3 before it had answered",
    "hangs": "no answer within 0.3 seconds",
    "endless": "of its standard output has more than 1,048,576 bytes",
    "a turn of nobody": "turn: expected no turn, which this request does not give",
    "a point of a thread": "points[0].thread: expected thread 0, got 1",
    "waits and answers": "waits: expected a reply or a wait, got ",
    "waits for a start": "points: expected no points and no wait here, got",
}
"""What is said of it when its race is played."""
