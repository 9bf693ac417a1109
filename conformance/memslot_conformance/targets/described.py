"""What a target says of itself, asked by a program of its own.

    python -m memslot_conformance.targets.described NAME [PROFILE]

It prints one line of JSON: what `targets.probe` wants to know.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from memslot_conformance.targets import resolve as targets
from memslot_conformance.targets.c.sanitizer import environment
from memslot_spec.history.header import History
from memslot_spec.history.wire import history_to_json

MODULE = "memslot_conformance.targets.described"


def described_by(name: str, profile: str | None) -> dict[str, str]:
    """Its description and its header. Errors: whatever `resolve` raises."""
    target = targets.resolve(name, profile)
    head = history_to_json(History(target.header, ()))
    return {"description": target.description, "header": head}


def described_elsewhere(name: str, profile: str | None, runtime: str) -> dict[str, str]:
    """The same, asked of a process with this run time preloaded.

    Errors: `RuntimeError` where it ends without an answer.
    """
    with TemporaryDirectory() as folder:
        ended = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", MODULE, name, *([profile] if profile else [])],
            capture_output=True,
            check=False,
            encoding="utf-8",
            env={
                **environment(runtime, Path(folder) / "race"),
                "PYTHONPATH": ":".join(filter(None, sys.path)),
            },
        )
    if not ended.stdout:
        said = ended.stderr.strip() or f"status {ended.returncode}"
        message = f"with {runtime} preloaded it cannot be loaded: {said}"
        raise RuntimeError(message)
    answer: dict[str, str] = json.loads(ended.stdout)
    return answer


if __name__ == "__main__":
    asked_for = sys.argv[2] if sys.argv[2:] else None
    print(json.dumps(described_by(sys.argv[1], asked_for)))  # noqa: T201
