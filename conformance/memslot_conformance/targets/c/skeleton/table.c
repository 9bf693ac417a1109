/*
 * A slot table for memslots: the least that is judged. Built by
 *
 *     cc -std=c11 -Wall -Wextra -g -shared -fPIC -o libtable.so table.c
 *
 * and looked at by `memslots smoke c:./libtable.so`, then judged by
 * `memslots check c:./libtable.so`. The comments of memslots.h are the manual.
 *
 * To fill in: put your own table into struct ms_vm, and what it refuses into set_region;
 * this one holds two ids and refuses little, so `check` fails it. Then give more
 * functions, state your limits, and announce points to be stepped (MS_POINTS).
 */
#include <errno.h>
#include <stdlib.h>

#include "memslots.h"

#define IDS 2

struct ms_vm {
    ms_slot slot[IDS];  /* absent where it has no pages */
};

static int64_t create(const ms_hooks *hooks, ms_vm **vm)
{
    (void)hooks;        /* keep it to announce points */
    *vm = calloc(1, sizeof(**vm));
    return *vm ? 0 : -ENOMEM;
}

static void close_vm(ms_vm *vm)
{
    free(vm);
}

static int64_t set_region(ms_vm *vm, const ms_region *region)
{
    ms_slot *slot;

    if (region->slot >= IDS)
        return -EINVAL;
    slot = &vm->slot[region->slot];
    /* To fill in: alignment, flags, overlaps, what may change in a slot. */
    slot->id = region->slot;
    slot->base = region->guest_phys_addr / 4096;
    slot->npages = region->memory_size / 4096;
    slot->hva = region->userspace_addr;
    slot->flags = region->flags & (MS_LOG_DIRTY | MS_READONLY);
    return 0;
}

static int64_t gfn_to_memslot(ms_vm *vm, uint32_t as_id, uint64_t gfn, ms_slot *slot)
{
    int i;

    (void)as_id;
    for (i = 0; i < IDS; i++) {
        if (gfn - vm->slot[i].base < vm->slot[i].npages) {
            *slot = vm->slot[i];
            return 1;
        }
    }
    return 0;
}

static const ms_description description = {
    .size = sizeof(ms_description),
    .interleaving = MS_ONE_AT_A_TIME,
    .name = "to fill in",
    .user_slots = IDS,
};

static const ms_operations operations = {
    .size = sizeof(ms_operations),
    .version = MS_VERSION,
    .description = &description,
    .create = create,
    .close = close_vm,
    .set_region = set_region,
    .gfn_to_memslot = gfn_to_memslot,
};

const ms_operations *memslots_target(void)
{
    return &operations;
}
