"""Puts the compiled judge into the wheel, where that was asked for (`make wheel`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledJudge(BuildHookInterface):
    """Compiles it beside the sources, and adds to the wheel what came of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled modules; the wheel is for this Python and machine then."""
        del version
        into = Path(self.root, "build/compiled")
        script = Path(self.root, "spec/compiled/build.py")
        subprocess.run([sys.executable, script, "--into", into], check=True)
        for module in into.rglob("*.so"):
            build_data["force_include"][str(module)] = str(module.relative_to(into))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
