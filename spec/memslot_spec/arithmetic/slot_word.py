"""The `slot` field of a request: how one word names a slot in an address space.

The field is unsigned 32-bit: the slot id in bits 0 to 15, the address space in
bits 16 to 31.  The halves share no bit, so the kernel's `|` is written `+` here,
which CrossHair can decide.
"""

SLOT_IDS = 2**16
"""How many slot ids, and how many address spaces, the word can tell apart."""


def pack(as_id: int, slot_id: int) -> int:
    """The word that names a slot of an address space.

    Source: `KVM_SET_USER_MEMORY_REGION`, the field `slot`; `kvm_dirty_ring_push`
    packs the same way.

    pre: 0 <= as_id < SLOT_IDS
    pre: 0 <= slot_id < SLOT_IDS
    post: 0 <= _ < 2**32
    post: as_id_of(_) == as_id
    post: id_of(_) == slot_id
    """
    return as_id * SLOT_IDS + slot_id


def as_id_of(word: int) -> int:
    """The address space that a word names.

    Source: `__kvm_set_memory_region`, `mem->slot >> 16`.

    pre: 0 <= word < 2**32
    post: 0 <= _ < SLOT_IDS
    post: _ == word >> 16
    """
    return word // SLOT_IDS


def id_of(word: int) -> int:
    """The slot id that a word names, inside its address space.

    Source: `__kvm_set_memory_region`, `(u16)mem->slot`.

    pre: 0 <= word < 2**32
    post: 0 <= _ < SLOT_IDS
    post: _ == word & 65535
    post: pack(as_id_of(word), _) == word
    """
    return word % SLOT_IDS
