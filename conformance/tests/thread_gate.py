"""The gate of a stepped program in plain Python: threads that take turns as told.

One thread at a time holds the turn. Who has taken one decides, by the runs that it was
asked for, who is next; where nobody is, the turn goes back to whoever reads lines.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

READER = 0


class Ended(BaseException):
    """The VM was given back while the thread was in the middle of something."""


class Stuck(BaseException):
    """Nobody is there who could end the wait."""


class Gate:
    """The points and waits of one VM, and the turns of its race."""

    def __init__(self) -> None:
        self.points: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.stuck: str | None = None
        self._stops: set[str] = set()
        self._signals: dict[int, threading.Semaphore] = {}
        self._threads: list[threading.Thread] = []
        self._waiting: dict[int, Callable[[], bool]] = {}
        self._me = threading.local()
        self._alive: set[int] = set()
        self._runs: list[list[int]] = []
        self._current = READER
        self._most = 0
        self._stays = self._over = False

    def point(self, kind: str, /, **fields: object) -> None:
        """It has just happened."""
        me = self._number()
        self.points.append({"e": kind, "thread": me, **fields})
        if me and kind in self._stops:
            self._stop({})

    def wait(self, until: Callable[[], bool], label: str) -> None:
        """Come back when it holds, with nothing run in between."""
        if until():
            return
        if not self._number():
            self.stuck = label
            raise Stuck
        self._waiting[self._number()] = until
        self._stop({"waits": label})

    def taken(self) -> list[dict[str, Any]]:
        """The points since they were taken last."""
        points, self.points = self.points, []
        return points

    def start(self, rows: list[list[Callable[[], Any]]], stops: list[str]) -> None:
        """Have a thread ready for each row."""
        self._stops = set(stops)
        self._signals = {n: threading.Semaphore(0) for n in range(len(rows) + 1)}
        self._alive = {n for n, row in enumerate(rows, 1) if row}
        for number in self._alive:
            self._threads.append(
                threading.Thread(target=self._run, args=(number, rows[number - 1]))
            )
            self._threads[-1].start()

    def advance(self, runs: list[tuple[int, int]], most: int, *, stays: bool) -> None:
        """Have turns taken; they are `told` when this comes back."""
        self._runs = [list(run) for run in runs]
        self._stays, self._most, self.told = stays, most, []
        following = self._next()
        if following != READER:
            self._signals[following].release()
            self._signals[READER].acquire()

    def end(self) -> None:
        """End the threads that stand somewhere."""
        self._over = True
        for number in range(1, len(self._signals)):
            self._signals[number].release()
        for thread in self._threads:
            thread.join()

    def _number(self) -> int:
        return getattr(self._me, "number", READER)

    def _run(self, number: int, row: list[Callable[[], Any]]) -> None:
        self._me.number = number
        self._signals[number].acquire()
        if self._over:
            return
        try:
            for at, operation in enumerate(row, 1):
                reply = operation()
                if at == len(row):
                    self._alive.discard(number)
                self._stop({"reply": reply})
        except Ended:
            return
        except Exception as error:  # noqa: BLE001 - told as it is
            self._alive.discard(number)
            self._runs, self._stays = [], False
            self._stop({"error": f"{type(error).__name__}: {error}"})

    def _stop(self, how: dict[str, Any]) -> None:
        if self._over:
            raise Ended
        me = self._number()
        self._current = me
        turn = {"thread": me, "points": self.taken(), **how}
        ready = [n for n, until in self._waiting.items() if until()]
        self.told.append({**turn, "ready": ready} if ready else turn)
        following = self._next()
        if following != me:
            self._signals[following].release()
            if me in self._alive:
                self._signals[me].acquire()
        if self._over:
            raise Ended

    def _can_go_on(self, number: int) -> bool:
        waits = number in self._waiting and not self._waiting[number]()
        return number in self._alive and not waits

    def _next(self) -> int:
        if len(self.told) >= self._most:
            return READER
        while self._runs and not self._runs[0][1]:
            self._runs.pop(0)
        if self._runs:
            following = self._runs[0][0]
            self._runs[0][1] -= 1
        else:
            following = self._current if self._stays else READER
            if self._stays and not self._can_go_on(following):
                following = min(filter(self._can_go_on, self._alive), default=READER)
        if following == READER or not self._can_go_on(following):
            return READER
        self._waiting.pop(following, None)
        return following
