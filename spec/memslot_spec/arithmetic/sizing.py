"""What the sizing readers compute from one table: the page budget, the TSS base.

Page counts are in pages of 4 KiB, the TSS base is a guest physical address in
bytes.  Which of the two budgets applies is the profile's to say.
"""

from memslot_spec.arithmetic.ranges import PAGE_SIZE, U64

MIN_ALLOC_MMU_PAGES = 64
"""The least budget of shadow pages: `KVM_MIN_ALLOC_MMU_PAGES`."""


def page_budget_permille(total_pages: int) -> int:
    """Shadow pages a VM may keep: 20 per thousand of its pages, at least 64.

    `total_pages` is the sum of `npages` over every slot of one table.  The kernel
    multiplied in 32 bits, which overflows above 214748364 pages; that is its
    defect, not the rule.

    Source: `kvm_mmu_calculate_mmu_pages` (v2.6.34).

    pre: 0 <= total_pages < U64
    post: _ >= MIN_ALLOC_MMU_PAGES
    post: total_pages >= 3250 or _ == MIN_ALLOC_MMU_PAGES
    post: total_pages < 3250 or 0 <= total_pages * 20 - _ * 1000 < 1000
    """
    return max(MIN_ALLOC_MMU_PAGES, total_pages * 20 // 1000)


def page_budget_fiftieth(total_pages: int) -> int:
    """Shadow pages a VM may keep: a fiftieth of its pages, at least 64.

    `total_pages` is the VM's running count of pages, over all address spaces.
    On whole numbers the answer equals that of `page_budget_permille`.

    Source: `kvm_arch_commit_memory_region` and `KVM_MEMSLOT_PAGES_TO_MMU_PAGES_RATIO`
    (linux).

    pre: 0 <= total_pages < U64
    post: _ >= MIN_ALLOC_MMU_PAGES
    post: total_pages >= 3250 or _ == MIN_ALLOC_MMU_PAGES
    post: total_pages < 3250 or 0 <= total_pages - _ * 50 < 50
    post: _ == page_budget_permille(total_pages)
    """
    return max(MIN_ALLOC_MMU_PAGES, total_pages // 50)


def tss_base(base: int, npages: int) -> int:
    """Guest physical address of the default TSS: slot 0's third page from its end.

    Both numbers must come from one table.  The sum and the shift are those of an
    unsigned 64-bit field, so a slot of fewer than three pages at gfn 0 answers an
    address near 2**64.

    Source: `rmode_tss_base` (v2.6.34).

    pre: 0 <= base < U64
    pre: 0 <= npages < U64
    post: 0 <= _ < U64
    post: _ % PAGE_SIZE == 0
    post: (_ // PAGE_SIZE + 3 - base - npages) % (U64 // PAGE_SIZE) == 0
    """
    return (base + npages - 3) * PAGE_SIZE % U64
