"""The manager of the examples with one bug each, over the reference.

They are loaded by name, as a stranger's are: `py:planted_managers:NAME`.
"""

from __future__ import annotations

from managed_kvm import ManagedKvm
from slot_manager import SlotManager, Step

from memslot_spec import Errno, MemoryRegion


class LeavesPieces(SlotManager):
    """What was done before a step failed stays."""

    def carry_out(self, steps: list[Step]) -> Errno | None:
        """Up to where it fails."""
        errors = (self.ioctl(request) for request, _ in steps)
        return next((error for error in errors if error is not None), None)


class ForgetsTheRest(SlotManager):
    """Of a region of several slots a delete takes the first away."""

    def carry_out(self, steps: list[Step]) -> Errno | None:
        """All of it, or of a delete the first step."""
        is_delete = bool(steps) and not any(ask.memory_size for ask, _ in steps)
        return super().carry_out(steps[:1] if is_delete else steps)


class RunsOutOfIds(SlotManager):
    """Ids are not taken back."""

    ids = 24

    def keep(self, name: int, new: MemoryRegion, pieces: list[MemoryRegion]) -> None:
        """Ids of what is gone are lost."""
        free = self.free
        super().keep(name, new, pieces)
        used = {piece.slot for piece in pieces}
        self.free = [slot for slot in free if slot not in used]

    def assign(self, name: int, new: MemoryRegion) -> Errno | None:
        """Refused where no id is left."""
        is_new = name not in self.regions and new.memory_size
        return Errno.ENOMEM if is_new and not self.free else super().assign(name, new)


class HidesExist(SlotManager):
    """An EEXIST of KVM is taken for a region that is there already."""

    def carry_out(self, steps: list[Step]) -> Errno | None:
        """As its parent, but for that."""
        error = super().carry_out(steps)
        return None if error is Errno.EEXIST else error


class LogsTheFirst(SlotManager):
    """Flags are changed on the first slot of a region alone."""

    def carry_out(self, steps: list[Step]) -> Errno | None:
        """All of it, or of a change of flags the first step."""
        asks = [ask.memory_size and back.memory_size for ask, back in steps]
        return super().carry_out(steps[:1] if all(asks) else steps)


class DropsTheTail(SlotManager):
    """A region that is no whole number of pieces loses what is beyond the last."""

    def split(self, whole: MemoryRegion, ids: list[int]) -> list[MemoryRegion]:
        """Pieces of one size."""
        pieces = super().split(whole, ids)
        sizes = [piece.memory_size for piece in pieces]
        return [piece for piece in pieces if piece.memory_size == sizes[0]]


def over(manager: type[SlotManager]) -> type[ManagedKvm]:
    """The adapter of a manager."""
    return type(manager.__name__, (ManagedKvm,), {"manager": manager})


leaves_pieces = over(LeavesPieces)
forgets_the_rest = over(ForgetsTheRest)
runs_out_of_ids = over(RunsOutOfIds)
hides_exist = over(HidesExist)
logs_the_first = over(LogsTheFirst)
drops_the_tail = over(DropsTheTail)
