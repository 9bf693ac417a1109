"""The kinds of adapters that can be begun, and the file that each begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

PACKAGE = "memslot_conformance.targets.skeletons"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A file to begin with: where it is kept, what it is called, and the target."""

    kept: str
    called: str
    target: str


SKELETONS: Mapping[str, Skeleton] = {
    "stdio": Skeleton(
        "stdio_adapter.py.txt", "stdio_adapter.py", "cmd:python3 stdio_adapter.py"
    ),
    "ranges": Skeleton(
        "ranges_adapter.py.txt", "ranges_adapter.py", "py:ranges_adapter:Adapter"
    ),
}
"""By the name on the command line."""


def copied(skeleton: Skeleton, folder: Path) -> Path:
    """The file, newly written there; the folder is made.

    Errors: `FileExistsError` where there is such a file; whatever else writing raises.
    """
    text = resources.files(PACKAGE).joinpath(skeleton.kept).read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / skeleton.called
    with file.open("x", encoding="utf-8") as out:
        out.write(text)
    return file
