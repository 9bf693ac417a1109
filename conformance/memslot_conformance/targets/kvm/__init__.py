"""The running kernel as an implementation, reached through its device node.

`detect` says whether this machine's node can be used and what its kernel
decides; `KvmVm` is one virtual machine that takes slot requests. Everything
below them obeys the guards of `guards`, for this is a real kernel.
"""
