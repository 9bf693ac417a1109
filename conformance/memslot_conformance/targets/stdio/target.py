"""From the words after `cmd:` to a factory of VMs."""

from __future__ import annotations

import os
import shlex

from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.targets.stdio.connection import Connection
from memslot_conformance.targets.stdio.process import MalformedError
from memslot_conformance.targets.stdio.vm import adapter_of, as_implementation
from memslot_spec.history.hook import Hook, Silent
from memslot_spec.history.json_kinds import MisfitError


class NoProgramError(Exception):
    """The words name no program that can be started; the message says why."""


class ProgramFactory:
    """Makes VMs of one program, which is started once in each process."""

    def __init__(self, command: str, profile: str | None) -> None:
        """Start it, and have it greet. Errors: `NoProgramError`, `ProgramError`."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            message = f"{command!r} cannot be split into words: {error}"
            raise NoProgramError(message) from error
        if not self._words:
            message = "expected the words of a program and its arguments, got none"
            raise NoProgramError(message)
        self._asked = profile
        self._connection = connection = self._connected()
        self.greeting = connection.greeting
        try:
            self._adapter = adapter_of(self.greeting)
        except MisfitError as misfit:
            connection.end()
            message = f"line 1 of its standard output: greeting: {misfit}"
            raise MalformedError(message) from None

    def __call__(self, hook: Hook | None = None) -> AnyImplementation:
        """A new VM, which announces itself to the hook. Errors: `ProgramError`."""
        return as_implementation(self._adapter(self._renewed, hook or Silent()))

    def end(self) -> None:
        """End the program."""
        if self._connection.broken is None:
            self._connection.end()

    def _renewed(self) -> Connection:
        """The connection, or where it is broken that of the program started again."""
        connection = self._connection
        if connection.broken is not None or connection.owner != os.getpid():
            if connection.broken is None:
                connection.end()
            self._connection = connection = self._connected()
            if connection.greeting != self.greeting:
                connection.end()
                message = (
                    f"started again it greeted by {connection.greeting!r}, and not by "
                    f"{self.greeting!r}"
                )
                raise MalformedError(message)
        return connection

    def _connected(self) -> Connection:
        try:
            return Connection(self._words, self._asked)
        except OSError as error:
            message = f"program {self._words[0]!r} cannot be started: {error.strerror}"
            raise NoProgramError(message) from error
