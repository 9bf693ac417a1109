"""The kinds of adapters that can be begun, and the files that each begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

PACKAGE = "memslot_conformance.targets.skeletons"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A file to begin with: where it is kept, what it is called, and the target.

    `support` are files beside it in which nothing is to be done, and `build` is what is
    typed before the target is there.
    """

    kept: str
    called: str
    target: str
    support: Mapping[str, str] = field(default_factory=dict[str, str])
    build: tuple[str, ...] = ()


SKELETONS: Mapping[str, Skeleton] = {
    "python": Skeleton(
        "python_adapter.py.txt", "my_adapter.py", "py:my_adapter:Adapter"
    ),
    "rust": Skeleton(
        "rust/src/main.rs",
        "src/main.rs",
        "cmd:target/release/mine",
        {
            "rust/src/table.rs": "src/table.rs",
            "rust/src/gate.rs": "src/gate.rs",
            "rust/src/lines.rs": "src/lines.rs",
            "rust/Cargo.toml": "Cargo.toml",
        },
        ("cargo build --release --offline",),
    ),
    "stdio": Skeleton(
        "stdio_adapter.py.txt", "stdio_adapter.py", "cmd:python3 stdio_adapter.py"
    ),
    "ranges": Skeleton(
        "ranges_adapter.py.txt", "ranges_adapter.py", "py:ranges_adapter:Adapter"
    ),
}
"""By the name on the command line."""


def copied(skeleton: Skeleton, folder: Path) -> Path:
    """The file in which something is to be done, newly written with the others.

    The folder is made. Errors: `FileExistsError` where one of the files is there, and
    then none is written; whatever else writing raises.
    """
    kept = {skeleton.kept: skeleton.called, **skeleton.support}
    files = {one: folder / called for one, called in kept.items()}
    for file in files.values():
        if file.exists():
            raise FileExistsError(0, "it is there", str(file))
    for one, file in files.items():
        text = resources.files(PACKAGE).joinpath(one).read_text(encoding="utf-8")
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    return files[skeleton.kept]
