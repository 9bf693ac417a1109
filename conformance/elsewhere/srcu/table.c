/*
 * A slot table with an SRCU of its own, of two counters and an index.
 *
 * A reader reads the index and then raises the counter of it, which are two steps: in
 * between, any number of grace periods may come and go. So a counter that is not the
 * current one may be raised late, by a reader that will load the newest list. A grace
 * period therefore waits for both counters, as srcu_advance_state() of Linux does:
 *
 *     1. until nobody is in the counter that is not current, then
 *     2. flip the index, and until nobody is in the one that was.
 *
 * -DPLANTED_ONE_WAIT leaves out 1. Then two grace periods are needed to go wrong:
 *
 *     reader             update
 *     index 0 read
 *                        first grace period: 0 is empty, the index is 1
 *     0 raised; loads the list of now
 *                        publishes another one
 *                        second grace period: 1 is empty, the index is 0
 *                        gives up the list that the reader is in
 *
 * which the two steps of one delete are enough for. Where reading the index and raising
 * the counter cannot be torn apart, one wait is enough: srcu.c of 2.6.34 had that by
 * synchronize_sched() before and behind its flip.
 *
 *     gcc -std=c11 -g -shared -fPIC -I.. -I$(memslots.h) -o libtable.so table.c
 *
 * Licensed as memslots is: Apache-2.0.
 */
#include <stdlib.h>

#include "requests.h"

struct table {
    uint64_t handle;
    struct list list;
    struct table *next;
};

struct ms_vm {
    const ms_hooks *hooks;
    struct table *current;
    struct table *given_up;
    uint64_t handles;
    uint32_t index;
    uint32_t waited;    /* the counter that a grace period waits for */
    uint64_t readers[2];
    int locked;
};

static int unlocked(void *vm)
{
    return !((ms_vm *)vm)->locked;
}

static int nobody_in(void *vm)
{
    return !((ms_vm *)vm)->readers[((ms_vm *)vm)->waited];
}

static const struct table *enter(ms_vm *vm, uint32_t *index)
{
    const struct table *table;

    *index = vm->index;
    ms_section_entering(vm->hooks, *index);
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

static int find(ms_vm *vm, uint64_t gfn, ms_slot *found)
{
    uint32_t index, at;
    const struct table *table = enter(vm, &index);
    int there;

    ms_table_read(vm->hooks, table->handle, "slots");
    at = place_of(&table->list, gfn);
    there = at < table->list.count;
    if (there)
        *found = table->list.slot[at];
    leave(vm, index);
    return there;
}

static void wait_for_index(ms_vm *vm, uint32_t index)
{
    vm->waited = index;
    ms_wait(vm->hooks, nobody_in, vm, "the readers of one counter");
}

static void synchronize(ms_vm *vm)
{
    ms_grace_period_begun(vm->hooks);
#ifndef PLANTED_ONE_WAIT
    wait_for_index(vm, !vm->index);
#endif
    vm->index = !vm->index;
    ms_index_flipped(vm->hooks, vm->index);
    wait_for_index(vm, !vm->index);
    ms_grace_period_ended(vm->hooks);
}

static int64_t publish(ms_vm *vm, const struct list *list)
{
    struct table *old = vm->current, *new = calloc(1, sizeof(*new));

    if (!new)
        return -ENOMEM;
    new->handle = vm->handles++;
    new->list = *list;
    ms_table_written(vm->hooks, new->handle, "slots");
    vm->current = new;
    ms_table_published(vm->hooks, new->handle, new->list.slot, new->list.count, 0, 0, 0);
    synchronize(vm);
    /* Freed with the VM, so that who is still in it answers and does not crash. */
    old->next = vm->given_up;
    vm->given_up = old;
    ms_table_reclaimed(vm->hooks, old->handle);
    return 0;
}

static int64_t update(ms_vm *vm, const ms_region *region)
{
    struct list invalid, made;
    enum steps steps;
    int64_t error;

    ms_table_loaded(vm->hooks, vm->current->handle, 0);
    ms_table_read(vm->hooks, vm->current->handle, "slots");
    error = requested(&vm->current->list, region, &invalid, &made, &steps);
    if (error || steps == NO_STEP)
        return error;
    if (steps == TWO_STEPS)
        error = publish(vm, &invalid);
    return error ? error : publish(vm, &made);
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

static int64_t observe(ms_vm *vm, ms_slot *slots, uint64_t capacity, uint64_t *count)
{
    const struct list *list = &vm->current->list;

    *count = list->count;
    if (*count <= capacity)
        memcpy(slots, list->slot, *count * sizeof(*slots));
    return 0;
}

static int64_t create(const ms_hooks *hooks, ms_vm **made)
{
    ms_vm *vm = calloc(1, sizeof(*vm));

    if (!vm)
        return -ENOMEM;
    vm->hooks = hooks;
    vm->current = calloc(1, sizeof(*vm->current));
    vm->handles = 1;
    *made = vm;
    return vm->current ? 0 : -ENOMEM;
}

static void close_vm(ms_vm *vm)
{
    struct table *table = vm->given_up, *next;

    for (; table; table = next) {
        next = table->next;
        free(table);
    }
    free(vm->current);
    free(vm);
}

static const uint32_t announces[] = {
    MS_POINT_SECTION_ENTERING, MS_POINT_SECTION_ENTERED, MS_POINT_SECTION_LEFT,
    MS_POINT_TABLE_LOADED, MS_POINT_TABLE_READ, MS_POINT_TABLE_WRITTEN,
    MS_POINT_TABLE_PUBLISHED, MS_POINT_TABLE_RECLAIMED, MS_POINT_GRACE_PERIOD_BEGUN,
    MS_POINT_INDEX_FLIPPED, MS_POINT_GRACE_PERIOD_ENDED, MS_POINT_UPDATE_LOCKED,
    MS_POINT_UPDATE_UNLOCKED,
};

static const ms_description description = {
    .size = sizeof(ms_description),
    .interleaving = MS_POINTS,
    .name = "a table with an SRCU of its own",
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
    .observe = observe,
};

const ms_operations *memslots_target(void)
{
    return &operations;
}
