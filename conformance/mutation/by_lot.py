"""Mutation of the suite by lot: which small changes would its own tests not notice?

The changes are drawn with a seed, evenly over the folders and then over the kinds;
each is made in a copy of the tree, and only the tests of its folder are run. Each
result is a line of the file, so a run that was stopped goes on where it was. What
survived and is named in `equal.txt`, with the reason why no test can tell it, is
counted and not listed.

    python conformance/mutation/by_lot.py --seed 1 --count 600
    python conformance/mutation/by_lot.py --seed 1 --count 600 --survivors
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from os import cpu_count
from pathlib import Path
from queue import Queue
from random import Random
from time import monotonic

from source_changes import KINDS, Change, changes, says_something_else
from tree_copies import ROOT, Tree, copied, python

PACKAGE = "conformance/memslot_conformance"
TESTS = "conformance/tests"
FOLDERS = ("scenarios", "play", "run", "report")

EQUAL = "conformance/mutation/equal.txt"

PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=1")

PATIENCE = 10.0
LEAST_SECONDS = 120.0
"""A run is stopped after so many times what it takes unchanged, or after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one file."""

    folder: str
    path: str
    change: Change
    source: bytes

    @property
    def key(self) -> str:
        """The same for the same change of the same text."""
        told = sha256(self.source)
        told.update(f"{self.path} {self.change}".encode())
        return told.hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a mutant: `killed`, `stopped` or `survived`."""

    key: str
    folder: str
    path: str
    line: int
    kind: str
    before: str
    after: str
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Equal:
    """A change that no test can tell, wherever it stands in its file, and why."""

    path: str
    kind: str
    change: str
    reason: str

    def is_of(self, path: str, kind: str, before: str, after: str) -> bool:
        """This is the change, however its text is broken into lines."""
        change = f"{before} -> {after}"
        return (self.path, self.kind, self.change) == (path, kind, one_line(change))


def one_line(text: str) -> str:
    """The text with one space wherever there is any."""
    return " ".join(text.split())


def equals(root: Path) -> list[Equal]:
    """What is named as equal: `path | kind | before -> after | reason` in a line."""
    file, found = root / EQUAL, list[Equal]()
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        if line and not line.startswith("#"):
            path, kind, rest = line.split(" | ", 2)
            change, _, reason = rest.rpartition(" | ")
            found.append(Equal(path, kind, one_line(change), reason))
    return found


def drawn(root: Path, folders: Sequence[str], seed: int, count: int) -> list[Mutant]:
    """So many mutants, in turns of the folders, and in each in turns of the kinds."""
    turns = [of_folder(root, folder, Random(f"{seed} {folder}")) for folder in folders]
    lot: list[Mutant] = []
    while turns and len(lot) < count:
        for turn in list(turns):
            mutant = next(turn, None)
            if mutant is None:
                turns.remove(turn)
            elif len(lot) < count:
                lot.append(mutant)
    return lot


def of_folder(root: Path, folder: str, rng: Random) -> Iterator[Mutant]:
    """Every mutant of a folder, each kind as often as the others while it lasts."""
    by_kind: dict[str, list[Mutant]] = {kind: [] for kind in KINDS}
    for path in sorted((root / PACKAGE / folder).rglob("*.py")):
        source, name = path.read_bytes(), str(path.relative_to(root))
        for change in changes(source):
            mutant = Mutant(folder=folder, path=name, change=change, source=source)
            by_kind[change.kind].append(mutant)
    for of_kind in by_kind.values():
        rng.shuffle(of_kind)
    while any(by_kind.values()):
        for of_kind in by_kind.values():
            while of_kind:
                mutant = of_kind.pop()
                if says_something_else(mutant.change, mutant.source):
                    yield mutant
                    break


def tests_of(folder: str) -> tuple[str, ...]:
    """The command that runs the tests of a folder, up to the first that fails."""
    return python(*PYTEST, f"{TESTS}/{folder}")


def nearest_tests(root: Path, mutant: Mutant) -> tuple[str, ...]:
    """The folder's test files that speak of the module, and those that pin texts.

    Most mutants die in these.
    """
    package, _, name = mutant.path.removesuffix(".py").rpartition("/")
    spoken = re.compile(
        rf"{'.'.join(package.split('/')[1:])}(\.{name}\b| import [^\n]*\b{name}\b)"
    )
    files = sorted((root / TESTS / mutant.folder).rglob("test_*.py"))
    near = [file for file in files if spoken.search(file.read_text("utf-8"))]
    near += [file for file in files if "pinned" in file.name and file not in near]
    return tuple(str(file.relative_to(root)) for file in near)


def try_out(tree: Tree, mutant: Mutant, seconds: float) -> Result:
    """Run the tests of the folder on the mutant, the nearest of them first."""
    nearest = nearest_tests(tree.root, mutant)
    with tree.changed(mutant.path, mutant.change.made_in(mutant.source)):
        ran, before = None, 0.0
        if nearest:
            ran = tree.run(python(*PYTEST, *nearest), seconds)
            before = ran.seconds
        if ran is None or ran.status == 0:
            ran = tree.run(tests_of(mutant.folder), seconds)
            ran = replace(ran, seconds=before + ran.seconds)
    outcomes = {None: "stopped", 0: "survived"}
    return Result(
        key=mutant.key,
        folder=mutant.folder,
        path=mutant.path,
        line=mutant.change.line,
        kind=mutant.change.kind,
        before=mutant.change.before(mutant.source),
        after=mutant.change.after,
        outcome=outcomes.get(ran.status, "killed"),
        seconds=round(ran.seconds, 1),
    )


def limits(tree: Tree, folders: Iterable[str]) -> dict[str, float]:
    """How long a run of each folder may take. Errors: `SystemExit`, a test fails."""
    found: dict[str, float] = {}
    for folder in folders:
        ran = tree.run(tests_of(folder), 10 * LEAST_SECONDS)
        if ran.status != 0:
            sys.exit(f"the tests of {folder} fail unchanged:\n{ran.output}")
        print(f"{folder}: {ran.seconds:.1f} s unchanged", flush=True)
        found[folder] = max(PATIENCE * ran.seconds, LEAST_SECONDS)
    return found


def read(file: Path) -> dict[str, Result]:
    """The results so far, by key; a line that was cut off is none."""
    results: dict[str, Result] = {}
    if file.exists():
        for line in file.read_text("utf-8").splitlines():
            try:
                result = Result(**json.loads(line))
            except ValueError:
                continue
            results[result.key] = result
    return results


def run(root: Path, lot: Sequence[Mutant], file: Path, options: Namespace) -> None:
    """Try out what has no result yet, with a copy of the tree for each job."""
    done = read(file)
    left = [mutant for mutant in lot if mutant.key not in done]
    print(f"{len(lot) - len(left)} of {len(lot)} are done", flush=True)
    if not left:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    stop_at = monotonic() + options.hours * 3600
    with ExitStack() as stack, file.open("a", encoding="utf-8") as results:
        trees = Queue[Tree]()
        for _ in range(options.jobs):
            trees.put(stack.enter_context(copied(root)))
        first = trees.get()
        seconds = limits(first, dict.fromkeys(mutant.folder for mutant in left))
        trees.put(first)

        def one(mutant: Mutant) -> Result | None:
            if monotonic() > stop_at:
                return None
            tree = trees.get()
            try:
                return try_out(tree, mutant, seconds[mutant.folder])
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(options.jobs) as pool:
            for result in pool.map(one, left):
                if result is not None:
                    results.write(json.dumps(asdict(result)) + "\n")
                    results.flush()


def told_apart(result: Result, named: Sequence[Equal]) -> Result:
    """The result, which is `equal` where it survived and is named so."""
    change = result.path, result.kind, result.before, result.after
    if result.outcome == "survived" and any(one.is_of(*change) for one in named):
        return replace(result, outcome="equal")
    return result


def report(
    lot: Sequence[Mutant], results: dict[str, Result], named: Sequence[Equal]
) -> None:
    """A line for each folder, and each that survived with what was changed."""
    of_lot = [
        told_apart(results[mutant.key], named)
        for mutant in lot
        if mutant.key in results
    ]
    for result in of_lot:
        if result.outcome == "survived":
            print(f"{result.path}:{result.line}: {result.kind}")
            print(f"  - {result.before}\n  + {result.after}")
    for folder in dict.fromkeys(mutant.folder for mutant in lot):
        outcomes = Counter(r.outcome for r in of_lot if r.folder == folder)
        seconds = sum(r.seconds for r in of_lot if r.folder == folder)
        told = ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items()))
        print(f"{folder}: {told or 'none tried'}; {seconds:.0f} s")
    print(f"{len(of_lot)} of {len(lot)} were tried out")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """Draw, try out what is left, and say what survived."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--folders", nargs="+", default=FOLDERS)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1)
    parser.add_argument("--results", type=Path, help="NDJSON; default: mutants/")
    parser.add_argument("--survivors", action="store_true", help="only report")
    options = parser.parse_args(arguments)
    lot = drawn(root, options.folders, options.seed, options.count)
    file = options.results or root / "mutants" / f"lot-{options.seed}.ndjson"
    if not options.survivors:
        run(root, lot, file, options)
    report(lot, read(file), equals(root))


if __name__ == "__main__":
    main()
