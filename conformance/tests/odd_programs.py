"""A program that speaks lines of JSON, and goes wrong in the way that it is told.

    python odd_programs.py WAY

It needs the standard library alone, and starts in a few milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

GREETING: dict[str, object] = {
    "memslots_lines": 1,
    "name": "an odd program",
    "capabilities": {
        "operations": ["SetRegion", "GfnToMemslot", "PreFault", "GetDirtyLog"],
        "shows": ["table"],
    },
    "seconds": 5,
}

EMPTY: dict[str, object] = {"table": {"slots": []}}
OTHERS: dict[str, object] = {"sptes": []}

GREETINGS: Mapping[str, object] = {
    "another version": {**GREETING, "memslots_lines": 3},
    "no version": {"name": "an odd program"},
    "nameless": {"memslots_lines": 1, "capabilities": {"operations": []}},
    "stepped": {
        **GREETING,
        "capabilities": {"operations": ["SetRegion"], "interleaving": "points"},
    },
    "from threads": {
        **GREETING,
        "capabilities": {"operations": ["SetRegion"], "interleaving": "threads"},
    },
    "misspelt": {**GREETING, "capabilities": {"operations": ["GfnToMemslt"]}},
    "patient": {**GREETING, "seconds": float("nan")},
    "narrow": {**GREETING, "domain": {"slots": 0}},
    "silent": {**GREETING, "seconds": 0.4},
    "half and silent": {**GREETING, "seconds": 0.4},
    "reads nothing": {**GREETING, "seconds": 0.4},
}
"""What it greets by, where that is odd."""


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def say(what: object) -> None:
    write(json.dumps(what) + "\n")


def leave(status: int) -> None:
    sys.stdout.flush()
    os._exit(status)


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def complain() -> None:
    sys.stderr.write("lost \x1b[2J in the table\n" * 20_000)
    sys.stderr.flush()
    leave(7)


def rest() -> None:
    time.sleep(60)


def half_and(n: int, then: Callable[[], None]) -> None:
    write(f'{{"n": {n}, "reply": {{"rep')
    then()


def write_bytes(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def two_replies(n: int) -> None:
    for _ in range(2):
        reply(n, reply="Done")


def reply(n: int, **fields: object) -> None:
    say({"n": n, "reply": fields})


def slot(**other: object) -> dict[str, object]:
    return {"id": 0, "base": 0, "npages": 1, "hva": 0, **other}


WAYS: Mapping[str, Callable[[int], None]] = {
    "ends": lambda _: leave(0),
    "fails": lambda _: leave(3),
    "crashes": lambda _: die(),
    "complains": lambda _: complain(),
    "half a line": lambda n: half_and(n, lambda: leave(0)),
    "half and silent": lambda n: half_and(n, rest),
    "silent": lambda _: rest(),
    "garbage": lambda _: write("__import__('os').abort()\n"),
    "escapes": lambda _: write("\x1b[2J\x07\x9b31m\n"),
    "endless": lambda _: write("9" * (1 << 20) + "9\n"),
    "blank": lambda _: write("\n"),
    "no UTF-8": lambda _: write_bytes(b'{"n": \xff}\n'),
    "nested": lambda _: write("[" * 100_000 + "\n"),
    "twin keys": lambda n: write(f'{{"n": {n}, "n": {n}, "reply": null}}\n'),
    "long number": lambda n: write(f'{{"n": {n}, "reply": {"9" * 5000}}}\n'),
    "a list": lambda n: say([n, {"reply": "Done"}]),
    "another number": lambda n: say({"n": n + 1, "reply": {"reply": "Done"}}),
    "no number": lambda _: say({"reply": {"reply": "Done"}}),
    "unknown field": lambda n: say({"n": n, "reply": {"reply": "Done", "ok": 1}}),
    "unknown reply": lambda n: reply(n, reply="Fine"),
    "unknown errno": lambda n: reply(n, reply="Refused", errno="EWHAT"),
    "another reply": lambda n: reply(n, reply="FoundHva", hva=4096),
    "no reply": lambda n: say({"n": n}),
    "a view": lambda n: say({"n": n, "view": {"table": {"slots": []}}}),
    "wrong type": lambda n: reply(n, reply="Refused", errno=22),
    "a float": lambda n: reply(n, reply="PreFaulted", npages=1.0),
    "a negative count": lambda n: reply(n, reply="PreFaulted", npages=-1),
    "a negative word": lambda n: reply(n, reply="DirtyLog", bitmap=[0, -5]),
    "a negative slot": lambda n: reply(n, reply="FoundSlot", slot=slot(npages=-3)),
    "too wide": lambda n: reply(n, reply="FoundSlot", slot=slot(hva=1 << 64)),
    "an error": lambda n: say({"n": n, "error": "no \x1b memory"}),
    "twice": two_replies,
}
"""What it does in answer to an operation."""


def main(way: str) -> None:
    sys.stdin.readline()
    if way == "mute":
        rest()
    if way == "not a greeting":
        write("Welcome!\n")
    say(GREETINGS.get(way, GREETING))
    if way == "reads nothing":
        rest()
    for line in sys.stdin:
        asked = json.loads(line)
        n = asked["n"]
        if asked["do"] == "CarryOut":
            WAYS[way](n) if way in WAYS else reply(n, reply="Done")
        elif asked["do"] == "Observe":
            part = OTHERS if way == "shows others" else EMPTY
            say({"n": n, "view": part})
        else:
            say({"n": n, **({"reply": {"reply": "Done"}} if way == "wordy" else {})})


if __name__ == "__main__":
    main(sys.argv[1])
