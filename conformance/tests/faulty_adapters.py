"""Sound tables that go wrong in one way, once they are asked for slot 3.

They are loaded by name, as a stranger's are: `py:faulty_adapters:FACTORY`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import UpdateLocked, UpdateUnlocked
from memslot_spec.model.values import MemoryRegion
from plain_adapters import Shows

SLOT = 3
LONG = 3600.0
"""Seconds: who sleeps so long is ended before."""

THERE = "it is there"
"""A file that is written where what follows takes long."""


class Sound(Shows):
    """What it does for slot 3 is nothing."""

    def set_region(self, region: MemoryRegion) -> object:
        if region.slot == SLOT:
            Path(THERE).touch()
            self.fails()
        return super().set_region(region)

    def fails(self) -> None:
        """What goes wrong."""


class Raises(Sound):
    """It raises."""

    def fails(self) -> None:
        raise KeyError(SLOT)


class Crashes(Sound):
    """It takes its process with it."""

    def fails(self) -> None:
        ctypes.string_at(0)


class Exits(Sound):
    """It leaves."""

    def fails(self) -> None:
        os._exit(0)


class Deadlocks(Sound):
    """It takes a lock twice."""

    def fails(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()


class Joins(Sound):
    """Its own thread waits for the lock that it holds, and it for the thread."""

    def fails(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        other = threading.Thread(target=lock.acquire)
        other.start()
        other.join()


class Sleeps(Sound):
    """It sleeps."""

    def fails(self) -> None:
        time.sleep(LONG)


class Spins(Sound):
    """It does not stop."""

    def fails(self) -> None:
        while True:
            pass


class WaitsForChild(Sound):
    """It waits for a process."""

    def fails(self) -> None:
        subprocess.run(["/bin/sleep", str(LONG)], check=False)


class WaitsForSocket(Sound):
    """It waits for somebody to write."""

    def fails(self) -> None:
        one, other = socket.socketpair()
        with one, other:
            one.recv(1)


class WaitsForSignal(Sound):
    """It waits for a signal."""

    def fails(self) -> None:
        while True:
            signal.pause()


class WaitsForAWhile(Sound):
    """It waits for a lock, and not for ever."""

    def fails(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire(timeout=LONG)


class HoldsALock(Shows):
    """The suite stops it while it holds a lock that the hook does not know."""

    interleaving = Interleaving.POINTS
    announces = ("UpdateLocked", "UpdateUnlocked")

    def __init__(self, hook: Hook) -> None:
        super().__init__()
        self.hook = hook
        self.lock = threading.Lock()

    def set_region(self, region: MemoryRegion) -> object:
        with self.lock:
            self.hook.point(UpdateLocked)
            self.hook.point(UpdateUnlocked)
            return super().set_region(region)
