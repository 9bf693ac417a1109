"""A table by ranges as a program that speaks lines of JSON, for tests to run."""

from __future__ import annotations

import json
import sys
from typing import Any

PAGE = 4096
GREETING: dict[str, object] = {
    "memslots_lines": 1,
    "name": "ranges over lines",
    "capabilities": {
        "operations": ["AddRange", "RemoveRange", "ReplaceTable", "GfnToHva"],
        "shows": [],
    },
    "domain": {"ranges": {"removal": "exact"}},
}

Ranges = dict[int, tuple[int, int]]
REFUSED: dict[str, object] = {"reply": "Refused", "errno": None}
DONE: dict[str, object] = {"reply": "Done"}


def reply_to(ranges: Ranges, asked: dict[str, Any]) -> dict[str, object]:
    match asked["op"]:
        case "AddRange":
            return added(ranges, asked)
        case "RemoveRange":
            return removed(ranges, asked)
        case "ReplaceTable":
            return replaced(ranges, asked["ranges"])
        case _:
            return {"reply": "FoundHva", "hva": found(ranges, asked["gfn"])}


def removed(ranges: Ranges, asked: dict[str, Any]) -> dict[str, object]:
    if ranges.get(asked["gfn"], (0, 0))[0] != asked["npages"]:
        return REFUSED
    del ranges[asked["gfn"]]
    return DONE


def replaced(ranges: Ranges, by: list[dict[str, Any]]) -> dict[str, object]:
    new: Ranges = {}
    if any(added(new, one) is REFUSED for one in by):
        return REFUSED
    ranges.clear()
    ranges.update(new)
    return DONE


def found(ranges: Ranges, gfn: int) -> int | None:
    for first, (npages, hva) in ranges.items():
        if first <= gfn < first + npages:
            return hva + (gfn - first) * PAGE
    return None


def added(ranges: Ranges, one: dict[str, Any]) -> dict[str, object]:
    first, end = one["gfn"], one["gfn"] + one["npages"]
    if any(gfn < end and first < gfn + npages for gfn, (npages, _) in ranges.items()):
        return REFUSED
    ranges[first] = one["npages"], one["hva"]
    return DONE


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    sys.stdin.readline()
    say(GREETING)
    vms: dict[int, Ranges] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, object] = {"n": asked["n"]}
        if asked["do"] == "CarryOut":
            ranges = vms.setdefault(asked["vm"], {})
            answer["reply"] = reply_to(ranges, asked["operation"])
        say(answer)


if __name__ == "__main__":
    main()
