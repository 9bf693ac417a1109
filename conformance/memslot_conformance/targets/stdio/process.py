"""A program and its three streams: lines in, lines out, and what it says beside.

Nothing that it does holds up the suite for longer than it was given: it is written to
and read from as far as it goes, a line has an end, and so has what is kept of its
standard error.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import threading
from collections import deque
from typing import NoReturn

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.clock import Stopwatch

LINE_BYTES = 1 << 20
"""A line that a program writes has no more."""

STDERR_BYTES = 4000
"""Kept of what it writes to its standard error: the end."""

CHUNK = 1 << 16
PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 1.0
"""A program whose streams are closed ends within this, or is killed."""


class ProgramError(TargetError):
    """The program does not keep to what is spoken with it."""


class EndedError(ProgramError):
    """It ended, or closed its streams, while an answer was awaited."""


class SilentError(ProgramError):
    """An answer did not come in time."""


class MalformedError(ProgramError):
    """It wrote a line that is no answer to what was asked."""


class ProgramProcess:
    """A running program. It dies with whoever started it."""

    def __init__(self, words: list[str]) -> None:
        """Start it. Errors: `OSError` where there is no such program."""
        libc = ctypes.CDLL(None)
        # The signal comes with the end of the thread that started the program.
        is_main = threading.current_thread() is threading.main_thread()

        def die_with_parent() -> None:
            if is_main:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        pipe = subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603 - no shell reads the words
            words,
            bufsize=0,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - two system calls, nothing else
        )
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            message = "a program was started without pipes"
            raise RuntimeError(message)
        self._streams = process.stdin, process.stdout, process.stderr
        self._in, self._out, self._err = (each.fileno() for each in self._streams)
        for each in (self._in, self._out, self._err):
            os.set_blocking(each, False)
        self._poller = select.poll()
        for each in (self._out, self._err):
            self._poller.register(each, select.POLLIN)
        self._lines = 0
        self._buffer = bytearray()
        self._whole: deque[bytes] = deque()
        self._held = 0
        self._said = b""
        self._is_over = self._is_mute = False

    @property
    def lines(self) -> int:
        """How many whole lines it wrote that were read."""
        return self._lines

    @property
    def said(self) -> str:
        """The end of what it wrote to its standard error."""
        return self._said.decode("utf-8", "replace")

    def write(self, data: bytes, seconds: float) -> None:
        """Hand it all of this. Errors: `EndedError`, `SilentError`."""
        watch = Stopwatch()
        while data:
            try:
                data = data[os.write(self._in, data) :]
            except BlockingIOError:
                self._wait_for_room(seconds - watch.seconds)
            except BrokenPipeError:
                # What it wrote before it ended may say more.
                return

    def read_line(self, seconds: float) -> bytes:
        """The next line, without its end. Errors: `EndedError` and its like."""
        lines = self._whole
        if not lines:
            self._await_line(seconds)
        line = lines.popleft()
        self._lines += 1
        self._held -= len(line)
        if len(line) > LINE_BYTES:
            self._lines -= 1
            self._refuse_length()
        return line

    def _await_line(self, seconds: float) -> None:
        watch = Stopwatch()
        while not self._whole:
            if len(self._buffer) > LINE_BYTES:
                self._refuse_length()
            if self._is_over:
                self._refuse_end()
            left = seconds - watch.seconds
            if left <= 0 or not self._take(left):
                self._refuse_silence(seconds)

    def end(self) -> None:
        """Kill it, and take what it still says to its standard error."""
        process = self._process
        process.kill()
        process.wait()
        self._hear()
        self.forget()

    def forget(self) -> None:
        """Close the streams, as where they are those of another process's program."""
        for each in self._streams:
            with contextlib.suppress(OSError):
                each.close()

    def _take(self, seconds: float) -> bool:
        """Take what comes first; False where nothing came."""
        ready = self._poller.poll(seconds * 1000)
        for fd, _ in ready:
            if fd == self._err:
                self._hear()
            else:
                data = self._read(self._out)
                self._is_over = self._is_over or data == b""
                self._keep(data or b"")
        return bool(ready)

    def _keep(self, data: bytes) -> None:
        """Whole lines apart from what has no end yet."""
        self._held += len(data)
        self._buffer += data
        if b"\n" in data:
            *whole, rest = bytes(self._buffer).split(b"\n")
            self._whole += whole
            self._held -= len(whole)
            self._buffer = bytearray(rest)

    def _hear(self) -> None:
        data = self._read(self._err)
        if data == b"" and not self._is_mute:
            self._is_mute = True
            self._poller.unregister(self._err)
        self._said = (self._said + (data or b""))[-STDERR_BYTES:]

    @staticmethod
    def _read(fd: int) -> bytes | None:
        try:
            return os.read(fd, CHUNK)
        except BlockingIOError:
            return None

    def _wait_for_room(self, seconds: float) -> None:
        """Until more can be written; what comes meanwhile is taken, up to a line."""
        room = select.poll()
        room.register(self._in, select.POLLOUT)
        if not self._is_mute:
            room.register(self._err, select.POLLIN)
        if self._held <= LINE_BYTES and not self._is_over:
            room.register(self._out, select.POLLIN)
        ready = {fd for fd, _ in room.poll(max(seconds, 0) * 1000)}
        if not ready:
            message = "it does not read what it is asked"
            raise SilentError(message)
        if ready & {self._out, self._err}:
            self._take(0)

    def _refuse_length(self) -> NoReturn:
        line = f"line {self._lines + 1} of its standard output"
        message = f"{line} has more than {LINE_BYTES:,} bytes"
        raise MalformedError(message)

    def _refuse_silence(self, seconds: float) -> NoReturn:
        half = f", in the middle of line {self._lines + 1}" if self._buffer else ""
        message = f"no answer within {seconds:g} seconds{half}"
        if not self._lines and not self._buffer:
            message += "; it has said nothing yet: is each line flushed?"
        raise SilentError(message)

    def _refuse_end(self) -> NoReturn:
        try:
            status = self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            how = "it closed its standard output"
        else:
            how = f"it exited with status {status}"
            if status < 0:
                how = f"it was killed by signal {-status} ({_name(-status)})"
        half = f", in the middle of line {self._lines + 1}" if self._buffer else ""
        message = f"{how} before it had answered{half}"
        raise EndedError(message)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unnamed"
