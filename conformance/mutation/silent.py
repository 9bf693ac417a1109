"""Twelve changes that no verdict shows, and which of them `make quick` notices.

A share of draws set to nothing, a place to switch at that is gone, a sentence that
says something else: each survived every test once, or is of a kind that did. Each is
made in a copy of the tree, and the commands of `make quick` are run there.

    python conformance/mutation/silent.py
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tree_copies import Tree, copied, python

SECONDS = 1200.0

QUICK = {
    "ruff check": python("-m", "ruff", "check", "--quiet", "."),
    "ruff format": python("-m", "ruff", "format", "--quiet", "--check", "."),
    "mypy": python("-m", "mypy"),
    "pytest": python("-m", "pytest", "-q", "-x", "-n", "auto", "--quick"),
}
"""What `make quick` runs, in its order; the first that fails has noticed."""

WANTED = 10

LITERALS = r'(?:"[^"\n]*"\s*)+'

DRAWN = "conformance/memslot_conformance/scenarios/drawn"
PLAY = "conformance/memslot_conformance/play"
CLAUSES = "spec/memslot_spec/clauses"


@dataclass(frozen=True, slots=True)
class Silent:
    """A change to the one file of a folder that has the pattern."""

    what: str
    folder: str
    pattern: str
    after: str

    def made_in(self, root: Path) -> tuple[str, bytes]:
        """The file and what is in it then. Errors: `LookupError`, not in one place."""
        pattern = re.compile(self.pattern, re.DOTALL | re.MULTILINE)
        texts = {p: p.read_text("utf-8") for p in (root / self.folder).rglob("*.py")}
        found = [path for path, text in texts.items() if pattern.search(text)]
        if len(found) != 1:
            message = f"{self.what}: the pattern is in {len(found)} files, not in one"
            raise LookupError(message)
        (path,) = found
        text = pattern.sub(self.after, texts[path], count=1)
        return str(path.relative_to(root)), text.encode()


CHANGES = (
    Silent(
        "no operation of a race is aimed",
        DRAWN,
        r"^AIMED, AIMED_IN_A_RACE = 0\.6, 0\.9",
        "AIMED, AIMED_IN_A_RACE = 0.0, 0.0",
    ),
    Silent("no private slot is drawn", DRAWN, r"^PRIVATE = 0\.06", "PRIVATE = 0.0"),
    Silent(
        "no switch where a host page was found",
        PLAY,
        r"(SWITCHING.*?)\n        HostPageFound,",
        r"\1",
    ),
    Silent(
        "no sampled switch where the index flips",
        PLAY,
        r"(HANDING_OVER.*?)\n        IndexFlipped,",
        r"\1",
    ),
    Silent(
        "HVA-6 says that a table must be blue",
        CLAUSES,
        rf'(id="HVA-6",(?:(?!id=").)*?must=){LITERALS}',
        r'\1"A table MUST be blue."',
    ),
    Silent(
        "what SRCU-12 expects is nonsense",
        CLAUSES,
        rf'(id="SRCU-12",(?:(?!id=").)*?expected=){LITERALS}',
        r'\1"a blue table"',
    ),
    Silent(
        "no race is about a log that is read",
        DRAWN,
        r'\n    \(\d+, "log"\),',
        "",
    ),
    Silent(
        "no log is asked for of a slot that has one",
        DRAWN,
        r"^LOGGED = 0\.85",
        "LOGGED = 0.0",
    ),
    Silent(
        "no slot is moved over itself",
        DRAWN,
        r"\n    \(\d+, shapes\.move_over_itself\),",
        "",
    ),
    Silent(
        "no range of host memory begins before a slot",
        DRAWN,
        r"^FROM_OUTSIDE = 0\.2",
        "FROM_OUTSIDE = 0.0",
    ),
    Silent(
        "HVA-6 rests on another commit",
        CLAUSES,
        r'(id="HVA-6",(?:(?!id=").)*?)52ac8b358b0c',
        r"\g<1>52ac8b358b0d",
    ),
    Silent(
        "every sampled schedule switches anywhere",
        PLAY,
        r"handing = bool\(number // 2 % 2\)",
        "handing = False",
    ),
)


def commands(tests: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The commands of `make quick`, or these of its tests alone."""
    if not tests:
        return QUICK
    return {"pytest": python("-m", "pytest", "-q", "-x", "--quick", *tests)}


def noticed_by(tree: Tree, tests: Sequence[str]) -> str:
    """The command that fails, and how long all took; nothing where all succeed."""
    seconds = 0.0
    for name, command in commands(tests).items():
        ran = tree.run(command, SECONDS)
        seconds += ran.seconds
        if ran.status != 0:
            return f"{name}: {first_failure(ran.output)} ({seconds:.0f} s)"
    return ""


def first_failure(output: str) -> str:
    """The line of the output that says what failed."""
    lines = [line for line in output.splitlines() if line]
    failed = (line.partition(" - ")[0] for line in lines if line.startswith("FAILED "))
    return next(failed, lines[-1] if lines else "no output")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make each change and say who notices. Exit status 1: too few are noticed."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", type=int, nargs="+", help="numbers, from 1")
    parser.add_argument("--tests", nargs="+", default=[], help="only these, by path")
    options = parser.parse_args(arguments)
    chosen = options.only or range(1, len(CHANGES) + 1)
    noticed = 0
    with copied() as tree:
        if unchanged := noticed_by(tree, options.tests):
            sys.exit(f"fails unchanged: {unchanged}")
        for number in chosen:
            silent = CHANGES[number - 1]
            path, content = silent.made_in(tree.root)
            with tree.changed(path, content):
                by = noticed_by(tree, options.tests)
            noticed += bool(by)
            print(f"{number:2} {silent.what}\n   {by or 'NOT NOTICED'}", flush=True)
    print(f"{noticed} of {len(chosen)} are noticed")
    sys.exit(noticed < min(WANTED, len(chosen)))


if __name__ == "__main__":
    main()
