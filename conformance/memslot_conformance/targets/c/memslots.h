/*
 * memslots.h: the C ABI of memslots, version 1.
 *
 * A slot table in C, or in anything else that can export a C function, is judged as
 * the target c:./libmine.so. The library exports one function,
 *
 *     const ms_operations *memslots_target(void);
 *
 * or one of another name, as the target c:./libmine.so:NAME. It needs no library to
 * link with, and nothing is compiled on the side of the suite: this text is read.
 *
 * Everything is a fixed-width integer in the byte order of the machine. A gfn is a
 * guest frame number in pages of 4 KiB; gpa and hva are byte addresses. An operation
 * returns 0 or a positive answer, or -errno; the errnos that may be told are EAGAIN,
 * EEXIST, EFAULT, EINVAL, EIO, ENOENT, ENOMEM, ENXIO and EPERM, by the numbers of the
 * machine's <errno.h>. Outputs go into the caller's buffers, which are valid during the
 * call alone. Everything else that is returned or out of its range is an error of the
 * library and no verdict: the run ends with status 3 and names the value.
 *
 * Structs that may grow begin with their size. What a library does not know it leaves 0.
 *
 * Licensed as memslots is: Apache-2.0.
 */
#ifndef MEMSLOTS_H
#define MEMSLOTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* [declarations] */

enum { MS_VERSION = 1 };

/* One VM of yours. The suite keeps the pointer and never looks behind it. */
typedef struct ms_vm ms_vm;

/* A request, as struct kvm_userspace_memory_region: sizes and addresses in bytes,
 * slot is the word as_id << 16 | id. A request may hold any values. */
typedef struct ms_region {
    uint32_t slot;
    uint32_t flags;
    uint64_t guest_phys_addr;
    uint64_t memory_size;
    uint64_t userspace_addr;
} ms_region;

enum {
    MS_LOG_DIRTY = 1,   /* KVM_MEM_LOG_DIRTY_PAGES, also in ms_region.flags */
    MS_READONLY = 2,    /* KVM_MEM_READONLY, also in ms_region.flags */
    MS_INVALID = 65536  /* KVM_MEMSLOT_INVALID: being deleted or moved */
};

/* A slot of a table: npages frames from base, the first at hva. */
typedef struct ms_slot {
    uint64_t base;
    uint64_t npages;
    uint64_t hva;
    uint32_t id;
    uint32_t as_id;
    uint32_t flags;     /* MS_LOG_DIRTY, MS_READONLY, MS_INVALID */
    uint32_t reserved;  /* 0 */
} ms_slot;

/* A page of guest memory is read or written. direct: the guest has paging off;
 * otherwise it has page tables of its own, and that at the frame root is shadowed.
 * What has no shadow pages ignores both. */
typedef struct ms_access {
    uint64_t gfn;
    uint64_t root;
    uint32_t as_id;
    uint32_t write;
    uint32_t direct;
    uint32_t reserved;
} ms_access;

enum {
    MS_ACCESSED = 0,  /* the page at *hva was reached */
    MS_MMIO = 1,      /* no slot backs it, or none may: an exit to user space */
    MS_RETRY = 2      /* the access has to be made again (RET_PF_RETRY) */
};

/* The dirty bitmap or metadata of a published slot, by handle, or MS_NONE. */
typedef struct ms_attached {
    uint64_t as_id;
    uint64_t slot_id;
    uint64_t bitmap;
    uint64_t metadata;
} ms_attached;

/*
 * A point: something that has just happened inside, announced next to the access with
 * nothing in between. kind is a MS_POINT_..., number holds its numbers in the order of
 * its parameters in the functions below, which are the easy way to announce one.
 * Whatever it points to is copied before the call returns or anybody else runs.
 */
typedef struct ms_point {
    uint32_t kind;
    uint32_t numbers;             /* how many of number are given */
    uint64_t number[8];           /* MS_NONE where a number is not there */
    const char *text;             /* the field that was read or written */
    const uint64_t *list;         /* slot ids, or pages */
    uint64_t list_count;
    const ms_slot *slots;         /* the slots of a published table */
    uint64_t slots_count;
    const ms_attached *attached;  /* what is attached to them, if that is told */
    uint64_t attached_count;
} ms_point;

/*
 * What the suite gives to a library that wants to be stepped. Pass it to ms_announce,
 * ms_wait and ms_blocking; it lives as long as the VM that it was given to.
 *
 * Logical threads are coroutines on the one thread of the process. At a point or a wait
 * another may run, and its stack takes the place of yours, which is copied away and
 * back. So: never let another thread reach a variable on your stack across a point (the
 * argument of a wait neither); hold no real mutex there, and nothing thread-local; never
 * spin for another thread, but wait. A call may be given up at a point, and then never
 * comes back.
 *
 * Nothing may depend on time, chance or addresses: the same schedule has to announce the
 * same. So name tables, bitmaps and pages by counting them, and not by their addresses.
 */
typedef struct ms_hooks {
    uint32_t size;
    uint32_t version;
    void *host;
    void (*point)(void *host, const ms_point *point);
    void (*wait)(void *host, int (*until)(void *), void *argument, const char *label);
    void (*blocking)(void *host, const char *label);
    void (*unblocked)(void *host);
} ms_hooks;

/*
 * How a library can be raced.
 *
 * MS_GATED is for what holds real locks across a point, or has thread-local state that
 * matters there, as liburcu has. Each logical thread is then a thread of the system, and
 * is let run to its next point and only then; what is said above of stacks, mutexes and
 * thread-local state does not bind it. But where it may block, as in a lock, it has to
 * say so, by ms_blocking and ms_unblocked: a thread that blocks without is an error. A
 * call that is given up is let run to its end before close; where it never ends, close is
 * not called. A thread has a stack of 1 MiB.
 *
 * With MS_THREADS nothing that is announced is recorded. At some of the points a thread
 * is held up for a moment, so that others run meanwhile.
 */
enum {
    MS_ONE_AT_A_TIME = 0,  /* one call at a time; clauses on races do not apply */
    MS_THREADS = 1,        /* called from several threads of the system at once */
    MS_POINTS = 2,         /* stepped on coroutines: it announces points */
    MS_GATED = 3           /* stepped on threads of the system: the same */
};

enum {
    MS_EXACT_DIRTY_LOG = 1  /* a dirty log shows nothing but what was written */
};

/* What a library says of itself. A number that is 0 stands for what the suite takes
 * where nothing is said. */
typedef struct ms_description {
    uint32_t size;              /* sizeof(ms_description) */
    uint32_t interleaving;      /* MS_ONE_AT_A_TIME, MS_THREADS, MS_POINTS, MS_GATED */
    const char *name;           /* UTF-8, for people; or NULL */
    const char *version;        /* the same */
    const char *profile;        /* "linux" or "v2.6.34"; NULL is "linux" */
    const uint32_t *announces;  /* kinds of points announced whenever they happen */
    uint64_t announces_count;
    /* By these requests are judged: they have to be your own. */
    uint64_t largest_gfn;       /* the highest frame that a slot may hold */
    uint64_t user_slots;        /* ids that user space may use, in each space */
    uint64_t address_spaces;
    uint64_t hva_end;           /* the first host byte that nobody may name */
    /* Inside these requests are drawn. */
    uint64_t asked_gfn;         /* the highest frame; 0: largest_gfn */
    uint64_t asked_slots;       /* ids 0 to asked_slots - 1; 0: all */
    uint64_t asked_pages;       /* the most pages of one slot; 0: no bound */
    uint64_t page_granule;      /* sizes and bases are multiples of it, in pages */
    uint64_t flags;             /* MS_EXACT_DIRTY_LOG */
} ms_description;

/*
 * The operations. create, close and set_region have to be there; what is NULL is never
 * asked, and clauses that need it do not apply. No operation comes after destroy.
 */
typedef struct ms_operations {
    uint32_t size;     /* sizeof(ms_operations) */
    uint32_t version;  /* MS_VERSION */
    const ms_description *description;

    /* A new VM without slots into *vm: 0 or -errno, which is an error here. Many
     * thousands are made, and two have nothing in common. hooks is never NULL. */
    int64_t (*create)(const ms_hooks *hooks, ms_vm **vm);

    /* Free it. Calls that were given up at a point may be inside, and stay there. */
    void (*close)(ms_vm *vm);

    /* KVM_SET_USER_MEMORY_REGION: 0 or -errno. */
    int64_t (*set_region)(ms_vm *vm, const ms_region *region);

    /* gfn_to_memslot: 1 and the slot, INVALID or not, or 0. */
    int64_t (*gfn_to_memslot)(ms_vm *vm, uint32_t as_id, uint64_t gfn, ms_slot *slot);

    /* gfn_to_hva: 1 and the host address for a write, or 0 for the error address. */
    int64_t (*gfn_to_hva)(ms_vm *vm, uint32_t as_id, uint64_t gfn, uint64_t *hva);

    /* kvm_is_visible_gfn: 1 where a user slot covers it that is not INVALID, or 0. */
    int64_t (*is_visible_gfn)(ms_vm *vm, uint64_t gfn);

    /* A guest access: MS_ACCESSED and *hva, the host address of the page; MS_MMIO,
     * MS_RETRY or -errno. */
    int64_t (*access)(ms_vm *vm, const ms_access *access, uint64_t *hva);

    /* KVM_GET_DIRTY_LOG of a slot word: 0 and the bitmap in words of 64 pages, bit 0 of
     * the first is page 0, and how many words in *count; or -errno. capacity is enough
     * for the largest size that the slot was ever given. */
    int64_t (*get_dirty_log)(ms_vm *vm, uint32_t slot, uint64_t *words,
                             uint64_t capacity, uint64_t *count);

    /* KVM_CLEAR_DIRTY_LOG: clear the bits that are set. 0 or -errno. */
    int64_t (*clear_dirty_log)(ms_vm *vm, uint32_t slot, uint64_t first_page,
                               uint64_t num_pages, const uint64_t *words,
                               uint64_t count);

    /* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 with these options: 0 or -errno. */
    int64_t (*enable_manual_protect)(ms_vm *vm, uint64_t options);

    /* The VM ends; close comes after it. 0. */
    int64_t (*destroy)(ms_vm *vm);

    /* Introspection, which changes nothing: every slot that is present in *slots, in any
     * order, and how many there are in *count. Where they are more than capacity, write
     * none, and it is asked again with room for them. 0. */
    int64_t (*observe)(ms_vm *vm, ms_slot *slots, uint64_t capacity, uint64_t *count);
} ms_operations;

/* [points: generated by `python -m memslot_conformance.targets.c.generate`] */
enum ms_point_kind {
    MS_POINT_SECTION_ENTERING = 1,
    MS_POINT_SECTION_ENTERED = 2,
    MS_POINT_SECTION_LEFT = 3,
    MS_POINT_GRACE_PERIOD_BEGUN = 4,
    MS_POINT_INDEX_FLIPPED = 5,
    MS_POINT_GRACE_PERIOD_ENDED = 6,
    MS_POINT_DOMAIN_DESTROYED = 7,
    MS_POINT_SLEPT = 8,
    MS_POINT_GUEST_ENTERED = 9,
    MS_POINT_RETRIED = 10,
    MS_POINT_TABLE_LOADED = 11,
    MS_POINT_TABLE_READ = 12,
    MS_POINT_TABLE_WRITTEN = 13,
    MS_POINT_TABLE_PUBLISHED = 14,
    MS_POINT_TABLE_RECLAIMED = 15,
    MS_POINT_UPDATE_LOCKED = 16,
    MS_POINT_UPDATE_UNLOCKED = 17,
    MS_POINT_ARCH_LOCKED = 18,
    MS_POINT_ARCH_UNLOCKED = 19,
    MS_POINT_MMU_LOCKED = 20,
    MS_POINT_MMU_UNLOCKED = 21,
    MS_POINT_SHADOW_PAGE_CREATED = 22,
    MS_POINT_SHADOW_PAGE_ZAPPED = 23,
    MS_POINT_SLOT_BIT_SET = 24,
    MS_POINT_SPTE_MAPPED = 25,
    MS_POINT_SPTE_REMOVED = 26,
    MS_POINT_SPTE_UPDATED = 27,
    MS_POINT_RMAP_INDEXED = 28,
    MS_POINT_RMAP_ADDED = 29,
    MS_POINT_RMAP_REMOVED = 30,
    MS_POINT_RMAPS_COUNTED = 31,
    MS_POINT_FLUSHED = 32,
    MS_POINT_ROOTS_INVALIDATED = 33,
    MS_POINT_ROOT_GRANTED = 34,
    MS_POINT_INVALIDATION_BEGUN = 35,
    MS_POINT_INVALIDATION_ENDED = 36,
    MS_POINT_TLB_FLUSHED = 37,
    MS_POINT_HOST_PAGE_FOUND = 38,
    MS_POINT_HOST_PAGE_DIRTIED = 39,
    MS_POINT_METADATA_ALLOCATED = 40,
    MS_POINT_METADATA_FREED = 41,
    MS_POINT_BITMAP_ALLOCATED = 42,
    MS_POINT_BITMAP_FREED = 43,
    MS_POINT_DIRTY_BIT_SET = 44,
    MS_POINT_DIRTY_BITS_CLEARED = 45,
    MS_POINT_GENERATION_SET = 46,
    MS_POINT_CACHES_UPDATED = 47,
    MS_POINT_MMIO_CACHED = 48,
    MS_POINT_MMIO_HIT = 49,
    MS_POINT_PFN_CACHE_VALID = 50
};
enum ms_mmio_place {
    MS_MMIO_PLACE_SPTE = 0,
    MS_MMIO_PLACE_VCPU = 1
};
enum ms_rmap_use {
    MS_RMAP_USE_ADD = 0,
    MS_RMAP_USE_REMOVE = 1,
    MS_RMAP_USE_HVA_WALK = 2
};
/* [end of points] */

/* [end of declarations] */

#define MS_NONE UINT64_MAX

/* Announce a point; nothing is done without hooks. */
static inline void ms_announce(const ms_hooks *hooks, const ms_point *point)
{
    if (hooks && hooks->point)
        hooks->point(hooks->host, point);
}

/*
 * Block until until(argument) is not 0. Nothing runs between the moment it becomes true
 * and the return, so the code after it may rely on it. Without hooks it returns at once.
 * until must change nothing, announce nothing, and be given nothing on your stack.
 */
static inline void ms_wait(const ms_hooks *hooks, int (*until)(void *),
                           void *argument, const char *label)
{
    if (hooks && hooks->wait)
        hooks->wait(hooks->host, until, argument, label);
}

/*
 * With MS_GATED: what comes next may block this thread until another one goes on, as
 *
 *     ms_blocking(hooks, "the update lock");
 *     pthread_mutex_lock(&vm->lock);
 *     ms_unblocked(hooks);
 *
 * or synchronize_rcu() in place of the lock. Announce no point in between. Nothing else
 * is run after the second until this thread has its turn. Elsewhere both do nothing.
 */
static inline void ms_blocking(const ms_hooks *hooks, const char *label)
{
    if (hooks && hooks->size >= sizeof(*hooks) && hooks->blocking)
        hooks->blocking(hooks->host, label);
}

static inline void ms_unblocked(const ms_hooks *hooks)
{
    if (hooks && hooks->size >= sizeof(*hooks) && hooks->unblocked)
        hooks->unblocked(hooks->host);
}

static inline ms_point ms_point_of(uint32_t kind, uint32_t numbers)
{
    ms_point point;
    int i;

    point.kind = kind;
    point.numbers = numbers;
    for (i = 0; i < 8; i++)
        point.number[i] = 0;
    point.text = 0;
    point.list = 0;
    point.list_count = 0;
    point.slots = 0;
    point.slots_count = 0;
    point.attached = 0;
    point.attached_count = 0;
    return point;
}

/* One function for each kind of point. A handle is a number of your own. */

/* [functions: generated as the points are] */
static inline void ms_section_entering(const ms_hooks *hooks, uint64_t index)
{
    ms_point point = ms_point_of(MS_POINT_SECTION_ENTERING, 1);

    point.number[0] = index;
    ms_announce(hooks, &point);
}

static inline void ms_section_entered(const ms_hooks *hooks, uint64_t index)
{
    ms_point point = ms_point_of(MS_POINT_SECTION_ENTERED, 1);

    point.number[0] = index;
    ms_announce(hooks, &point);
}

static inline void ms_section_left(const ms_hooks *hooks, uint64_t index)
{
    ms_point point = ms_point_of(MS_POINT_SECTION_LEFT, 1);

    point.number[0] = index;
    ms_announce(hooks, &point);
}

static inline void ms_grace_period_begun(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_GRACE_PERIOD_BEGUN, 0);

    ms_announce(hooks, &point);
}

static inline void ms_index_flipped(const ms_hooks *hooks, uint64_t index)
{
    ms_point point = ms_point_of(MS_POINT_INDEX_FLIPPED, 1);

    point.number[0] = index;
    ms_announce(hooks, &point);
}

static inline void ms_grace_period_ended(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_GRACE_PERIOD_ENDED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_domain_destroyed(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_DOMAIN_DESTROYED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_slept(const ms_hooks *hooks, uint64_t for_page)
{
    ms_point point = ms_point_of(MS_POINT_SLEPT, 1);

    point.number[0] = for_page;
    ms_announce(hooks, &point);
}

static inline void ms_guest_entered(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_GUEST_ENTERED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_retried(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_RETRIED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_table_loaded(const ms_hooks *hooks, uint64_t table,
        uint64_t as_id)
{
    ms_point point = ms_point_of(MS_POINT_TABLE_LOADED, 2);

    point.number[0] = table;
    point.number[1] = as_id;
    ms_announce(hooks, &point);
}

static inline void ms_table_read(const ms_hooks *hooks, uint64_t table,
        const char *field)
{
    ms_point point = ms_point_of(MS_POINT_TABLE_READ, 1);

    point.number[0] = table;
    point.text = field;
    ms_announce(hooks, &point);
}

static inline void ms_table_written(const ms_hooks *hooks, uint64_t table,
        const char *field)
{
    ms_point point = ms_point_of(MS_POINT_TABLE_WRITTEN, 1);

    point.number[0] = table;
    point.text = field;
    ms_announce(hooks, &point);
}

static inline void ms_table_published(const ms_hooks *hooks, uint64_t table,
        const ms_slot *slots, uint64_t slots_count, uint64_t as_id,
        const ms_attached *attached, uint64_t attached_count)
{
    ms_point point = ms_point_of(MS_POINT_TABLE_PUBLISHED, 2);

    point.number[0] = table;
    point.number[1] = as_id;
    point.slots = slots;
    point.slots_count = slots_count;
    point.attached = attached;
    point.attached_count = attached_count;
    ms_announce(hooks, &point);
}

static inline void ms_table_reclaimed(const ms_hooks *hooks, uint64_t table)
{
    ms_point point = ms_point_of(MS_POINT_TABLE_RECLAIMED, 1);

    point.number[0] = table;
    ms_announce(hooks, &point);
}

static inline void ms_update_locked(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_UPDATE_LOCKED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_update_unlocked(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_UPDATE_UNLOCKED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_arch_locked(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_ARCH_LOCKED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_arch_unlocked(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_ARCH_UNLOCKED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_mmu_locked(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_MMU_LOCKED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_mmu_unlocked(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_MMU_UNLOCKED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_shadow_page_created(const ms_hooks *hooks, uint64_t page,
        uint64_t gfn, uint64_t direct, uint64_t capacity, const uint64_t *slot_ids,
        uint64_t slot_ids_count, uint64_t npages, uint64_t as_id, uint64_t root)
{
    ms_point point = ms_point_of(MS_POINT_SHADOW_PAGE_CREATED, 7);

    point.number[0] = page;
    point.number[1] = gfn;
    point.number[2] = direct;
    point.number[3] = capacity;
    point.number[4] = npages;
    point.number[5] = as_id;
    point.number[6] = root;
    point.list = slot_ids;
    point.list_count = slot_ids_count;
    ms_announce(hooks, &point);
}

static inline void ms_shadow_page_zapped(const ms_hooks *hooks, uint64_t page)
{
    ms_point point = ms_point_of(MS_POINT_SHADOW_PAGE_ZAPPED, 1);

    point.number[0] = page;
    ms_announce(hooks, &point);
}

static inline void ms_slot_bit_set(const ms_hooks *hooks, uint64_t page,
        uint64_t slot_id)
{
    ms_point point = ms_point_of(MS_POINT_SLOT_BIT_SET, 2);

    point.number[0] = page;
    point.number[1] = slot_id;
    ms_announce(hooks, &point);
}

static inline void ms_spte_mapped(const ms_hooks *hooks, uint64_t page, uint64_t index,
        uint64_t gfn, uint64_t level, uint64_t writable, uint64_t hva, uint64_t table,
        uint64_t as_id)
{
    ms_point point = ms_point_of(MS_POINT_SPTE_MAPPED, 8);

    point.number[0] = page;
    point.number[1] = index;
    point.number[2] = gfn;
    point.number[3] = level;
    point.number[4] = writable;
    point.number[5] = hva;
    point.number[6] = table;
    point.number[7] = as_id;
    ms_announce(hooks, &point);
}

static inline void ms_spte_removed(const ms_hooks *hooks, uint64_t page,
        uint64_t index)
{
    ms_point point = ms_point_of(MS_POINT_SPTE_REMOVED, 2);

    point.number[0] = page;
    point.number[1] = index;
    ms_announce(hooks, &point);
}

static inline void ms_spte_updated(const ms_hooks *hooks, uint64_t page,
        uint64_t index, uint64_t writable, uint64_t dirty, uint64_t other_page)
{
    ms_point point = ms_point_of(MS_POINT_SPTE_UPDATED, 5);

    point.number[0] = page;
    point.number[1] = index;
    point.number[2] = writable;
    point.number[3] = dirty;
    point.number[4] = other_page;
    ms_announce(hooks, &point);
}

static inline void ms_rmap_indexed(const ms_hooks *hooks, uint64_t use,
        uint64_t slot_id, uint64_t base, uint64_t level, uint64_t gfn, uint64_t index,
        uint64_t as_id)
{
    ms_point point = ms_point_of(MS_POINT_RMAP_INDEXED, 7);

    point.number[0] = use;
    point.number[1] = slot_id;
    point.number[2] = base;
    point.number[3] = level;
    point.number[4] = gfn;
    point.number[5] = index;
    point.number[6] = as_id;
    ms_announce(hooks, &point);
}

static inline void ms_rmap_added(const ms_hooks *hooks, uint64_t page, uint64_t index,
        uint64_t slot_id, uint64_t level, uint64_t rmap_index, uint64_t as_id)
{
    ms_point point = ms_point_of(MS_POINT_RMAP_ADDED, 6);

    point.number[0] = page;
    point.number[1] = index;
    point.number[2] = slot_id;
    point.number[3] = level;
    point.number[4] = rmap_index;
    point.number[5] = as_id;
    ms_announce(hooks, &point);
}

static inline void ms_rmap_removed(const ms_hooks *hooks, uint64_t page,
        uint64_t index, uint64_t slot_id, uint64_t level, uint64_t rmap_index,
        uint64_t as_id)
{
    ms_point point = ms_point_of(MS_POINT_RMAP_REMOVED, 6);

    point.number[0] = page;
    point.number[1] = index;
    point.number[2] = slot_id;
    point.number[3] = level;
    point.number[4] = rmap_index;
    point.number[5] = as_id;
    ms_announce(hooks, &point);
}

static inline void ms_rmaps_counted(const ms_hooks *hooks, uint64_t count)
{
    ms_point point = ms_point_of(MS_POINT_RMAPS_COUNTED, 1);

    point.number[0] = count;
    ms_announce(hooks, &point);
}

static inline void ms_flushed(const ms_hooks *hooks, uint64_t slot_id)
{
    ms_point point = ms_point_of(MS_POINT_FLUSHED, 1);

    point.number[0] = slot_id;
    ms_announce(hooks, &point);
}

static inline void ms_roots_invalidated(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_ROOTS_INVALIDATED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_root_granted(const ms_hooks *hooks, uint64_t gfn, uint64_t table)
{
    ms_point point = ms_point_of(MS_POINT_ROOT_GRANTED, 2);

    point.number[0] = gfn;
    point.number[1] = table;
    ms_announce(hooks, &point);
}

static inline void ms_invalidation_begun(const ms_hooks *hooks, uint64_t start,
        uint64_t end)
{
    ms_point point = ms_point_of(MS_POINT_INVALIDATION_BEGUN, 2);

    point.number[0] = start;
    point.number[1] = end;
    ms_announce(hooks, &point);
}

static inline void ms_invalidation_ended(const ms_hooks *hooks, uint64_t start,
        uint64_t end)
{
    ms_point point = ms_point_of(MS_POINT_INVALIDATION_ENDED, 2);

    point.number[0] = start;
    point.number[1] = end;
    ms_announce(hooks, &point);
}

static inline void ms_tlb_flushed(const ms_hooks *hooks)
{
    ms_point point = ms_point_of(MS_POINT_TLB_FLUSHED, 0);

    ms_announce(hooks, &point);
}

static inline void ms_host_page_found(const ms_hooks *hooks, uint64_t hva,
        uint64_t npages)
{
    ms_point point = ms_point_of(MS_POINT_HOST_PAGE_FOUND, 2);

    point.number[0] = hva;
    point.number[1] = npages;
    ms_announce(hooks, &point);
}

static inline void ms_host_page_dirtied(const ms_hooks *hooks, uint64_t hva)
{
    ms_point point = ms_point_of(MS_POINT_HOST_PAGE_DIRTIED, 1);

    point.number[0] = hva;
    ms_announce(hooks, &point);
}

static inline void ms_metadata_allocated(const ms_hooks *hooks, uint64_t metadata,
        uint64_t as_id, uint64_t slot_id, uint64_t base, uint64_t npages)
{
    ms_point point = ms_point_of(MS_POINT_METADATA_ALLOCATED, 5);

    point.number[0] = metadata;
    point.number[1] = as_id;
    point.number[2] = slot_id;
    point.number[3] = base;
    point.number[4] = npages;
    ms_announce(hooks, &point);
}

static inline void ms_metadata_freed(const ms_hooks *hooks, uint64_t metadata)
{
    ms_point point = ms_point_of(MS_POINT_METADATA_FREED, 1);

    point.number[0] = metadata;
    ms_announce(hooks, &point);
}

static inline void ms_bitmap_allocated(const ms_hooks *hooks, uint64_t bitmap,
        uint64_t as_id, uint64_t slot_id, uint64_t npages, uint64_t all_set)
{
    ms_point point = ms_point_of(MS_POINT_BITMAP_ALLOCATED, 5);

    point.number[0] = bitmap;
    point.number[1] = as_id;
    point.number[2] = slot_id;
    point.number[3] = npages;
    point.number[4] = all_set;
    ms_announce(hooks, &point);
}

static inline void ms_bitmap_freed(const ms_hooks *hooks, uint64_t bitmap)
{
    ms_point point = ms_point_of(MS_POINT_BITMAP_FREED, 1);

    point.number[0] = bitmap;
    ms_announce(hooks, &point);
}

static inline void ms_dirty_bit_set(const ms_hooks *hooks, uint64_t bitmap,
        uint64_t page)
{
    ms_point point = ms_point_of(MS_POINT_DIRTY_BIT_SET, 2);

    point.number[0] = bitmap;
    point.number[1] = page;
    ms_announce(hooks, &point);
}

static inline void ms_dirty_bits_cleared(const ms_hooks *hooks, uint64_t bitmap,
        const uint64_t *pages, uint64_t pages_count)
{
    ms_point point = ms_point_of(MS_POINT_DIRTY_BITS_CLEARED, 1);

    point.number[0] = bitmap;
    point.list = pages;
    point.list_count = pages_count;
    ms_announce(hooks, &point);
}

static inline void ms_generation_set(const ms_hooks *hooks, uint64_t table,
        uint64_t as_id, uint64_t generation, uint64_t in_progress)
{
    ms_point point = ms_point_of(MS_POINT_GENERATION_SET, 4);

    point.number[0] = table;
    point.number[1] = as_id;
    point.number[2] = generation;
    point.number[3] = in_progress;
    ms_announce(hooks, &point);
}

static inline void ms_caches_updated(const ms_hooks *hooks, uint64_t generation,
        uint64_t dropped)
{
    ms_point point = ms_point_of(MS_POINT_CACHES_UPDATED, 2);

    point.number[0] = generation;
    point.number[1] = dropped;
    ms_announce(hooks, &point);
}

static inline void ms_mmio_cached(const ms_hooks *hooks, uint64_t place, uint64_t gfn,
        uint64_t as_id, uint64_t generation, uint64_t table, uint64_t bits)
{
    ms_point point = ms_point_of(MS_POINT_MMIO_CACHED, 6);

    point.number[0] = place;
    point.number[1] = gfn;
    point.number[2] = as_id;
    point.number[3] = generation;
    point.number[4] = table;
    point.number[5] = bits;
    ms_announce(hooks, &point);
}

static inline void ms_mmio_hit(const ms_hooks *hooks, uint64_t place, uint64_t gfn,
        uint64_t as_id, uint64_t table)
{
    ms_point point = ms_point_of(MS_POINT_MMIO_HIT, 4);

    point.number[0] = place;
    point.number[1] = gfn;
    point.number[2] = as_id;
    point.number[3] = table;
    ms_announce(hooks, &point);
}

static inline void ms_pfn_cache_valid(const ms_hooks *hooks, uint64_t cache,
        uint64_t hva)
{
    ms_point point = ms_point_of(MS_POINT_PFN_CACHE_VALID, 2);

    point.number[0] = cache;
    point.number[1] = hva;
    ms_announce(hooks, &point);
}

/* [end of functions] */

/* What the library exports. */
const ms_operations *memslots_target(void);

#ifdef __cplusplus
}
#endif

#endif
