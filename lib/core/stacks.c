/* SPDX-License-Identifier: MIT */
/* A slab is address space for TR_STACKS_PER_SLAB times a guard with a stack above it; the records
 * of the stacks are memory of their own, so that an idle stack need not have any.
 *
 *     slab:   | guard | stack 0 | guard | stack 1 | ...
 *
 * A stack is guarded when it is taken for the first time: until then it is raw. An idle one is warm
 * or cold, that is, with or without the pages it has touched. Whoever takes or gives back many at a
 * time moves them in a chain, and calls the kernel outside the lock. */
#include "core/stacks.h"

#include "base/assert.h"
#include "base/memory.h"
#include "base/thread.h"
#include "core/limits.h"
#include "core/sanitizers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux 6.13; Debian 12's headers do not know it. */
#define ADVICE_GUARD_INSTALL 102

#define GUARD_SIZE_DEFAULT (UINT32_C(64) << 10)
#define KERNEL_MAPPINGS_DEFAULT 65530
#define MAPPINGS_PER_PROTECTED_STACK 2

enum place {
    RAW,
    WARM,
    COLD,
    CACHED,
    TAKEN
};

struct tr_stack {
    tr_stack *next; /* in its chain */
    void *owner;    /* the taker's affair */
    char *bottom;
    size_t size;
    tr_stack_marks marks; /* unless RAW */
    enum place place;
};

/* Last in, first out. */
struct chain {
    tr_stack *first;
    uint32_t count;
};

/* Does not change once it can be found. */
struct slab {
    struct slab *next;
    char *memory;
    tr_stack stacks[TR_STACKS_PER_SLAB];
};

struct tr_stacks {
    const troupe_allocator *allocator; /* borrowed */
    size_t size;                       /* of each stack */
    size_t guard_size;
    uint32_t warm_limit;
    uint32_t mappings_limit;
    bool has_guard_regions;

    /* Written under the mutex; pairs with the load in tr_stacks_find, which then sees a whole
     * slab. */
    _Atomic(struct slab *) slabs;

    tr_mutex mutex; /* guards what follows */
    struct chain raw;
    struct chain warm;
    struct chain cold;
    uint32_t guarded;
    uint32_t mappings;
};

static void chain_push(struct chain *chain, tr_stack *stack, enum place place)
{
    stack->place = place;
    stack->next = chain->first;
    chain->first = stack;
    chain->count++;
}

static tr_stack *chain_pop(struct chain *chain)
{
    tr_stack *stack = chain->first;
    if (stack != NULL) {
        chain->first = stack->next;
        stack->next = NULL;
        chain->count--;
    }
    return stack;
}

static void chain_move(struct chain *from, struct chain *to, uint32_t count_max, enum place place)
{
    for (uint32_t i = 0; i < count_max && from->count > 0; i++) {
        chain_push(to, chain_pop(from), place);
    }
}

static size_t stride_of(const tr_stacks *stacks)
{
    return stacks->guard_size + stacks->size;
}

static size_t slab_size_of(const tr_stacks *stacks)
{
    return stride_of(stacks) * TR_STACKS_PER_SLAB;
}

/* Memory that is not yet to be had is no reason to refuse address space; and pages are to be small:
 * one huge page would make hundreds of untouched stacks resident. */
static char *map_slab(size_t size, bool has_guard_regions)
{
    const int protection = has_guard_regions ? PROT_READ | PROT_WRITE : PROT_NONE;
    char *memory = mmap(NULL, size, protection,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }

    (void) madvise(memory, size, MADV_NOHUGEPAGE); /* a kernel without huge pages refuses */
    return memory;
}

/* Asks the kernel by doing it, on a mapping like a slab: a program that locks its memory has no
 * guard regions either. */
static bool can_install_guards(size_t page_size)
{
    char *memory = map_slab(page_size, true);
    if (memory == NULL) {
        return false;
    }

    const bool can = madvise(memory, page_size, ADVICE_GUARD_INSTALL) == 0;
    (void) munmap(memory, page_size); /* whole mappings can always be unmapped */
    return can;
}

static uint32_t kernel_mappings_limit(void)
{
    const int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return KERNEL_MAPPINGS_DEFAULT;
    }
    char text[32];
    const ssize_t size = read(fd, text, sizeof text - 1);
    (void) close(fd); /* only read */
    if (size <= 0) {
        return KERNEL_MAPPINGS_DEFAULT;
    }

    text[size] = '\0';
    char *end = NULL;
    const unsigned long limit = strtoul(text, &end, 10);
    return end != text && limit > 0 && limit <= UINT32_MAX ? (uint32_t) limit
                                                           : KERNEL_MAPPINGS_DEFAULT;
}

static size_t round_up(size_t size, size_t page_size)
{
    return (size + page_size - 1) / page_size * page_size;
}

static bool has_room_for(const tr_stacks *stacks, uint32_t mappings)
{
    return mappings <= stacks->mappings_limit &&
           stacks->mappings <= stacks->mappings_limit - mappings;
}

static troupe_error add_slab(tr_stacks *stacks)
{
    if (!has_room_for(stacks, 1)) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    char *memory = map_slab(slab_size_of(stacks), stacks->has_guard_regions);
    if (memory == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    struct slab *slab = tr_allocate(stacks->allocator, sizeof *slab);
    if (slab == NULL) {
        (void) munmap(memory, slab_size_of(stacks)); /* whole mappings can always be unmapped */
        return TROUPE_ERROR_NO_MEMORY;
    }

    slab->memory = memory;
    slab->next = atomic_load_explicit(&stacks->slabs, memory_order_relaxed); /* under the mutex */
    for (size_t i = TR_STACKS_PER_SLAB; i > 0; i--) {
        tr_stack *stack = &slab->stacks[i - 1];
        stack->bottom = memory + (i - 1) * stride_of(stacks) + stacks->guard_size;
        stack->size = stacks->size;
        chain_push(&stacks->raw, stack, RAW);
    }
    stacks->mappings++;
    atomic_store(&stacks->slabs, slab); /* pairs with the load in tr_stacks_find */
    return TROUPE_OK;
}

static uint32_t mappings_per_stack(const tr_stacks *stacks)
{
    return stacks->has_guard_regions ? 0 : MAPPINGS_PER_PROTECTED_STACK;
}

/* A raw stack, its mappings already counted. */
static troupe_error pop_raw(tr_stacks *stacks, tr_stack **out_stack)
{
    if (stacks->raw.count == 0) {
        const troupe_error error = add_slab(stacks);
        if (error) {
            return error;
        }
    }
    if (!has_room_for(stacks, mappings_per_stack(stacks))) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }

    stacks->mappings += mappings_per_stack(stacks);
    stacks->guarded++;
    *out_stack = chain_pop(&stacks->raw);
    TR_ASSERT(*out_stack != NULL);
    return TROUPE_OK;
}

/* Outside the lock; the stack is the caller's alone. */
static troupe_error guard(const tr_stacks *stacks, tr_stack *stack)
{
    if (stacks->has_guard_regions) {
        if (madvise(stack->bottom - stacks->guard_size, stacks->guard_size, ADVICE_GUARD_INSTALL) !=
            0) {
            return TROUPE_ERROR_NO_MEMORY;
        }
    } else if (mprotect(stack->bottom, stack->size, PROT_READ | PROT_WRITE) != 0) {
        /* The process has other mappings than ours. */
        return errno == ENOMEM ? TROUPE_ERROR_LIMIT_REACHED : TROUPE_ERROR_NO_MEMORY;
    }
    tr_stack_marks_init(&stack->marks, stack->bottom, stack->size);
    return TROUPE_OK;
}

/* Half a cache of idle stacks, or one new one. */
static troupe_error refill(tr_stack_cache *cache)
{
    tr_stacks *stacks = cache->stacks;
    struct chain chain = {.first = NULL, .count = 0};
    tr_stack *raw = NULL;
    troupe_error error = TROUPE_OK;

    tr_mutex_lock(&stacks->mutex);
    struct chain *idle = stacks->warm.count > 0 ? &stacks->warm : &stacks->cold;
    chain_move(idle, &chain, TR_STACK_CACHE_CAPACITY / 2, CACHED);
    if (chain.count == 0) {
        error = pop_raw(stacks, &raw);
    }
    tr_mutex_unlock(&stacks->mutex);

    if (raw != NULL) {
        error = guard(stacks, raw);
        if (error) {
            tr_mutex_lock(&stacks->mutex);
            chain_push(&stacks->raw, raw, RAW);
            stacks->guarded--;
            stacks->mappings -= mappings_per_stack(stacks);
            tr_mutex_unlock(&stacks->mutex);
            return error;
        }
        chain_push(&chain, raw, CACHED);
    }
    cache->first = chain.first;
    cache->count = chain.count;
    return error;
}

/* Takes all of `chain`: what finds no place among the warm becomes cold. */
static void put(tr_stacks *stacks, struct chain *chain)
{
    tr_mutex_lock(&stacks->mutex);
    if (stacks->warm.count < stacks->warm_limit) {
        chain_move(chain, &stacks->warm, stacks->warm_limit - stacks->warm.count, WARM);
    }
    tr_mutex_unlock(&stacks->mutex);
    if (chain->count == 0) {
        return;
    }

    for (const tr_stack *stack = chain->first; stack != NULL; stack = stack->next) {
        /* Refused in a program that locks its memory: then the pages stay, as it wishes. */
        (void) madvise(stack->bottom, stack->size, MADV_DONTNEED);
    }
    tr_mutex_lock(&stacks->mutex);
    chain_move(chain, &stacks->cold, chain->count, COLD);
    tr_mutex_unlock(&stacks->mutex);
}

/* The cache keeps those given back last, which are in the processor's caches. */
static void spill(tr_stack_cache *cache, uint32_t keep)
{
    tr_stack **end = &cache->first;
    for (uint32_t i = 0; i < keep; i++) {
        end = &(*end)->next;
    }

    struct chain rest = {.first = *end, .count = cache->count - keep};
    *end = NULL;
    cache->count = keep;
    put(cache->stacks, &rest);
}

troupe_error tr_stacks_create(const troupe_allocator *allocator, const tr_stacks_options *options,
                              tr_stacks **out_stacks)
{
    const tr_stacks_options defaults = {.stack_size = 0};
    const tr_stacks_options *chosen = options != NULL ? options : &defaults;
    tr_stacks *stacks = tr_allocate(allocator, sizeof *stacks);
    if (stacks == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }

    const size_t page_size = (size_t) sysconf(_SC_PAGESIZE);
    const size_t size = chosen->stack_size > 0 ? chosen->stack_size : TR_STACK_SIZE_DEFAULT;
    const size_t guard_size = chosen->guard_size > 0 ? chosen->guard_size : GUARD_SIZE_DEFAULT;
    stacks->allocator = allocator;
    stacks->size = round_up(size, page_size);
    stacks->guard_size = round_up(guard_size, page_size);
    stacks->warm_limit = chosen->warm_limit > 0 ? chosen->warm_limit : TR_STACKS_WARM_LIMIT_DEFAULT;
    const uint32_t kernel_limit = kernel_mappings_limit();
    stacks->mappings_limit =
        chosen->mappings_limit > 0 ? chosen->mappings_limit : kernel_limit - kernel_limit / 8;
    stacks->has_guard_regions =
        chosen->guard == TR_STACKS_GUARD_REGION ||
        (chosen->guard == TR_STACKS_GUARD_AUTOMATIC && can_install_guards(page_size));
    atomic_init(&stacks->slabs, NULL);
    tr_mutex_init(&stacks->mutex);
    *out_stacks = stacks;
    return TROUPE_OK;
}

void tr_stacks_destroy(tr_stacks **stacks)
{
    tr_stacks *old = *stacks;
    *stacks = NULL;
    if (old == NULL) {
        return;
    }

    struct slab *slab = atomic_load_explicit(&old->slabs, memory_order_relaxed); /* no one else */
    while (slab != NULL) {
        struct slab *next = slab->next;
        for (size_t i = 0; i < TR_STACKS_PER_SLAB; i++) {
            tr_stack *stack = &slab->stacks[i];
            if (stack->place != RAW) {
                tr_stack_marks_fini(&stack->marks, stack->bottom, stack->size);
            }
        }
        (void) munmap(slab->memory, slab_size_of(old)); /* whole mappings can always be unmapped */
        tr_free(old->allocator, slab, sizeof *slab);
        slab = next;
    }
    tr_mutex_fini(&old->mutex);
    tr_free(old->allocator, old, sizeof *old);
}

tr_stack *tr_stacks_find(const tr_stacks *stacks, const void *address)
{
    /* Pairs with the store in add_slab. */
    struct slab *slab = atomic_load(&stacks->slabs);
    for (; slab != NULL; slab = slab->next) {
        const uintptr_t offset = (uintptr_t) address - (uintptr_t) slab->memory;
        if (offset < slab_size_of(stacks)) {
            return &slab->stacks[offset / stride_of(stacks)];
        }
    }
    return NULL;
}

bool tr_stacks_has_guard_regions(const tr_stacks *stacks)
{
    return stacks->has_guard_regions;
}

tr_stacks_counts tr_stacks_count(tr_stacks *stacks)
{
    tr_mutex_lock(&stacks->mutex);
    const tr_stacks_counts counts = {
        .guarded = stacks->guarded,
        .warm = stacks->warm.count,
        .cold = stacks->cold.count,
        .mappings = stacks->mappings,
    };
    tr_mutex_unlock(&stacks->mutex);
    return counts;
}

static bool chain_is_sound(const struct chain *chain, enum place place)
{
    uint32_t count = 0;
    for (const tr_stack *stack = chain->first; stack != NULL; stack = stack->next) {
        if (stack->place != place || stack->owner != NULL || count == chain->count) {
            return false;
        }
        count++;
    }
    return count == chain->count;
}

bool tr_stacks_is_sound(tr_stacks *stacks)
{
    tr_mutex_lock(&stacks->mutex);
    uint32_t slab_count = 0;
    /* Under the mutex. */
    const struct slab *slab = atomic_load_explicit(&stacks->slabs, memory_order_relaxed);
    for (; slab != NULL; slab = slab->next) {
        slab_count++;
    }
    const bool is_sound =
        chain_is_sound(&stacks->raw, RAW) && chain_is_sound(&stacks->warm, WARM) &&
        chain_is_sound(&stacks->cold, COLD) && stacks->warm.count <= stacks->warm_limit &&
        stacks->warm.count + stacks->cold.count <= stacks->guarded &&
        stacks->guarded + stacks->raw.count == slab_count * TR_STACKS_PER_SLAB &&
        stacks->mappings == slab_count + stacks->guarded * mappings_per_stack(stacks) &&
        stacks->mappings <= stacks->mappings_limit;
    tr_mutex_unlock(&stacks->mutex);
    return is_sound;
}

void tr_stack_cache_init(tr_stack_cache *cache, tr_stacks *stacks)
{
    *cache = (tr_stack_cache) {.stacks = stacks};
}

void tr_stack_cache_fini(tr_stack_cache *cache)
{
    if (cache->stacks != NULL) {
        spill(cache, 0);
        cache->stacks = NULL;
    }
}

troupe_error tr_stack_cache_take(tr_stack_cache *cache, tr_stack **out_stack)
{
    if (cache->first == NULL) {
        const troupe_error error = refill(cache);
        if (error) {
            return error;
        }
    }

    tr_stack *stack = cache->first;
    TR_ASSERT(stack->place == CACHED);
    cache->first = stack->next;
    cache->count--;
    stack->next = NULL;
    stack->place = TAKEN;
    *out_stack = stack;
    return TROUPE_OK;
}

void tr_stack_cache_give(tr_stack_cache *cache, tr_stack **stack)
{
    tr_stack *given = *stack;
    TR_ASSERT(given->place == TAKEN);
    if (cache->count == TR_STACK_CACHE_CAPACITY) {
        spill(cache, TR_STACK_CACHE_CAPACITY / 2);
    }

    given->owner = NULL;
    given->place = CACHED;
    given->next = cache->first;
    cache->first = given;
    cache->count++;
    *stack = NULL;
}

void *tr_stack_bottom(const tr_stack *stack)
{
    return stack->bottom;
}

size_t tr_stack_size(const tr_stack *stack)
{
    return stack->size;
}

bool tr_stack_guards(const tr_stack *stack, const void *address)
{
    return (const char *) address < stack->bottom;
}

void *tr_stack_owner(const tr_stack *stack)
{
    return stack->owner;
}

void tr_stack_set_owner(tr_stack *stack, void *owner)
{
    stack->owner = owner;
}

void *tr_stack_fiber(const tr_stack *stack)
{
    return stack->marks.fiber;
}
