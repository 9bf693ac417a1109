"""What a target gave is of the type that the protocol says."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

NOTHING = type(None)


class TargetError(Exception):
    """The target does not keep to the protocol of an implementation."""


def of_numbers(what: str, came: object, *names: str) -> None:
    """These fields hold integers. Errors: `TargetError`."""
    for name in names:
        value: object = getattr(came, name)
        if not hasattr(value, "__index__"):
            message = f"the {name} of {what} is {value!r}, which is no int"
            raise TargetError(message)


def typed(what: str, came: T, *kinds: type[object]) -> T:
    """Exact types: an answer is compared, and a subclass would compare unequal."""
    if type(came) in kinds:
        return came
    expected = " or ".join("None" if k is NOTHING else k.__name__ for k in kinds)
    message = f"{what} gave {came!r}, which is no {expected}"
    raise TargetError(message)
