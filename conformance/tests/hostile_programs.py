"""A slot table over lines of JSON that turns on whoever asks it, as it is told.

    python hostile_programs.py WAY [once]

It is the skeleton of `memslots new-adapter stdio`, and sound until it is asked for a
slot with the id 3, or, with `once`, for any. Then it does what `WAYS` has for its way.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SKELETON = (
    Path(__file__).parents[1]
    / "memslot_conformance/targets/skeletons/stdio_adapter.py.txt"
)
SLOT = 3
PID, TOUCHED = "pid", "touched"
"""Files: who was left behind, and what is there if something was evaluated."""

Answer = dict[str, Any]

EVERYTHING = ["SetRegion", "GfnToMemslot", "GfnToHva", "IsVisibleGfn", "MemslotId"]

skeleton: dict[str, Any] = {}
exec(SKELETON.read_text("utf-8").partition("\nvms = ")[0], skeleton)  # noqa: S102


def write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def say(answer: Answer) -> None:
    write(json.dumps(answer).encode() + b"\n")


def say_all(*answers: Answer) -> None:
    for answer in answers:
        say(answer)


def half_a_line(answer: Answer) -> None:
    write(json.dumps(answer).encode()[:9])
    rest()


def rest() -> None:
    time.sleep(600)


def spin() -> None:
    while True:
        pass


def kill(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def take_gigabytes() -> None:
    bytearray(1 << 33)
    rest()


def flood(fd: int, data: bytes) -> None:
    while True:
        os.write(fd, data)


def leave_a_child() -> None:
    if os.fork():
        os._exit(0)
    Path(PID).write_text(str(os.getpid()), "utf-8")
    rest()


def be_two(answer: Answer) -> None:
    os.fork()
    say(answer)


def touch(answer: Answer, text: str) -> None:
    say({**answer, "reply": {"reply": text}})


class Touches:
    """It writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., int], tuple[list[str]]]:
        return subprocess.call, (["touch", TOUCHED],)


def close(*fds: int) -> None:
    for fd in fds:
        os.close(fd)
    rest()


def close_after(answer: Answer) -> None:
    say(answer)
    close(0)


def loud(answer: Answer) -> None:
    for _ in range(200):
        os.write(2, b"lost \x1b[2J in the table\n" * 1000)
    say(answer)


TOUCH = f"__import__('os').system('touch {TOUCHED}')"

WAYS: Mapping[str, Callable[[Answer], None]] = {
    "exits": lambda _: os._exit(0),
    "exits with a status": lambda _: os._exit(3),
    "aborts": lambda _: os.abort(),
    "segfaults": lambda _: kill(signal.SIGSEGV),
    "is killed": lambda _: kill(signal.SIGKILL),
    "stops itself": lambda _: kill(signal.SIGSTOP),
    "sleeps": lambda _: rest(),
    "does not end": lambda _: spin(),
    "takes gigabytes": lambda _: take_gigabytes(),
    "garbage": lambda _: write(b"segmentation fault?\n"),
    "half a line": half_a_line,
    "another call": lambda a: say({**a, "n": a["n"] + 7}),
    "the call before": lambda a: say({**a, "n": a["n"] - 1}),
    "a megabyte": lambda a: say({**a, "pad": "x" * (1 << 20)}),
    "no end of a line": lambda _: flood(1, b"x" * 4096),
    "lines without end": lambda a: flood(1, json.dumps(a).encode() + b"\n"),
    "a negative count": lambda a: say({**a, "reply": {"reply": "Number", "value": -1}}),
    "cannot what it claims": lambda a: say({"n": a["n"], "error": "not written yet"}),
    "escapes": lambda _: write(b"\x1b[2J\x1b]0;owned\x07\n"),
    "escapes in a text": lambda a: say({"n": a["n"], "error": "\x1b[2J\u202e owned"}),
    "answers twice": lambda a: say_all(a, a),
    "closes its output": lambda _: close(1),
    "closes its input": close_after,
    "leaves a child": lambda _: leave_a_child(),
    "is two": be_two,
    "code in a name": lambda a: touch(a, TOUCH),
    "a pickle": lambda _: write(pickle.dumps(Touches()) + b"\n"),
    "keys of a class": lambda a: say({**a, "__class__": "Done", "__reduce__": TOUCH}),
    "floods its errors": loud,
    "floods its errors without end": lambda _: flood(2, b"lost\n" * 1000),
    "raises": lambda _: skeleton["no such name"],
}
"""What it does in the place of an answer."""


def greet_and_rest(greeting: Answer) -> None:
    say(greeting)
    rest()


def greet_anew(greeting: Answer) -> None:
    name = "second" if Path(PID).exists() else "first"
    Path(PID).touch()
    say({**greeting, "name": name})


GREETINGS: Mapping[str, Callable[[Answer], None]] = {
    "another version": lambda g: say({**g, "memslots_lines": 99}),
    "speaks first": lambda g: say_all({"n": 1}, g),
    "reads nothing": greet_and_rest,
    "greets by another name": greet_anew,
    "claims everything": lambda g: say(claiming(g, EVERYTHING)),
    "claims less than it has": lambda g: say(claiming(g, ["SetRegion"])),
    "claims what is none": lambda g: say(claiming(g, ["SetRegion", "DropTables"])),
    "a name with escapes": lambda g: say({**g, "name": "\x1b[2J\x07 owned"}),
}
"""What it does in the place of a greeting."""


def claiming(greeting: Answer, operations: list[str]) -> Answer:
    has = {**greeting["capabilities"], "operations": operations}
    return {**greeting, "capabilities": has}


def is_meant(request: Answer, *, once: bool) -> bool:
    operation = request.get("operation", {})
    return once or operation.get("region", {}).get("slot") == SLOT


def main(way: str, *, once: bool) -> None:
    sys.stdin.readline()
    greeting = {**skeleton["GREETING"], "seconds": 0.5}
    GREETINGS.get(way, say)(greeting)
    if way == "greets by another name":
        way = "exits"
    vms: Answer = {}
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"n": request["n"], **skeleton["answer"](vms, request)}
        turns = request["do"] == "CarryOut" and is_meant(request, once=once)
        WAYS.get(way, say)(answer) if turns else say(answer)


if __name__ == "__main__":
    main(sys.argv[1], once="once" in sys.argv[2:])
