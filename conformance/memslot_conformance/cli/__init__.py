"""The command line."""

from memslot_conformance.cli.command import main

__all__ = ["main"]
