/*
 * What a request makes of a list of slots: shared by the tables of this folder, which
 * differ in how they publish a list and wait for its readers.
 *
 * Licensed as memslots is: Apache-2.0.
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <errno.h>
#include <string.h>

#include "memslots.h"

#define IDS 32
#define LAST_GFN ((1ull << 36) - 1)
#define HVA_END ((1ull << 47) - 4096)
#define MAX_PAGES ((1ull << 31) - 1)

struct list {
    uint32_t count;
    ms_slot slot[IDS];
};

/* What is to be published: nothing, the result, or first the slot as INVALID. */
enum steps { NO_STEP, ONE_STEP, TWO_STEPS };

static inline int64_t refused(const ms_region *r)
{
    if (r->flags & ~(uint32_t)(MS_LOG_DIRTY | MS_READONLY))
        return -EINVAL;
    if ((r->memory_size | r->guest_phys_addr | r->userspace_addr) & 4095)
        return -EINVAL;
    if (r->memory_size > HVA_END || r->userspace_addr > HVA_END - r->memory_size)
        return -EINVAL;
    if (r->slot >= IDS || (r->memory_size >> 12) > MAX_PAGES)
        return -EINVAL;
    if (r->guest_phys_addr + r->memory_size < r->guest_phys_addr)
        return -EINVAL;
    return 0;
}

/* The list after a request, and the one with the slot as INVALID: 0 or -errno. */
static inline int64_t requested(const struct list *now, const ms_region *r,
                                struct list *invalid, struct list *made,
                                enum steps *steps)
{
    uint64_t base = r->guest_phys_addr >> 12, pages = r->memory_size >> 12;
    uint32_t at, i;
    ms_slot *old = 0;
    int64_t error = refused(r);

    *steps = NO_STEP;
    *made = *now;
    if (error)
        return error;
    for (at = 0; at < now->count; at++)
        if (now->slot[at].id == r->slot)
            break;
    if (at < now->count)
        old = &made->slot[at];
    if (!pages && !old)
        return -EINVAL;
    if (old && pages) {
        if (pages != old->npages || r->userspace_addr != old->hva ||
            ((r->flags ^ old->flags) & MS_READONLY))
            return -EINVAL;
        if (base == old->base && r->flags == old->flags)
            return 0;
    }
    if (pages && (!old || base != old->base))
        for (i = 0; i < now->count; i++)
            if (i != at && base < now->slot[i].base + now->slot[i].npages &&
                now->slot[i].base < base + pages)
                return -EEXIST;
    if (pages && base + pages - 1 > LAST_GFN)
        return -EINVAL;
    *steps = old && (!pages || base != old->base) ? TWO_STEPS : ONE_STEP;
    *invalid = *now;
    if (*steps == TWO_STEPS)
        invalid->slot[at].flags |= MS_INVALID;
    if (!pages) {
        made->slot[at] = made->slot[--made->count];
    } else {
        ms_slot slot = {base, pages, r->userspace_addr, r->slot, 0, r->flags, 0};

        made->slot[at] = slot;
        made->count = at == now->count ? at + 1 : now->count;
    }
    return 0;
}

/* Where in a list the slot of a frame is; its count where there is none. */
static inline uint32_t place_of(const struct list *list, uint64_t gfn)
{
    uint32_t i;

    for (i = 0; i < list->count; i++)
        if (gfn - list->slot[i].base < list->slot[i].npages)
            break;
    return i;
}

#endif
