"""Choices where a computation wraps: a cached range, the TSS of a deleted slot."""

from __future__ import annotations

from memslot_spec.arithmetic.sizing import tss_base
from memslot_spec.choice import AnyChoice, choice
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import TssBase
from memslot_spec.model.profile import ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.replies import Number, Refused
from memslot_spec.model.values import Errno
from memslot_spec.moments.caches import CacheInitialised
from memslot_spec.moments.replies import Answered

BY_FRAMES, BY_BYTES = "taken for its one frame", "refused EINVAL"


@choice(
    id="wraps-in-a-frame",
    title="A range to cache that wraps round to the frame where it begins",
    options=(BY_FRAMES, BY_BYTES),
    source="6.1 virt/kvm/kvm_main.c:3186, __kvm_gfn_to_hva_cache_init(): start_gfn > "
    "end_gfn compares frames; its uses are not judged",
    profiles=ONLY_LINUX,
    clauses=("CACHE-9",),
    on=CacheInitialised,
    operations=("InitHvaCache",),
)
def wraps_in_a_frame(facts: Facts, init: CacheInitialised) -> str | None:
    """Whether frames were compared, or bytes."""
    if not init.cached.wraps or init.cached.is_backwards or not init.explained:
        return None
    reply = init.reply
    is_einval = isinstance(reply, Refused) and reply.errno is Errno.EINVAL
    return BY_BYTES if is_einval else BY_FRAMES


AT_ZERO, WHERE_DELETED = "at 0", "where the request said that deleted it"


@choice(
    id="tss-of-deleted",
    title="Where slot 0 lies, for the TSS, once it is deleted",
    options=(AT_ZERO, WHERE_DELETED),
    source="patch, __kvm_set_memory_region: new.base_gfn = base_gfn, of a delete too",
    profiles=ONLY_2_6_34,
    clauses=("TSS-1",),
    on=Answered,
    operations=("TssBase",),
)
def tss_of_deleted(facts: Facts, answered: Answered) -> str | None:
    """Whether a deleted slot keeps the address of the request that deleted it."""
    if not isinstance(answered.operation, TssBase) or not answered.explained:
        return None
    if len(answered.candidates) != 1 or answered.candidates[0].find(0, 0) is not None:
        return None
    if not facts.deleted_bases - {0}:
        return None
    return AT_ZERO if answered.reply == Number(tss_base(0, 0)) else WHERE_DELETED


CHOICES: tuple[AnyChoice, ...] = (wraps_in_a_frame, tss_of_deleted)
