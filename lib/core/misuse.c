/* SPDX-License-Identifier: MIT */
#include "core/misuse.h"

#include "base/log.h"
#include "core/actor.h"

#define LOGGED_MAX 10

/* Types that are counted one by one; the rest together. */
#define TYPES_MAX 16

static bool may_log(tr_system *system)
{
    /* Relaxed: a count. */
    return atomic_fetch_add_explicit(&system->misuses_logged, 1, memory_order_relaxed) < LOGGED_MAX;
}

static void complain(const troupe_self *self, const char *what)
{
    tr_system *system = self->actor->worker->system;
    if (may_log(system)) {
        tr_log_write(system->ports.log, TROUPE_LOG_ERROR,
                     "misuse: a call with the self of actor %u.%u %s; it is valid only within this "
                     "actor's own handler or body, on the thread that runs it",
                     self->actor->address.slot, self->actor->address.generation, what);
    }
}

void tr_misuse_note_unawaited(const tr_actor *actor, const char *what, const char *name)
{
    tr_system *system = actor->worker->system;
    if (system->options.is_debug != 0 && may_log(system)) {
        tr_log_write(system->ports.log, TROUPE_LOG_ERROR,
                     "misuse: actor %u.%u never waited for a %s%s%s that it had kept",
                     actor->address.slot, actor->address.generation, what,
                     name[0] != '\0' ? " " : "", name);
    }
}

void tr_misuse_check_thread(const troupe_self *self)
{
    const tr_actor *actor = self->actor;
    const tr_ports *ports = &actor->worker->system->ports;
    if (ports->is_caller != NULL && !ports->is_caller(ports->context, self)) {
        complain(self, "by a thread that does not run it");
        return;
    }
    const uint32_t turn = atomic_load_explicit(&actor->seat->slot, memory_order_relaxed);
    if (actor->worker->guard == NULL && turn != actor->address.slot) {
        complain(self, "in the turn of another");
    }
}

/* At the end. */

struct leak {
    const char *type_name;
    uint64_t count;
};

struct leaks {
    struct leak types[TYPES_MAX];
    uint64_t others;
    uint64_t count;
};

static void see(void *context, void *block)
{
    struct leaks *leaks = context;
    const char *name = troupe_message_type_name(block);
    leaks->count++;
    for (size_t i = 0; i < TYPES_MAX; i++) {
        struct leak *leak = &leaks->types[i];
        if (leak->count == 0 || leak->type_name == name) {
            leak->type_name = name;
            leak->count++;
            return;
        }
    }
    leaks->others++;
}

uint64_t tr_misuse_report_leaks(tr_ends *ends)
{
    struct leaks leaks = {.count = 0};
    for (uint32_t i = 0; i < ends->count; i++) {
        tr_pool_each_in_use(&ends->ends[i].worker->pool, see, &leaks);
    }
    const troupe_log *log = ends->system->ports.log;
    for (size_t i = 0; i < TYPES_MAX && leaks.types[i].count > 0; i++) {
        tr_log_write(log, TROUPE_LOG_ERROR,
                     "misuse: %llu messages of type %s were neither sent nor destroyed",
                     (unsigned long long) leaks.types[i].count, leaks.types[i].type_name);
    }
    if (leaks.others > 0) {
        tr_log_write(log, TROUPE_LOG_ERROR,
                     "misuse: %llu messages of other types were neither sent nor destroyed",
                     (unsigned long long) leaks.others);
    }
    return leaks.count;
}
