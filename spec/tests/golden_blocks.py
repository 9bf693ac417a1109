"""Texts that are pinned: one file, a block for each key, made to be read in a diff.

A block is a line `## KEY` and the lines under it. `make golden` runs the tests that
compare with `--write-golden`, which writes what differs; what is then in the diff
is what was changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

HOW = "The blocks are pinned: `make golden` writes them anew, and the diff shows it."

OFTEN_ENOUGH = 6
"""A thing that is seen less often is there by chance, and is not pinned."""


def read_blocks(path: Path) -> dict[str, str]:
    """The blocks of a file by their keys, in its order; none of no file."""
    if not path.exists():
        return {}
    blocks: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("## "):
            lines = blocks.setdefault(line.removeprefix("## "), [])
        elif line:
            lines.append(line)
    return {key: "\n".join(text) for key, text in blocks.items()}


def check_block(path: Path, key: str, text: str, *, write: bool) -> None:
    """The block of this key is this text, or becomes it."""
    blocks = read_blocks(path)
    if write and blocks.get(key) != text:
        _write(path, {**blocks, key: text})
    elif not write:
        assert blocks.get(key) == text, HOW


def check_keys(path: Path, keys: Iterable[str], *, write: bool) -> None:
    """The file has these keys in this order, or those of them it has, then."""
    blocks, wanted = read_blocks(path), list(keys)
    if write:
        _write(path, {key: blocks[key] for key in wanted if key in blocks})
    else:
        assert list(blocks) == wanted, HOW


def check_shares(path: Path, key: str, seen: Counter[str], *, write: bool) -> None:
    """Each thing that is pinned was seen often enough: half as often as once."""
    if write:
        lines = (
            f"{count // 2:5} {what}"
            for what, count in sorted(seen.items())
            if count >= OFTEN_ENOUGH
        )
        check_block(path, key, "\n".join(lines), write=True)
        return
    wanted = Counter[str]()
    for line in read_blocks(path)[key].splitlines():
        count, what = line.split(maxsplit=1)
        wanted[what] = int(count)
    assert not {
        what: f"{seen[what]} times, of at least {count}"
        for what, count in wanted.items()
        if seen[what] < count
    }, HOW


def _write(path: Path, blocks: Mapping[str, str]) -> None:
    path.parent.mkdir(exist_ok=True)
    texts = (f"## {key}\n{text}\n" for key, text in blocks.items())
    path.write_text(f"# {HOW}\n\n" + "\n".join(texts), encoding="utf-8")
