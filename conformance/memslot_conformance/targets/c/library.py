"""A shared library, opened and held to the contract before anything is asked of it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.targets.c.gated import GatedThreads, threads_around
from memslot_conformance.targets.c.header import declarations
from memslot_conformance.targets.c.points import kinds_by_number
from memslot_conformance.targets.c.sanitizer import PRELOAD, is_there, runtime_in
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.model.profile import LINUX, PROFILES, Limits, profile_named
from memslot_spec.model.values import Hva

SYMBOL = "memslots_target"
"""What a library exports where the target names nothing else."""

VERSION = 1
"""`MS_VERSION`, of the header and of every table that is understood."""

REQUIRED = ("create", "close", "set_region")

INTERLEAVINGS = (
    *(Interleaving.NONE, Interleaving.THREADS, Interleaving.POINTS),
    Interleaving.POINTS,
)
"""By the numbers of `MS_ONE_AT_A_TIME`, `MS_THREADS`, `MS_POINTS` and `MS_GATED`."""

GATED = 3

EXACT_DIRTY_LOG = 1

LEAST, MOST = 16, 1 << 16
"""Bytes of a table or a description, and (at most) kinds in a list."""


class NoLibraryError(Exception):
    """Nothing there can be opened as a target; the message says why."""


def is_usable() -> bool:
    """Whether cffi is there, which calls C."""
    return find_spec("cffi") is not None


@cache
def foreign() -> Any:  # noqa: ANN401 - cffi has no types
    """The cffi of the declarations in `memslots.h`."""
    ffi = importlib.import_module("cffi").FFI()
    ffi.cdef(declarations())
    return ffi


@cache
def _exporting(symbol: str) -> Any:  # noqa: ANN401 - cffi's
    """The same, with this function of a library. It can be declared once only."""
    ffi = foreign()
    ffi.cdef(f"const ms_operations *{symbol}(void);")
    return ffi


@cache
def kinds() -> dict[int, str]:
    """The kinds of points by their numbers in the header."""
    return kinds_by_number(foreign().typeof("enum ms_point_kind").relements)


@dataclass(frozen=True, slots=True)
class Library:
    """What a library says of itself, and its table of operations."""

    name: str
    profile: str
    interleaving: Interleaving
    announces: tuple[str, ...]
    limits: Limits
    domain: Domain
    operations: Any
    kept: Any
    """The library itself, which must not be unloaded."""
    is_watched: bool = False
    """ThreadSanitizer watches it."""
    threads: GatedThreads | None = None
    """Where it is stepped on threads of the system."""


def opened(path: str, symbol: str = SYMBOL) -> Library:
    """Open a library.

    Errors: `NoLibraryError` where there is none or it exports no such function;
    `TargetError` where what it gives is not as the header says.
    """
    where = Path(path).resolve()
    if not where.is_file():
        message = f"no library {where}"
        raise NoLibraryError(message)
    ffi = _exporting(symbol)
    threads = threads_around(str(where))
    try:
        kept = ffi.dlopen(str(where))
        target = getattr(kept, symbol)
    except OSError as error:
        raise NoLibraryError(_why_not(where, error)) from error
    except AttributeError as error:
        message = f"{where} exports no function {symbol}"
        raise NoLibraryError(message) from error
    operations = _operations(ffi, target(), symbol)
    said = _copied(ffi, "ms_description", operations.description, "the description")
    made = _described(ffi, where, said, operations, kept)
    return replace(
        made,
        is_watched=runtime_in(where) is not None,
        threads=threads if said.interleaving == GATED else None,
    )


def _why_not(where: Path, error: OSError) -> str:
    runtime = runtime_in(where)
    if runtime is None or is_there(runtime):
        return f"{where} cannot be loaded: {error}"
    return (
        f"{where} is built for ThreadSanitizer: `memslots check` starts it with its "
        f"run time; for other commands set {PRELOAD}={runtime}"
    )


def _operations(ffi: Any, given: Any, symbol: str) -> Any:  # noqa: ANN401 - cffi's
    if given == ffi.NULL:
        message = f"{symbol}() gave NULL"
        raise TargetError(message)
    operations = _copied(ffi, "ms_operations", given, "the table of operations")
    if operations.version != VERSION:
        message = f"version {operations.version} of memslots.h: only {VERSION} is known"
        raise TargetError(message)
    for name in (*REQUIRED, "description"):
        if getattr(operations, name) == ffi.NULL:
            message = f"{name} is NULL in the table of operations, and is required"
            raise TargetError(message)
    return operations


def _copied(ffi: Any, kind: str, given: Any, what: str) -> Any:  # noqa: ANN401 - cffi's
    """As much of a struct as both sides know; the rest is 0."""
    size, known = int(given.size), int(ffi.sizeof(kind))
    if not LEAST <= size <= MOST:
        message = f"the size of {what} is {size}; that of {kind} is {known}"
        raise TargetError(message)
    copy = ffi.new(f"{kind} *")
    ffi.memmove(copy, given, min(size, known))
    return copy


def _described(ffi: Any, where: Path, said: Any, operations: Any, kept: Any) -> Library:  # noqa: ANN401 - cffi's
    if said.interleaving >= len(INTERLEAVINGS):
        message = f"interleaving is {said.interleaving}, and not 0, 1, 2 or 3"
        raise TargetError(message)
    if said.flags & ~EXACT_DIRTY_LOG:
        message = f"flags of the description are {said.flags:#x}: unknown bits"
        raise TargetError(message)
    named = _text(ffi, said.profile) or LINUX.name
    if named not in {profile.name for profile in PROFILES}:
        known = ", ".join(profile.name for profile in PROFILES)
        message = f"profile is {named!r}, and not one of {known}"
        raise TargetError(message)
    usual = Limits(user_slots=profile_named(named).default_user_slots)
    limits = Limits(
        largest_gfn=said.largest_gfn or usual.largest_gfn,
        address_spaces=said.address_spaces or usual.address_spaces,
        hva_end=Hva(said.hva_end or usual.hva_end),
        user_slots=said.user_slots or usual.user_slots,
    )
    widest = Domain()
    domain = Domain(
        largest_gfn=said.asked_gfn or said.largest_gfn or widest.largest_gfn,
        slots=said.asked_slots or widest.slots,
        largest_slot=said.asked_pages or None,
        page_granule=said.page_granule or widest.page_granule,
        exact_dirty_log=bool(said.flags & EXACT_DIRTY_LOG),
    )
    words = (_text(ffi, said.name) or where.name, _text(ffi, said.version))
    return Library(
        name=" ".join(word for word in words if word),
        profile=named,
        interleaving=INTERLEAVINGS[int(said.interleaving)],
        announces=_announced(ffi, said),
        limits=limits,
        domain=domain,
        operations=operations,
        kept=kept,
    )


def _announced(ffi: Any, said: Any) -> tuple[str, ...]:  # noqa: ANN401 - cffi's
    count = int(said.announces_count)
    if count > MOST or (count and said.announces == ffi.NULL):
        message = f"announces_count is {count}, and announces {said.announces}"
        raise TargetError(message)
    found: list[str] = []
    for at in range(count):
        number = int(said.announces[at])
        if number not in kinds():
            message = f"announces[{at}] is {number}, which is no kind of point"
            raise TargetError(message)
        found.append(kinds()[number])
    return tuple(found)


def _text(ffi: Any, given: Any) -> str:  # noqa: ANN401 - cffi's
    if given == ffi.NULL:
        return ""
    return str(ffi.string(given, 200).decode("utf-8", "replace"))
