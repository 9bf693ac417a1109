"""What a virtual machine is asked beside its memory: to sleep, and to end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Halt:
    """The vCPU sleeps until an interrupt (`kvm_vcpu_block`)."""


@dataclass(frozen=True, slots=True)
class DestroyVm:
    """`kvm_destroy_vm`: the last operation of a VM."""
