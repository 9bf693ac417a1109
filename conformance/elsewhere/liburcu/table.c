/*
 * A slot table on liburcu: the model for those who have one.
 *
 * Readers are in read-side sections of liburcu and look into the list that they loaded
 * there. An update holds a mutex, publishes a new list, waits in synchronize_rcu() and
 * gives the old list up. A slot that goes is published as INVALID first, and what guest
 * accesses have translated is forgotten when no reader can use it any more.
 *
 * It is exported twice. memslots_target is stepped on threads of the system, since
 * liburcu knows its readers by thread and the mutex is held across points.
 * memslots_threads is called from several threads at once; its points are where they
 * are held up.
 *
 * A list that was given up is poisoned, and freed with the VM: who reads it answers what
 * is wrong for sure, and does not crash. -DPLANTED_... plants one bug each:
 *
 *     NO_GRACE_PERIOD   nobody waits for the readers of the old list
 *     NO_INVALID        a slot goes in one step
 *     FREE_FIRST        the old list is given up before the new one is there
 *     IN_PLACE          the published list is written anew where it lies
 *     UNREGISTERED      a reader does not register its thread with liburcu
 *
 *     gcc -std=gnu11 -g -shared -fPIC -I.. -I$(memslots.h) -o libtable.so table.c \
 *         -lurcu -lpthread
 *
 * Licensed as memslots is: Apache-2.0.
 */
#include <pthread.h>
#include <stdlib.h>
#include <urcu.h>

#include "requests.h"

#define POISON_HVA 0x6b6b6b6b000ull
#define POISON_ID 0x6b6b
#define TRANSLATIONS 64

struct table {
    uint64_t handle;
    struct list list;
    struct table *next;
};

struct translation {
    uint64_t gfn;
    uint64_t hva;
    int there;
};

struct ms_vm {
    const ms_hooks *hooks;
    pthread_mutex_t updating;
    struct table *current;      /* by rcu_dereference, or under the mutex */
    struct table *given_up;     /* under the mutex */
    uint64_t handles;           /* given so far; the same */
    pthread_mutex_t translating;
    struct translation translations[TRANSLATIONS];
};

/* liburcu has to know every thread that reads, from before until it ends. */
#ifndef PLANTED_UNREGISTERED
static pthread_key_t registered_key;
static pthread_once_t registered_once = PTHREAD_ONCE_INIT;

static void unregister(void *unused)
{
    (void)unused;
    rcu_unregister_thread();
}

static void make_key(void)
{
    pthread_key_create(&registered_key, unregister);
}

static void register_reader(void)
{
    pthread_once(&registered_once, make_key);
    if (!pthread_getspecific(registered_key)) {
        rcu_register_thread();
        pthread_setspecific(registered_key, &registered_key);
    }
}
#else
static void register_reader(void)
{
}
#endif

static const struct table *enter(ms_vm *vm)
{
    const struct table *table;

    register_reader();
    rcu_read_lock();
    ms_section_entered(vm->hooks, 0);
    table = rcu_dereference(vm->current);
    ms_table_loaded(vm->hooks, table->handle, 0);
    return table;
}

static void leave(ms_vm *vm)
{
    rcu_read_unlock();
    ms_section_left(vm->hooks, 0);
}

/* The slot of a frame, copied: the list may be given up once we have left. */
static int find(ms_vm *vm, const struct table *table, uint64_t gfn, ms_slot *found)
{
    uint32_t at;

    ms_table_read(vm->hooks, table->handle, "base");
    at = place_of(&table->list, gfn);
    if (at == table->list.count)
        return 0;
    ms_table_read(vm->hooks, table->handle, "slots");
    *found = table->list.slot[at];
    return 1;
}

#if !defined(PLANTED_NO_GRACE_PERIOD) && !defined(PLANTED_IN_PLACE)
static void wait_for_readers(ms_vm *vm)
{
    ms_grace_period_begun(vm->hooks);
    ms_blocking(vm->hooks, "the readers");
    synchronize_rcu();
    ms_unblocked(vm->hooks);
    ms_grace_period_ended(vm->hooks);
}
#endif

#ifndef PLANTED_IN_PLACE
/* In place of free(): a slot of poison that every lookup meets. */
static void give_up(ms_vm *vm, struct table *table)
{
    static const ms_slot poison = {0, UINT64_MAX, POISON_HVA, POISON_ID, 0, 0, 0};

    table->list.slot[0] = poison;
    table->list.count = 1;
    table->next = vm->given_up;
    vm->given_up = table;
    ms_table_reclaimed(vm->hooks, table->handle);
}
#endif

static int64_t publish(ms_vm *vm, const struct list *list)
{
    struct table *old = vm->current;
#ifdef PLANTED_IN_PLACE
    uint32_t i;

    old->list.count = 0;
    ms_table_written(vm->hooks, old->handle, "count");
    for (i = 0; i < list->count; i++) {
        old->list.slot[i] = list->slot[i];
        old->list.count = i + 1;
        ms_table_written(vm->hooks, old->handle, "slots");
    }
#else
    struct table *new = calloc(1, sizeof(*new));

    if (!new)
        return -ENOMEM;
    new->handle = vm->handles++;
    new->list = *list;
    ms_table_written(vm->hooks, new->handle, "slots");
#ifdef PLANTED_FREE_FIRST
    wait_for_readers(vm);
    give_up(vm, old);
#endif
    rcu_assign_pointer(vm->current, new);
    ms_table_published(vm->hooks, new->handle, new->list.slot, new->list.count, 0, 0, 0);
#if !defined(PLANTED_NO_GRACE_PERIOD) && !defined(PLANTED_FREE_FIRST)
    wait_for_readers(vm);
#endif
#ifndef PLANTED_FREE_FIRST
    give_up(vm, old);
#endif
#endif
    return 0;
}

static void forget_translations(ms_vm *vm, const ms_slot *gone)
{
    struct translation *kept = vm->translations, *end = kept + TRANSLATIONS;

    pthread_mutex_lock(&vm->translating);
    for (; kept < end; kept++)
        if (kept->there && kept->gfn - gone->base < gone->npages)
            kept->there = 0;
    pthread_mutex_unlock(&vm->translating);
}

static int64_t update(ms_vm *vm, const ms_region *region)
{
    struct list invalid, made;
    enum steps steps;
    int64_t error;
    uint32_t at;

    ms_table_loaded(vm->hooks, vm->current->handle, 0);
    ms_table_read(vm->hooks, vm->current->handle, "slots");
    error = requested(&vm->current->list, region, &invalid, &made, &steps);
    if (error || steps == NO_STEP)
        return error;
    if (steps == TWO_STEPS) {
#ifndef PLANTED_NO_INVALID
        error = publish(vm, &invalid);
        if (error)
            return error;
#endif
        for (at = 0; invalid.slot[at].id != region->slot; at++)
            ;
        forget_translations(vm, &invalid.slot[at]);
    }
    return publish(vm, &made);
}

static int64_t set_region(ms_vm *vm, const ms_region *region)
{
    int64_t error;

    ms_blocking(vm->hooks, "the update lock");
    pthread_mutex_lock(&vm->updating);
    ms_unblocked(vm->hooks);
    ms_update_locked(vm->hooks);
    error = update(vm, region);
    pthread_mutex_unlock(&vm->updating);
    ms_update_unlocked(vm->hooks);
    return error;
}

static int64_t gfn_to_memslot(ms_vm *vm, uint32_t as_id, uint64_t gfn, ms_slot *slot)
{
    int there = find(vm, enter(vm), gfn, slot);

    (void)as_id;
    leave(vm);
    return there;
}

static int64_t gfn_to_hva(ms_vm *vm, uint32_t as_id, uint64_t gfn, uint64_t *hva)
{
    ms_slot slot;

    if (!gfn_to_memslot(vm, as_id, gfn, &slot))
        return 0;
    if (slot.flags & (MS_INVALID | MS_READONLY))
        return 0;
    *hva = slot.hva + ((gfn - slot.base) << 12);
    return 1;
}

/* No point is announced under this mutex, so no thread is ever stopped in it. */
static int translated(ms_vm *vm, uint64_t gfn, uint64_t *hva)
{
    struct translation *kept = &vm->translations[gfn % TRANSLATIONS];
    int there;

    pthread_mutex_lock(&vm->translating);
    there = kept->there && kept->gfn == gfn;
    if (there)
        *hva = kept->hva;
    pthread_mutex_unlock(&vm->translating);
    return there;
}

static void keep_translation(ms_vm *vm, uint64_t gfn, uint64_t hva)
{
    struct translation made = {gfn, hva, 1};

    pthread_mutex_lock(&vm->translating);
    vm->translations[gfn % TRANSLATIONS] = made;
    pthread_mutex_unlock(&vm->translating);
}

static int64_t access_page(ms_vm *vm, const ms_access *access, uint64_t *hva)
{
    int64_t answer = MS_ACCESSED;
    ms_slot slot;

    if (translated(vm, access->gfn, hva))
        return MS_ACCESSED;
    if (!find(vm, enter(vm), access->gfn, &slot)) {
        answer = MS_MMIO;
    } else if (access->write && (slot.flags & MS_READONLY)) {
        answer = MS_MMIO;
    } else if (slot.flags & MS_INVALID) {
        answer = MS_RETRY;
    } else {
        *hva = slot.hva + ((access->gfn - slot.base) << 12);
        /* In the section, so that who forgets translations has waited for us. */
        if (!(slot.flags & MS_READONLY))
            keep_translation(vm, access->gfn, *hva);
    }
    leave(vm);
    return answer;
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
    pthread_mutex_init(&vm->updating, 0);
    pthread_mutex_init(&vm->translating, 0);
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
    MS_POINT_SECTION_ENTERED, MS_POINT_SECTION_LEFT, MS_POINT_TABLE_LOADED,
    MS_POINT_TABLE_READ, MS_POINT_TABLE_WRITTEN, MS_POINT_TABLE_PUBLISHED,
    MS_POINT_TABLE_RECLAIMED, MS_POINT_GRACE_PERIOD_BEGUN,
    MS_POINT_GRACE_PERIOD_ENDED, MS_POINT_UPDATE_LOCKED, MS_POINT_UPDATE_UNLOCKED,
};

#define DESCRIPTION(how, ...) {          \
    .size = sizeof(ms_description),      \
    .interleaving = how,                 \
    .name = "a table on liburcu",        \
    .largest_gfn = LAST_GFN,             \
    .user_slots = IDS,                   \
    .hva_end = HVA_END,                  \
    __VA_ARGS__                          \
}

#define OPERATIONS(described) {          \
    .size = sizeof(ms_operations),       \
    .version = MS_VERSION,               \
    .description = &(described),         \
    .create = create,                    \
    .close = close_vm,                   \
    .set_region = set_region,            \
    .gfn_to_memslot = gfn_to_memslot,    \
    .gfn_to_hva = gfn_to_hva,            \
    .access = access_page,               \
    .observe = observe,                  \
}

static const ms_description stepped_description = DESCRIPTION(
    MS_GATED,
    .announces = announces,
    .announces_count = sizeof(announces) / sizeof(*announces)
);
static const ms_description threads_description = DESCRIPTION(MS_THREADS, .version = 0);

static const ms_operations stepped = OPERATIONS(stepped_description);
static const ms_operations threads = OPERATIONS(threads_description);

const ms_operations *memslots_target(void)
{
    return &stepped;
}

const ms_operations *memslots_threads(void)
{
    return &threads;
}
