"""The adapter in Rust that `memslots new-adapter` writes, built where cargo is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from memslot_conformance.targets.skeletons.copies import SKELETONS, copied

needs_rust = pytest.mark.skipif(
    shutil.which("cargo") is None,
    reason="cargo is missing, so no program in Rust is built",
)

PLANTED = {
    "no-wait": (
        'self.gate.wait("the readers", || self.readers.load(SeqCst) == 0);',
        'if !is("no-wait") { self.gate.wait("", || self.readers.load(SeqCst) == 0); }',
    ),
    "unlocked": (
        'self.gate.wait("the update lock", || !self.locked.load(SeqCst));',
        'if !is("unlocked") { self.gate.wait("", || !self.locked.load(SeqCst)); }',
    ),
    "one-step": (
        "self.publish([rest.clone(), vec![invalid]].concat());",
        'if !is("one-step") { self.publish([rest.clone(), vec![invalid]].concat()); }',
    ),
    "stuck": (
        "self.readers.fetch_sub(1, SeqCst);",
        'if !is("stuck") { self.readers.fetch_sub(1, SeqCst); }',
    ),
}
"""Bugs in its table, by the value of `PLANTED`: what stands there, and what instead."""

ASKED = """
fn is(bug: &str) -> bool {
    std::env::var("PLANTED").is_ok_and(|planted| planted == bug)
}
"""


def built(folder: Path) -> str:
    """Write and build it, with every bug in it; the program."""
    copied(SKELETONS["rust"], folder)
    table = folder / "src/table.rs"
    text = table.read_text(encoding="utf-8")
    for sound, broken in PLANTED.values():
        assert text.count(sound) == 1, sound
        text = text.replace(sound, broken)
    table.write_text(text + ASKED, encoding="utf-8")
    command = ["cargo", "build", "--quiet", "--offline"]
    subprocess.run(command, check=True, cwd=folder)
    return str(folder / "target/debug/mine")
