"""Why the kernel cannot be tested, in one line each; and what is no such line."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from memslot_conformance.targets.kvm import device
from memslot_conformance.targets.kvm.detect import Unusable, Usable, detect, highest
from memslot_conformance.targets.kvm.device import (
    KvmNode,
    UnexpectedAnswerError,
    VmDescriptor,
)
from memslot_spec.model.values import Errno, MemoryRegion

PAGE = MemoryRegion(0, 0, 4096, 0)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A file that can be opened and knows no ioctl."""
    path = tmp_path / "kvm"
    path.touch(mode=0o600)
    return path


def fake_ioctl(
    answers: dict[int, list[int | OSError]],
) -> Callable[[int, int, object], int]:
    """`fcntl.ioctl` that gives these answers, by request code and in order."""

    def ioctl(_fd: int, request: int, _argument: object) -> int:
        answer = answers[request].pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    return ioctl


def always(number: int) -> Callable[[int, bytes], int]:
    """A kernel that gives every slot request this errno."""

    def send(_fd: int, _packed: bytes) -> int:
        return number

    return send


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def reason(found: Usable | Unusable) -> str:
    assert isinstance(found, Unusable)
    return found.reason


def test_absent_node_is_said_to_be_absent(tmp_path: Path) -> None:
    path = tmp_path / "kvm"
    assert reason(detect(path)) == (
        f"kvm: {path} is absent (no KVM module, or not passed into this "
        f"container: --device {path})"
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EPERM, "kvm: {} refused by a container device policy or LSM"),
        (errno.ENODEV, "kvm: device node exists but no hypervisor module answers"),
        (errno.ENXIO, "kvm: device node exists but no hypervisor module answers"),
    ],
)
def test_errno_of_open_has_its_line(
    node: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    def refuse(*_: object) -> int:
        raise failure(number)

    monkeypatch.setattr(os, "open", refuse)
    assert reason(detect(node)) == expected.format(node)


def test_missing_permission_names_mode_and_owners(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise failure(errno.EACCES)

    monkeypatch.setattr(os, "open", refuse)
    line = reason(detect(node))
    assert line.startswith(f"kvm: no permission on {node} (mode 0600 ")
    assert line.endswith("); run as root or join the group that owns it")


def test_refuses_to_skip_for_an_errno_without_a_line(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise failure(errno.EMFILE)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        detect(node)


def test_node_that_knows_no_ioctl_has_no_module_behind_it(node: Path) -> None:
    assert reason(detect(node)) == (
        "kvm: device node exists but no hypervisor module answers"
    )


def test_other_api_version_is_unusable(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "ioctl", fake_ioctl({0xAE00: [11]}))
    assert reason(detect(node)) == (
        "kvm: KVM present but unusable (API version 11, not 12)"
    )


def test_refused_vm_is_unusable(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ioctl = fake_ioctl({0xAE00: [12], 0xAE01: [failure(errno.EBUSY)]})
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    assert reason(detect(node)) == (
        "kvm: KVM present but unusable (KVM_CREATE_VM: EBUSY)"
    )


def test_refused_page_is_unusable(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vm_fd = os.open(node, os.O_RDONLY)
    monkeypatch.setattr(fcntl, "ioctl", fake_ioctl({0xAE00: [12], 0xAE01: [vm_fd]}))
    monkeypatch.setattr(device, "send", always(errno.EINVAL))
    assert reason(detect(node)) == (
        "kvm: KVM present but unusable (a slot of one page is refused: EINVAL)"
    )
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(vm_fd)


def test_refuses_to_read_a_limit_out_of_another_failure(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm_fd = os.open(node, os.O_RDONLY)
    monkeypatch.setattr(fcntl, "ioctl", fake_ioctl({0xAE00: [12], 0xAE01: [vm_fd]}))
    monkeypatch.setattr(device, "send", always(errno.ENOMEM))
    with pytest.raises(UnexpectedAnswerError, match="ENOMEM"):
        detect(node)


def test_interrupted_creation_is_tried_again(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm_fd = os.open(node, os.O_RDONLY)
    answers: list[int | OSError] = [failure(errno.EINTR), failure(errno.EINTR), vm_fd]
    with KvmNode(node) as kvm:
        monkeypatch.setattr(fcntl, "ioctl", fake_ioctl({0xAE01: answers}))
        kvm.create_vm().close()
    assert answers == []


@pytest.mark.parametrize("number", [errno.EBADF, errno.EINTR, errno.ENOTTY, 4095])
def test_refuses_to_take_an_unknown_errno_for_an_answer(
    node: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    numbers = iter((number, errno.EEXIST))

    def answer(_fd: int, _packed: bytes) -> int:
        return next(numbers)

    monkeypatch.setattr(device, "send", answer)
    with VmDescriptor(os.open(node, os.O_RDONLY)) as vm:
        with pytest.raises(UnexpectedAnswerError, match="which is no answer"):
            vm.set_user_memory_region(PAGE)
        assert vm.set_user_memory_region(PAGE) is Errno.EEXIST


@pytest.mark.parametrize("limit", [0, 1, 2, 998, 999, 1000])
def test_bisection_finds_the_highest(limit: int) -> None:
    asked: list[int] = []

    def accepted(number: int) -> bool:
        asked.append(number)
        return number <= limit

    assert highest(accepted, 1000) == limit
    assert len(asked) <= 12
