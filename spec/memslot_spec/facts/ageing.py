"""Facts about accesses: which sptes have their A bit set, as far as is certain.

A fault sets the A bit of the spte that it makes, unless it maps ahead of the access
(6.1 `make_spte()`: prefetch). The processor sets it when it walks the page tables, and
not where its TLB holds the translation. An ageing clears it, and may leave the TLBs
alone (6.1 virt/kvm/kvm_main.c:873, kvm_mmu_notifier_clear_young()).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.facts.backing import page_of
from memslot_spec.facts.mmu import Shadow, Spte
from memslot_spec.model.operations import AgeHva, GuestAccess
from memslot_spec.model.replies import Accessed, Reply


@dataclass(slots=True)
class OpenAgeing:
    """An ageing that is under way, of the page at an address.

    `young` are sptes whose A bit was set when it began, and which nobody else ages.
    `mapped` says that an spte mapped the page then; `before` when the last ageing of
    the page had begun that was over by then.
    """

    hva: int
    step: int
    mapped: bool
    before: int | None = None
    young: frozenset[int] = frozenset()


@dataclass(slots=True)
class Walk:
    """An access that is under way, and the one spte through which it can go.

    `made` is the spte that its fault has made for its frame, and nobody has aged since.
    """

    step: int
    serial: int | None
    made: int | None = None


@dataclass(slots=True)
class Ageing:
    """Which sptes are marked as accessed, by their serials, and who changes that.

    `in_tlbs` are sptes that were aged and whose translations a TLB may hold. `aged`
    tells by page when the last ageing of it that is over began. `accessed_at` and
    `changed_at` are the steps at which an access last ended, and an spte was last
    made, removed or changed.
    """

    marked: set[int] = field(default_factory=set[int])
    in_tlbs: set[int] = field(default_factory=set[int])
    ageings: dict[int, OpenAgeing] = field(default_factory=dict[int, OpenAgeing])
    walks: dict[int, Walk] = field(default_factory=dict[int, Walk])
    aged: dict[int, int] = field(default_factory=dict[int, int])
    accessed_at: int = -1
    changed_at: int = -1
    mapped_at: int = -1

    def access_called(
        self, shadow: Shadow, thread: int, access: GuestAccess, step: int
    ) -> None:
        """An access begins; of two sptes for its frame, nobody knows which it uses."""
        through = [
            spte
            for spte in shadow.sptes.values()
            if spte.maps_gfn(access.gfn, access.as_id)
        ]
        walked = None
        if len(through) == 1 and not self.ageings:
            serial = through[0].serial
            walked = None if serial in self.in_tlbs else serial
        self.walks[thread] = Walk(step, walked)

    def access_returned(self, thread: int, reply: Reply, step: int) -> None:
        """It has marked the spte that it made, or went through if that stood."""
        walk = self.walks.pop(thread, None)
        self.accessed_at = step
        if walk is None or not isinstance(reply, Accessed):
            return
        if walk.made is not None:
            self.marked.add(walk.made)
            return
        has_stood = self.changed_at < walk.step and not self.ageings
        if walk.serial is not None and has_stood:
            self.marked.add(walk.serial)

    def mapped(
        self, spte: Spte, thread: int, access: GuestAccess | None, step: int
    ) -> None:
        """An spte is made; that of a prefetch is marked when the access is made."""
        self.changed_at = self.mapped_at = step
        walk = self.walks.get(thread)
        if access is None or walk is None or self._is_aged(spte):
            return
        if spte.maps_gfn(access.gfn, access.as_id):
            walk.made = spte.serial

    def _is_aged(self, spte: Spte) -> bool:
        return any(spte.maps_hva(ageing.hva) for ageing in self.ageings.values())

    def ageing_called(
        self, shadow: Shadow, thread: int, operation: AgeHva, step: int
    ) -> None:
        """The marks of what maps the page go, and every other ageing may find them."""
        page = page_of(operation.hva)
        mapping = shadow.serials_at_hva(page)
        others = [one for one in self.ageings.values() if page_of(one.hva) == page]
        overlaps = any(
            spte.maps_hva(one.hva)
            for spte in shadow.present(mapping)
            for one in self.ageings.values()
        )
        for one in self.ageings.values():
            one.young -= mapping
        for walk in self.walks.values():
            if walk.made in mapping:
                walk.made = None
        young = frozenset[int]() if others or overlaps else mapping & self.marked
        self.ageings[thread] = OpenAgeing(
            operation.hva, step, bool(mapping), self.aged.get(page), young
        )
        self.marked -= mapping
        self.in_tlbs |= mapping

    def ageing_walks(self, shadow: Shadow, thread: int) -> None:
        """It looks at a reverse map next: what it clears is in TLBs from then on."""
        ageing = self.ageings.get(thread)
        if ageing is not None:
            self.in_tlbs |= shadow.serials_at_hva(ageing.hva)

    def tlbs_flushed(self, shadow: Shadow, thread: int) -> None:
        """No TLB holds anything but what others may yet age."""
        left: set[int] = set()
        for owner, ageing in self.ageings.items():
            if owner != thread:
                left |= shadow.serials_at_hva(ageing.hva)
        self.in_tlbs &= left

    def is_young(self, shadow: Shadow, ageing: OpenAgeing, unreachable: int) -> bool:
        """An spte that was accessed stands: the ageing has to find it so.

        Those with serials up to `unreachable` are under roots that nobody uses.
        """
        standing = shadow.present(ageing.young)
        return any(spte.serial > unreachable for spte in standing)

    def is_old(self, ageing: OpenAgeing) -> bool:
        """No spte that maps the page has been accessed since the ageing before."""
        if not ageing.mapped and self.mapped_at < ageing.step:
            return True
        since = ageing.before
        if since is None or self.walks:
            return False
        return max(self.accessed_at, self.mapped_at) < since

    def ageing_returned(self, shadow: Shadow, thread: int) -> None:
        """What was marked since it began may have been cleared by it."""
        ageing = self.ageings.pop(thread, None)
        if ageing is not None:
            self.marked -= shadow.serials_at_hva(ageing.hva)
            self.aged[page_of(ageing.hva)] = ageing.step
