"""Which of the two references runs a file of theirs.

The museum, the lawful wing, the published patch and what only they use are loaded by
neither, so what is changed there says nothing of a target.
"""

from __future__ import annotations

import sys
from subprocess import run

NAMES = ("reference-linux", "reference")
"""The targets, the one first that runs more: it is the more likely to notice."""

ASK = """
import sys
from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.reference import reference
ways = [{c.__module__ for c in kind.__mro__} for kind in (LinuxKvm, Kvm)]
for name in sorted(sys.modules):
    if name.startswith("memslot_reference."):
        print(name, *(int(name in way) for way in ways))
"""
"""What a Python that loads the references, and nothing else, has then."""


def targets_by_file() -> dict[str, tuple[str, ...]]:
    """The targets by file, by its path in the tree; what neither runs is left out.

    A class is run by who inherits it, and a function, or a class that is made, by both.
    """
    said = run(
        [sys.executable, "-c", ASK], check=True, capture_output=True, text=True
    ).stdout
    found: dict[str, tuple[str, ...]] = {}
    for line in said.splitlines():
        module, *inherited = line.split()
        by = tuple(
            name for name, is_by in zip(NAMES, inherited, strict=True) if is_by == "1"
        )
        found[f"reference/{module.replace('.', '/')}.py"] = by or NAMES
    return found
