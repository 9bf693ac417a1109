"""How an implementation is reached: from the name on the command line.

`reference` and those beside it, `patch`, `museum:NAME` and `lawful:NAME` are loaded by
name, like a stranger's; `py:module:factory` is the stranger, `c:library` one in C, and
`cmd:` one that speaks lines of JSON; `kvm` is the running kernel.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from memslot_conformance.adapter.capabilities import capabilities_of
from memslot_conformance.adapter.declarations import domain_of, limits_of
from memslot_conformance.adapter.protocols import AnyImplementation, Make
from memslot_conformance.spelling import close_to
from memslot_conformance.targets.c.library import NoLibraryError, is_usable
from memslot_conformance.targets.c.table import CFactory
from memslot_conformance.targets.kvm.detect import Unusable, Usable, detect
from memslot_conformance.targets.kvm.target import kernel_vm
from memslot_conformance.targets.stdio.target import NoProgramError, ProgramFactory
from memslot_spec.history.header import Header
from memslot_spec.history.hook import Hook, Silent
from memslot_spec.model.profile import LINUX, Profile, profile_named

KINDS = (
    "reference",
    "reference-linux",
    "reference-ranges",
    "patch",
    "museum:NAME",
    "lawful:NAME",
    "py:MODULE:FACTORY",
    "c:LIBRARY[:SYMBOL]",
    "cmd:PROGRAM ARGUMENTS",
    "kvm",
)
"""What a target's name may look like."""

REFERENCE = "memslot_reference.reference:reference"
REFERENCE_LINUX = "memslot_reference.reference:reference_linux"
REFERENCE_RANGES = "memslot_reference.reference:reference_ranges"
PATCH = "memslot_reference.patch:patch"
BY_NAME = {
    "reference": (REFERENCE, "v2.6.34", "the repaired patch"),
    "reference-linux": (REFERENCE_LINUX, "linux", "today's kernel: two sets of slots"),
    "reference-ranges": (REFERENCE_RANGES, "linux", "a table by ranges, without ids"),
    "patch": (PATCH, "v2.6.34", "the patch as published"),
}
"""Where they are, the profile they are held to, and what they are."""

MUSEUM = "memslot_reference.museum"
LAWFUL = "memslot_reference.lawful"


class UnknownTargetError(Exception):
    """No such target; the message says what there is."""


class UnavailableTargetError(Exception):
    """The target exists, but not here; the message is one line saying why."""


@dataclass(frozen=True, slots=True)
class Target:
    """An implementation as reached: how to make one, and what it declares."""

    name: str
    profile: Profile
    make: Make
    header: Header
    description: str
    usable: Usable | None = None


def resolve(name: str, profile: str | None = None) -> Target:
    """The target of this name, held to this profile or to its own.

    Errors: `UnknownTargetError`, `UnavailableTargetError`, `ValueError` for a
    profile that is not known; whatever the target raises when it is made.
    """
    kind, _, rest = name.partition(":")
    if kind == "kvm" and not rest:
        return _kernel(profile)
    if kind == "cmd":
        return _program(name, rest, profile)
    named = {"py": _stranger, "c": _c_library, "museum": _mutant, "lawful": _variant}
    if rest and kind in named:
        return named[kind](name, rest, profile)
    if name in BY_NAME:
        path, usual, described = BY_NAME[name]
        return _loaded(name, path, profile or usual, described)
    known = ", ".join(KINDS)
    hint = close_to(name, (*BY_NAME, "kvm"))
    message = f"no target {name!r}; a target is one of {known}"
    if hint:
        message += f".{hint}"
    raise UnknownTargetError(message)


def mutant_names() -> tuple[str, ...]:
    """The names of the museum's mutants, in its order."""
    return tuple(mutant.name for mutant in importlib.import_module(MUSEUM).CATALOGUE)


def variant_names() -> tuple[str, ...]:
    """The names of the lawful variants, in their order."""
    return tuple(variant.name for variant in importlib.import_module(LAWFUL).CATALOGUE)


def _mutant(name: str, mutant_name: str, profile: str | None) -> Target:
    museum = importlib.import_module(MUSEUM)
    names = mutant_names()
    if mutant_name not in names:
        hint = close_to(mutant_name, names)
        message = (
            f"no mutant {mutant_name!r} in the museum, which has {len(names)}; "
            f"`memslots museum --list` names them.{hint}"
        )
        raise UnknownTargetError(message)
    mutant = museum.mutant_named(mutant_name)
    chosen = profile_named(profile or mutant.profile)
    return _target(name, mutant.make, chosen, mutant.wrong)


def _variant(name: str, variant_name: str, profile: str | None) -> Target:
    lawful = importlib.import_module(LAWFUL)
    try:
        variant = lawful.variant_named(variant_name)
    except KeyError as error:
        names = variant_names()
        hint = close_to(variant_name, names)
        message = (
            f"no lawful variant {variant_name!r} among the {len(names)}; "
            f"`memslots museum --lawful --list` names them.{hint}"
        )
        raise UnknownTargetError(message) from error
    chosen = profile_named(profile or variant.profile)
    return _target(name, variant.make, chosen, variant.unusual)


def _loaded(name: str, path: str, profile: str, description: str) -> Target:
    module, _, factory = path.partition(":")
    make = getattr(importlib.import_module(module), factory)
    return _target(name, make, profile_named(profile), description)


def _stranger(name: str, path: str, profile: str | None) -> Target:
    module_name, colon, factory_name = path.partition(":")
    if not colon or not module_name or not factory_name:
        message = f"target {name!r} must read py:MODULE:FACTORY"
        raise UnknownTargetError(message)
    if not all(part.isidentifier() for part in module_name.split(".")):
        message = f"target {name!r}: {module_name!r} is no module name"
        raise UnknownTargetError(message)
    try:
        here = str(Path.cwd())
    except OSError as error:
        message = f"target {name!r}: no folder to look in: {error}"
        raise UnknownTargetError(message) from error
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        message = f"target {name!r}: {error} (looked in {here} and on sys.path)"
        raise UnknownTargetError(message) from error
    factory: Callable[..., AnyImplementation] | None = getattr(
        module, factory_name, None
    )
    if not callable(factory):
        where = getattr(module, "__file__", None) or "it is built in"
        message = (
            f"target {name!r}: module {module_name} has no factory {factory_name} "
            f"({where})"
        )
        raise UnknownTargetError(message)
    return made_by(factory, profile, name=name)


def _c_library(name: str, rest: str, profile: str | None) -> Target:
    if not is_usable():
        message = "cffi is not installed, which calls C: pip install cffi"
        raise UnavailableTargetError(message)
    try:
        factory = CFactory(rest)
    except NoLibraryError as error:
        message = f"target {name!r}: {error}"
        raise UnknownTargetError(message) from error
    return made_by(factory, profile, name=name)


def _program(name: str, command: str, profile: str | None) -> Target:
    try:
        factory = ProgramFactory(command, profile)
    except NoProgramError as error:
        message = f"target {name!r}: {error}"
        raise UnknownTargetError(message) from error
    greeting = factory.greeting
    chosen = profile_named(profile or greeting.profile or LINUX.name)
    return _target(name, factory, chosen, greeting.name)


def made_by(
    factory: Callable[..., AnyImplementation],
    profile: str | None = None,
    *,
    name: str | None = None,
) -> Target:
    """The target that a factory makes, held to this profile or to its own.

    It is called as `py:MODULE:FACTORY` is: with `hook` and `profile` where it takes
    them. Without a `name` it is called as the command line would. Errors: `ValueError`
    for a profile that is not known; whatever the factory raises.
    """
    called = getattr(factory, "__qualname__", type(factory).__name__)
    name = name or f"py:{factory.__module__}:{called}"
    declared = profile or getattr(factory, "profile", None)
    description = (inspect.getdoc(factory) or called).partition("\n")[0]
    if declared is not None:
        return _target(name, factory, profile_named(str(declared)), description)
    made = _adapted(factory, LINUX)(Silent())
    chosen = profile_named(str(getattr(made, "profile", LINUX.name)))
    if chosen is not LINUX and _takes(factory, "profile"):
        _close(made)
        return _target(name, factory, chosen, description)
    make = _adapted(factory, chosen)
    return Target(name, chosen, make, _header(name, chosen, made), description)


def _target(
    name: str,
    factory: Callable[..., AnyImplementation],
    profile: Profile,
    description: str,
) -> Target:
    make = _adapted(factory, profile)
    header = _header(name, profile, make(Silent()))
    return Target(name, profile, make, header, description)


def _adapted(factory: Callable[..., AnyImplementation], profile: Profile) -> Make:
    """The factory as the suite calls it: with the hook, and what else it takes."""
    takes_hook = _takes(factory, "hook")
    fixed = {"profile": profile} if _takes(factory, "profile") else {}

    def make(hook: Hook) -> AnyImplementation:
        if takes_hook:
            return factory(hook=hook, **fixed)
        return factory(**fixed)

    return make


def _takes(factory: Callable[..., AnyImplementation], parameter: str) -> bool:
    return parameter in inspect.signature(factory).parameters


def _header(name: str, profile: Profile, made: AnyImplementation) -> Header:
    """What a new instance says of itself; the instance is given back.

    Errors: `TargetError` where that is of the wrong type, or cannot be.
    """
    try:
        return Header(
            target=name,
            profile=profile.name,
            limits=limits_of(made, profile),
            capabilities=capabilities_of(made),
            domain=domain_of(made),
        )
    finally:
        _close(made)


def _close(made: object) -> None:
    close = getattr(made, "close", None)
    if callable(close):
        close()


def _kernel(profile: str | None) -> Target:
    if profile not in {None, LINUX.name}:
        message = f"target kvm is held to profile linux, not to {profile}"
        raise ValueError(message)
    usable = detect()
    if isinstance(usable, Unusable):
        raise UnavailableTargetError(usable.reason)

    def make(hook: Hook) -> AnyImplementation:
        del hook
        return kernel_vm(usable.facts)

    header = _header("kvm", LINUX, make(Silent()))
    return Target("kvm", LINUX, make, header, usable.facts.describe(), usable)
