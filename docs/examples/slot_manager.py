"""A manager of slots, as a VMM has one: it gives out ids, and splits what is large.

Its users name regions as they like, and know nothing of ids. What it asks of KVM is
done in steps; where one of them fails, those before it are undone.
"""

from collections.abc import Callable
from dataclasses import replace

from memslot_spec import Errno, MemoryRegion

PAGE, PIECE, HVA_END = 1 << 12, 1 << 15, (1 << 47) - (1 << 12)
PIECES, MOST_PAGES = 8, (1 << 31) - 1
READ_ONLY, FLAGS = 2, 3

Step = tuple[MemoryRegion, MemoryRegion]
"""What is asked of KVM, and what would undo it."""


class SlotManager:
    """The regions of one guest; `ioctl` is KVM's answer to one request."""

    names, ids = 64, 64 * PIECES

    def __init__(self, ioctl: Callable[[MemoryRegion], Errno | None]) -> None:
        self.ioctl = ioctl
        self.free = list(range(self.ids))
        self.regions: dict[int, list[MemoryRegion]] = {}
        self.asked: dict[int, MemoryRegion] = {}

    def assign(self, name: int, new: MemoryRegion) -> Errno | None:
        """Create, move, reflag or (size 0) delete a region; None where it is done."""
        old, had = self.asked.get(name), self.regions.get(name, [])
        if not self.is_sound(name, new, old):
            return Errno.EINVAL
        pieces = self.split(new, [piece.slot for piece in had] or self.free)
        steps: list[Step] = []
        if old and old.guest_phys_addr == new.guest_phys_addr and pieces:
            steps += zip(pieces, had, strict=True)
        else:
            steps += [(self.gone(piece), piece) for piece in had]
            steps += [(piece, self.gone(piece)) for piece in pieces]
        error = self.carry_out(steps)
        if error is None:
            self.keep(name, new, pieces)
        return error

    def is_sound(self, name: int, new: MemoryRegion, old: MemoryRegion | None) -> bool:
        """It can be asked of KVM, piece by piece."""
        gpa, size, hva = new.guest_phys_addr, new.memory_size, new.userspace_addr
        if name >= self.names or size > MOST_PAGES * PAGE or new.flags & ~FLAGS:
            return False
        if (gpa | size | hva) % PAGE or gpa + size >= 1 << 64 or hva + size > HVA_END:
            return False
        if old is None or not size:
            return bool(old or size)
        alike = (old.memory_size, old.userspace_addr) == (size, hva)
        return alike and not (old.flags ^ new.flags) & READ_ONLY

    def split(self, whole: MemoryRegion, ids: list[int]) -> list[MemoryRegion]:
        """The slots that a region is made of, by these ids."""
        size = whole.memory_size
        # A slot is a whole number of pages, and a region not many slots.
        step = max(PIECE, -(-size // (PIECES * PAGE)) * PAGE)
        return [
            MemoryRegion(
                slot=slot,
                guest_phys_addr=whole.guest_phys_addr + offset,
                memory_size=min(step, size - offset),
                userspace_addr=whole.userspace_addr + offset,
                flags=whole.flags,
            )
            for slot, offset in zip(ids, range(0, size, step), strict=False)
        ]

    def gone(self, piece: MemoryRegion) -> MemoryRegion:
        """The request that deletes this slot."""
        return replace(piece, memory_size=0)

    def carry_out(self, steps: list[Step]) -> Errno | None:
        """All of it, or nothing."""
        undo: list[MemoryRegion] = []
        for request, back in steps:
            error = self.ioctl(request)
            if error is not None:
                for each in reversed(undo):
                    self.ioctl(each)
                return error
            undo.append(back)
        return None

    def keep(self, name: int, new: MemoryRegion, pieces: list[MemoryRegion]) -> None:
        """The region is as it was asked for; ids that are not used are free again."""
        before = {piece.slot for piece in self.regions.pop(name, [])}
        after = {piece.slot for piece in pieces}
        self.free = sorted({*self.free, *before} - after)
        self.asked.pop(name, None)
        if pieces:
            self.regions[name], self.asked[name] = pieces, new
