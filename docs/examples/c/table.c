/*
 * A slot table that is swapped by pointer, with a small SRCU of its own.
 *
 * Readers count themselves into one of two counters; an update copies the list, changes
 * the copy, swaps it in, flips the counters, waits for the old one and gives the old
 * list up. It is freed with the VM, so that a planted bug is judged and does not crash.
 * A slot that goes is first published as INVALID.
 *
 * -DNO_GRACE_PERIOD, -DNO_INVALID_STEP and -DIN_PLACE each plant a bug.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memslots.h"

#define IDS 32
#define LAST_GFN ((1ull << 36) - 1)
#define HVA_END ((1ull << 47) - 4096)
#define MAX_PAGES ((1ull << 31) - 1)

struct table {
    uint64_t handle;
    uint32_t count;
    ms_slot slot[IDS];
    struct table *next;
};

struct ms_vm {
    const ms_hooks *hooks;
    struct table *current;
    struct table *garbage;
    uint64_t tables;    /* handles given so far */
    uint32_t index;     /* the counter that new readers raise */
    uint32_t waited;    /* the counter that the update waits for */
    uint64_t readers[2];
    int locked;
};

/* Whether the lock is free, for ms_wait. */
static int unlocked(void *vm)
{
    return !((struct ms_vm *)vm)->locked;
}

/* srcu_read_lock and rcu_dereference. */
static struct table *enter(ms_vm *vm, uint32_t *index)
{
    struct table *table;

    *index = vm->index;
    vm->readers[*index]++;
    ms_section_entered(vm->hooks, *index);
    table = vm->current;
    ms_table_loaded(vm->hooks, table->handle, 0);
    return table;
}

static void leave(ms_vm *vm, uint32_t index)
{
    vm->readers[index]--;
    ms_section_left(vm->hooks, index);
}

/* The slot of a frame, copied: a table may be edited once we have left. */
static int find(ms_vm *vm, uint64_t gfn, ms_slot *found)
{
    uint32_t index, i;
    struct table *table = enter(vm, &index);
    int there = 0;

    ms_table_read(vm->hooks, table->handle, "slots");
    for (i = 0; i < table->count && !there; i++) {
        if (gfn - table->slot[i].base < table->slot[i].npages) {
            *found = table->slot[i];
            there = 1;
        }
    }
    leave(vm, index);
    return there;
}

#if !defined(NO_GRACE_PERIOD) && !defined(IN_PLACE)
static int drained(void *vm)
{
    return !((ms_vm *)vm)->readers[((ms_vm *)vm)->waited];
}

static void synchronize(ms_vm *vm)
{
    int flip;

    ms_grace_period_begun(vm->hooks);
    for (flip = 0; flip < 2; flip++) {
        vm->waited = vm->index;
        vm->index = !vm->index;
        ms_index_flipped(vm->hooks, vm->index);
        ms_wait(vm->hooks, drained, vm, "the readers");
    }
    ms_grace_period_ended(vm->hooks);
}
#endif

/* Swap a list in, wait for the readers of the old one, and free it. */
static int64_t publish(ms_vm *vm, const ms_slot *slots, uint32_t count)
{
    struct table *old = vm->current;
#ifdef IN_PLACE
    memcpy(old->slot, slots, count * sizeof(*slots));
    old->count = count;
    ms_table_written(vm->hooks, old->handle, "slots");
#else
    struct table *new = calloc(1, sizeof(*new));

    if (!new)
        return -ENOMEM;
    new->handle = vm->tables++;
    new->count = count;
    memcpy(new->slot, slots, count * sizeof(*slots));
    ms_table_written(vm->hooks, new->handle, "slots");
    vm->current = new;
    ms_table_published(vm->hooks, new->handle, new->slot, count, 0, 0, 0);
#ifndef NO_GRACE_PERIOD
    synchronize(vm);
#endif
    old->next = vm->garbage;
    vm->garbage = old;
    ms_table_reclaimed(vm->hooks, old->handle);
#endif
    return 0;
}

static int64_t wrong(const ms_region *r)
{
    uint64_t pages = r->memory_size >> 12;

    if (r->flags & ~(uint32_t)(MS_LOG_DIRTY | MS_READONLY))
        return -EINVAL;
    if ((r->memory_size | r->guest_phys_addr | r->userspace_addr) & 4095)
        return -EINVAL;
    if (r->memory_size > HVA_END || r->userspace_addr > HVA_END - r->memory_size)
        return -EINVAL;
    if (r->slot >= IDS || pages > MAX_PAGES)
        return -EINVAL;
    if (r->guest_phys_addr + r->memory_size < r->guest_phys_addr)
        return -EINVAL;
    return 0;
}

static int64_t update(ms_vm *vm, const ms_region *r)
{
    ms_slot slots[IDS], *old = 0;
    uint64_t base = r->guest_phys_addr >> 12, pages = r->memory_size >> 12;
    struct table *now = vm->current;
    uint32_t count = now->count, at, i;
    int64_t error = wrong(r);

    if (error)
        return error;
    ms_table_loaded(vm->hooks, now->handle, 0);
    ms_table_read(vm->hooks, now->handle, "slots");
    memcpy(slots, now->slot, sizeof(slots));
    for (at = 0; at < count; at++)
        if (slots[at].id == r->slot)
            break;
    if (at < count)
        old = &slots[at];
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
        for (i = 0; i < count; i++)
            if (i != at && base < slots[i].base + slots[i].npages &&
                slots[i].base < base + pages)
                return -EEXIST;
    if (pages && base + pages - 1 > LAST_GFN)
        return -EINVAL;
#ifndef NO_INVALID_STEP
    if (old && (!pages || base != old->base)) {
        old->flags |= MS_INVALID;
        error = publish(vm, slots, count);
        if (error)
            return error;
    }
#endif
    if (!pages) {
        slots[at] = slots[--count];
    } else {
        ms_slot made = {base, pages, r->userspace_addr, r->slot, 0, r->flags, 0};

        slots[at] = made;
        if (at == count)
            count++;
    }
    return publish(vm, slots, count);
}

static int64_t set_region(ms_vm *vm, const ms_region *region)
{
    int64_t error;

    ms_wait(vm->hooks, unlocked, vm, "the update lock");
    vm->locked = 1;
    ms_update_locked(vm->hooks);
    error = update(vm, region);
    vm->locked = 0;
    ms_update_unlocked(vm->hooks);
    return error;
}

static int64_t gfn_to_memslot(ms_vm *vm, uint32_t as_id, uint64_t gfn, ms_slot *slot)
{
    (void)as_id;
    return find(vm, gfn, slot);
}

static int64_t gfn_to_hva(ms_vm *vm, uint32_t as_id, uint64_t gfn, uint64_t *hva)
{
    ms_slot slot;

    (void)as_id;
    if (!find(vm, gfn, &slot) || (slot.flags & (MS_INVALID | MS_READONLY)))
        return 0;
    *hva = slot.hva + ((gfn - slot.base) << 12);
    return 1;
}

static int64_t observe(ms_vm *vm, ms_slot *slots, uint64_t capacity, uint64_t *count)
{
    *count = vm->current->count;
    if (*count <= capacity)
        memcpy(slots, vm->current->slot, *count * sizeof(*slots));
    return 0;
}

static int64_t create(const ms_hooks *hooks, ms_vm **made)
{
    ms_vm *vm = calloc(1, sizeof(*vm));

    if (!vm)
        return -ENOMEM;
    vm->hooks = hooks;
    vm->current = calloc(1, sizeof(*vm->current));
    vm->tables = 1;
    *made = vm;
    return vm->current ? 0 : -ENOMEM;
}

static void close_vm(ms_vm *vm)
{
    struct table *next;
    free(vm->current);
    for (; vm->garbage; vm->garbage = next) {
        next = vm->garbage->next;
        free(vm->garbage);
    }
    free(vm);
}

static const uint32_t announces[] = {
    MS_POINT_SECTION_ENTERED, MS_POINT_SECTION_LEFT, MS_POINT_TABLE_LOADED,
    MS_POINT_TABLE_READ, MS_POINT_TABLE_WRITTEN, MS_POINT_TABLE_PUBLISHED,
    MS_POINT_TABLE_RECLAIMED, MS_POINT_GRACE_PERIOD_BEGUN, MS_POINT_INDEX_FLIPPED,
    MS_POINT_GRACE_PERIOD_ENDED, MS_POINT_UPDATE_LOCKED, MS_POINT_UPDATE_UNLOCKED,
};

static const ms_description description = {
    .size = sizeof(ms_description),
    .interleaving = MS_POINTS,
    .name = "a table swapped by pointer",
    .version = "1",
    .announces = announces,
    .announces_count = sizeof(announces) / sizeof(*announces),
    .largest_gfn = LAST_GFN,
    .user_slots = IDS,
    .hva_end = HVA_END,
};

static const ms_operations operations = {
    .size = sizeof(ms_operations),
    .version = MS_VERSION,
    .description = &description,
    .create = create,
    .close = close_vm,
    .set_region = set_region,
    .gfn_to_memslot = gfn_to_memslot,
    .gfn_to_hva = gfn_to_hva,
    .observe = observe,
};

const ms_operations *memslots_target(void)
{
    return &operations;
}
