"""The command line."""

import importlib
import sys
from contextlib import suppress

__all__ = ["main"]


def main(prog_name: str | None = None) -> None:
    """Run the command line.

    What it is made of is imported here, for that may fail too: in a folder that was
    deleted, or with no descriptor left. As in `cli.output`, that is no verdict.
    """
    try:
        command = importlib.import_module("memslot_conformance.cli.command")
    except OSError as error:
        _end(f"exit 3   the command stopped: {error}", 3)
    except KeyboardInterrupt:
        _end("exit 4   interrupted", 4)
    else:
        command.main(prog_name=prog_name)


def _end(words: str, status: int) -> None:
    # Without an error stream, Python has None for it.
    with suppress(OSError, AttributeError):
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()
    sys.exit(status)
