/*
 * A slot table that is published by one store, for ThreadSanitizer to watch.
 *
 * An update makes a list and publishes it with release order; a reader loads it with
 * acquire order. Lists are freed with the VM, so nothing has to be waited for.
 * -DPLANTED_RELAXED publishes and loads without order, as a plain store and load are
 * on most machines: then a reader may see the pointer and not what it points to. Each
 * step that a schedule can show is right. Only the order of memory is wrong.
 * -DPLANTED_GIVEN_UP gives each list up when it is replaced, while readers are in it:
 * it is poisoned, so that they answer what is wrong.
 *
 *     gcc -std=c11 -g -O1 -fsanitize=thread -shared -fPIC -I.. -I$(memslots.h) \
 *         -o libtable-tsan.so table.c -lpthread
 *
 * Licensed as memslots is: Apache-2.0.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "requests.h"

#ifdef PLANTED_RELAXED
#define PUBLISHING memory_order_relaxed
#define LOADING memory_order_relaxed
#else
#define PUBLISHING memory_order_release
#define LOADING memory_order_acquire
#endif

#define POISON_HVA 0x6b6b6b6b000ull
#define POISON_ID 0x6b6b

struct table {
    struct list list;
    struct table *before;   /* what it replaced */
};

struct ms_vm {
    const ms_hooks *hooks;
    pthread_mutex_t updating;
    _Atomic(struct table *) current;
};

static int64_t publish(ms_vm *vm, const struct list *list, struct table *before)
{
    struct table *table = malloc(sizeof(*table));

    if (!table)
        return -ENOMEM;
    table->list = *list;
    table->before = before;
    atomic_store_explicit(&vm->current, table, PUBLISHING);
    return 0;
}

static int64_t update(ms_vm *vm, const ms_region *region)
{
    struct table *now = atomic_load_explicit(&vm->current, memory_order_relaxed);
    struct list invalid, made;
    enum steps steps;
    int64_t error = requested(&now->list, region, &invalid, &made, &steps);

    if (error || steps == NO_STEP)
        return error;
    error = publish(vm, &made, now);
#ifdef PLANTED_GIVEN_UP
    if (!error) {
        static const ms_slot poison = {0, UINT64_MAX, POISON_HVA, POISON_ID, 0, 0, 0};

        now->list.slot[0] = poison;
        now->list.count = 1;
    }
#endif
    return error;
}

static int64_t set_region(ms_vm *vm, const ms_region *region)
{
    int64_t error;

    pthread_mutex_lock(&vm->updating);
    error = update(vm, region);
    pthread_mutex_unlock(&vm->updating);
    return error;
}

static int64_t gfn_to_memslot(ms_vm *vm, uint32_t as_id, uint64_t gfn, ms_slot *slot)
{
    const struct table *now = atomic_load_explicit(&vm->current, LOADING);
    uint32_t at;

    (void)as_id;
    ms_table_loaded(vm->hooks, 0, 0);
    at = place_of(&now->list, gfn);
    if (at == now->list.count)
        return 0;
    *slot = now->list.slot[at];
    return 1;
}

static int64_t create(const ms_hooks *hooks, ms_vm **made)
{
    static const struct list none;
    ms_vm *vm = calloc(1, sizeof(*vm));

    if (!vm)
        return -ENOMEM;
    vm->hooks = hooks;
    pthread_mutex_init(&vm->updating, 0);
    *made = vm;
    return publish(vm, &none, 0);
}

static void close_vm(ms_vm *vm)
{
    struct table *table = atomic_load(&vm->current), *before;

    for (; table; table = before) {
        before = table->before;
        free(table);
    }
    free(vm);
}

static const ms_description description = {
    .size = sizeof(ms_description),
    .interleaving = MS_THREADS,
    .name = "a table published by one store",
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
};

const ms_operations *memslots_target(void)
{
    return &operations;
}
