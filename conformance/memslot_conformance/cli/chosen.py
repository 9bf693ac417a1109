"""A command that imports what it needs when it is chosen, and not before."""

from __future__ import annotations

import importlib
from typing import Any

import click


class Chosen(click.Command):
    """Stands for the command `NAME_command` of a module until it is chosen.

    Of that command it has the name and the first sentence, which the list of commands
    shows. From `make_context` on click has the command itself.
    """

    def __init__(self, name: str, module: str, says: str) -> None:
        super().__init__(name, help=says)
        self.module = module

    def itself(self) -> click.Command:
        """The command, with all that it imports."""
        module = importlib.import_module(self.module)
        command: click.Command = getattr(
            module, f"{self.name}_command".replace("-", "_")
        )
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        """Read the command's own part of the command line."""
        return self.itself().make_context(info_name, args, parent, **extra)
