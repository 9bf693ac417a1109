"""A stepped program that goes wrong in the turns of a race, in the way that it is told.

    python odd_turns.py WAY

Its table is empty, whatever it is asked, and its races are lookups.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

Fields = dict[str, object]

GREETING: Fields = {
    "memslots_lines": 2,
    "name": "odd turns",
    "capabilities": {
        "operations": ["SetRegion", "GfnToHva"],
        "interleaving": "points",
        "announces": ["SectionEntered", "TableRead"],
    },
    "seconds": 5,
}

GREETINGS: Mapping[str, Fields] = {
    "misspelt point": {
        **GREETING,
        "capabilities": {"operations": ["SetRegion"], "announces": ["TableLoded"]},
    },
    "points of the first version": {
        **GREETING,
        "memslots_lines": 1,
        "capabilities": {"operations": ["SetRegion"], "announces": ["TableRead"]},
    },
    "hangs": {**GREETING, "seconds": 0.3},
}

NOTHING: Fields = {"reply": "FoundHva", "hva": None}


def entered(thread: int = 1, index: int = 0) -> Fields:
    return {"e": "SectionEntered", "thread": thread, "index": index}


def read(thread: int = 1) -> Fields:
    return {"e": "TableRead", "thread": thread, "table": 0, "field": "slots"}


def turn(thread: int = 1, *points: Fields, **how: object) -> Fields:
    return {"turn": {"thread": thread, "points": list(points), **how}}


def found(thread: int = 1, *points: Fields, **how: object) -> Fields:
    return turn(thread, *points, reply=NOTHING, **how)


def leave(status: int) -> list[Fields]:
    sys.stdout.flush()
    os._exit(status)


def die() -> list[Fields]:
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def hang() -> list[Fields]:
    sys.stdout.flush()
    time.sleep(60)
    return []


def endless() -> list[Fields]:
    return [turn(1, *[read()] * 20_000)]


SOUND = [found(1), found(2), {}]

TURNS: Mapping[str, Callable[[], list[Fields]]] = {
    "no turn": lambda: [{}],
    "another thread": lambda: [found(2), {}],
    "no thread of the race": lambda: [found(7), {}],
    "thread 0": lambda: [found(0), {}],
    "stops nowhere": lambda: [turn(1), {}],
    "stops too early": lambda: [turn(1, read()), {}],
    "runs over a stop": lambda: [found(1, entered()), {}],
    "two ends": lambda: [found(1, waits="a lock"), {}],
    "another's point": lambda: [turn(1, entered(2)), {}],
    "no kind of point": lambda: [turn(1, {"e": "Entered", "thread": 1}), {}],
    "a call": lambda: [turn(1, {"e": "Finished", "thread": 1, "stuck": []}), {}],
    "a negative index": lambda: [turn(1, entered(1, -1)), {}],
    "a turn too many": lambda: [found(1), found(2), found(1), {}],
    "goes on in a wait": lambda: [turn(1, waits="a lock"), found(1), {}],
    "ready for nothing": lambda: [found(1, ready=[2]), {}],
    "another reply": lambda: [turn(1, reply={"reply": "Done"}), {}],
    "a reply beside": lambda: [{**found(1), "reply": NOTHING}, {}],
    "a reply at the end": lambda: [found(1), found(2), {"reply": NOTHING}],
    "an error beside": lambda: [{**found(1), "error": "why"}, {}],
    "an error": lambda: [turn(1, error="no \x1b memory"), {}],
    "escapes": lambda: [found(1), turn(2, waits="\x1b[2J" * 500)],
    "dies": lambda: [found(1), {"die": 1}],
    "leaves": lambda: [found(1), {"leave": 1}],
    "hangs": lambda: [found(1), {"hang": 1}],
    "endless": endless,
}
"""What it tells of the turns that a race of two lookups is given."""

ENDS: Mapping[str, Callable[[], object]] = {
    "die": die,
    "leave": lambda: leave(3),
    "hang": hang,
}


def say(n: int, fields: Fields) -> None:
    for name, end in ENDS.items():
        if name in fields:
            end()
    sys.stdout.write(json.dumps({"n": n, **fields}) + "\n")


def answers(way: str, do: str, op: str) -> list[Fields]:
    if do == "Advance":
        return TURNS[way]() if way in TURNS else SOUND
    if do == "CarryOut":
        done: Fields = {"reply": NOTHING if op == "GfnToHva" else {"reply": "Done"}}
        others: Mapping[str, list[Fields]] = {
            "a turn of nobody": [found(0), done],
            "a point of a thread": [{**done, "points": [entered(1)]}],
            "waits and answers": [{**done, "waits": "a lock"}],
        }
        return others.get(way, [done])
    return [{"waits": "a lock"} if way == "waits for a start" else {}]


def main(way: str) -> None:
    sys.stdin.readline()
    sys.stdout.write(json.dumps(GREETINGS.get(way, GREETING)) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        request = json.loads(line)
        op = request.get("operation", {}).get("op", "")
        for fields in answers(way, request["do"], op):
            say(request["n"], fields)
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
