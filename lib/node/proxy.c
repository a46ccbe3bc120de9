/* SPDX-License-Identifier: MIT */
#include "node/proxy.h"

#include <stdio.h>
#include <string.h>
#include <troupe/attach.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "core/attached.h"
#include "core/task.h"
#include "node/outside.h"
#include "node/root.h"

/* Passes of the worker at the end of a call; then its own thread goes on. */
#define PASSES_MAX 16

/* One thread's one attachment. */
typedef struct tr_attachment {
    tr_list link;
    troupe_self *self;
    troupe_ref ref;
    uint64_t thread_id;
    tr_deaf deaf; /* under the list's mutex */
    char name[TR_NAME_MAX + 1];
} tr_attachment;

/* A thread that waits inside a call. */
struct waiter {
    tr_list link;
    tr_condition condition;
    bool (*is_over)(const void *context);
    const void *context;
};

struct tr_proxy {
    tr_guard guard;
    troupe_node *node;
    tr_worker *worker;
    tr_engine *engine;
    tr_thread_key ending; /* set in threads that are attached */
    tr_mutex mutex;
    _Atomic uint64_t owner; /* the thread inside; 0: none */
    /* Inside the guard. */
    uint32_t depth;
    tr_list waiters;
    tr_mutex list_mutex; /* taken inside the guard, or alone */
    tr_list attachments;
};

/* The guard. */

static tr_proxy *proxy_of(tr_guard *guard)
{
    return TR_CONTAINER_OF(guard, tr_proxy, guard);
}

static void take(tr_proxy *proxy, uint32_t depth)
{
    /* Relaxed: only the thread itself has to find its own number there. */
    atomic_store_explicit(&proxy->owner, tr_thread_id(), memory_order_relaxed);
    proxy->depth = depth;
    proxy->worker->now_ns = tr_node_now_ns(proxy->node);
}

static void enter(tr_guard *guard)
{
    tr_proxy *proxy = proxy_of(guard);
    if (atomic_load_explicit(&proxy->owner, memory_order_relaxed) == tr_thread_id()) {
        proxy->depth++;
        return;
    }
    tr_mutex_lock(&proxy->mutex);
    take(proxy, 1);
}

/* Does what the call has brought about. */
static void settle(tr_proxy *proxy)
{
    bool has_more = true;
    for (unsigned i = 0; i < PASSES_MAX && has_more; i++) {
        has_more = tr_worker_pass(proxy->worker);
    }
    tr_engine_look_again(proxy->engine, has_more);
}

static void leave(tr_guard *guard)
{
    tr_proxy *proxy = proxy_of(guard);
    if (--proxy->depth > 0) {
        return;
    }
    if (!tr_engine_is_current(proxy->engine)) {
        settle(proxy);
    }
    atomic_store_explicit(&proxy->owner, 0, memory_order_relaxed);
    tr_mutex_unlock(&proxy->mutex);
}

static bool wait_until(tr_guard *guard, bool (*is_over)(const void *context), const void *context)
{
    tr_proxy *proxy = proxy_of(guard);
    const uint32_t depth = proxy->depth;
    struct waiter waiter = {.is_over = is_over, .context = context};
    settle(proxy);
    if (is_over(context)) {
        return true;
    }
    tr_condition_init(&waiter.condition);
    tr_list_push_back(&proxy->waiters, &waiter.link);
    while (!is_over(context) && !tr_engine_is_at_rest(proxy->engine)) {
        atomic_store_explicit(&proxy->owner, 0, memory_order_relaxed);
        tr_condition_wait(&waiter.condition, &proxy->mutex);
        take(proxy, depth);
    }
    tr_list_remove(&waiter.link);
    tr_condition_fini(&waiter.condition);
    return is_over(context);
}

static void wake(tr_guard *guard)
{
    tr_proxy *proxy = proxy_of(guard);
    const bool is_ending = tr_engine_is_at_rest(proxy->engine);
    for (tr_list *at = proxy->waiters.next; at != &proxy->waiters; at = at->next) {
        struct waiter *waiter = TR_CONTAINER_OF(at, struct waiter, link);
        if (is_ending || waiter->is_over(waiter->context)) {
            tr_condition_broadcast(&waiter->condition);
        }
    }
}

/* Making and freeing. */

static void detach_all_of_thread(void *context);

static void free_proxy(troupe_node *node, tr_proxy *proxy)
{
    tr_mutex_fini(&proxy->list_mutex);
    tr_mutex_fini(&proxy->mutex);
    tr_free(&node->settings.allocator, proxy, sizeof *proxy);
}

/* Under the node's mutex. */
static troupe_error make(troupe_node *node, tr_proxy **out_proxy)
{
    tr_proxy *proxy = tr_allocate(&node->settings.allocator, sizeof *proxy);
    TR_REQUIRE(proxy != NULL, NO_MEMORY);
    const uint32_t index = node->settings.system.workers;
    *proxy = (tr_proxy) {
        .guard = {.enter = enter, .leave = leave, .wait = wait_until, .wake = wake},
        .node = node,
        .worker = tr_ends_worker(&node->ends, index),
    };
    tr_mutex_init(&proxy->mutex);
    tr_mutex_init(&proxy->list_mutex);
    tr_list_init(&proxy->waiters);
    tr_list_init(&proxy->attachments);
    troupe_error error = tr_thread_key_create(&proxy->ending, detach_all_of_thread);
    if (error) {
        free_proxy(node, proxy);
        return error;
    }
    tr_mutex_lock(&proxy->mutex); /* the engine's thread is not to look before all is there */
    error = tr_outside_start_guarded(node, index, &proxy->guard, &proxy->engine);
    tr_mutex_unlock(&proxy->mutex);
    if (error) {
        tr_thread_key_delete(&proxy->ending);
        free_proxy(node, proxy);
        return error;
    }
    *out_proxy = proxy;
    return TROUPE_OK;
}

static troupe_error get_proxy(troupe_node *node, tr_proxy **out_proxy)
{
    tr_mutex_lock(&node->mutex);
    troupe_error error = TROUPE_OK;
    if (node->phase != TR_NODE_RUNNING || node->is_stop_wanted) {
        error = node->phase == TR_NODE_MADE ? TROUPE_ERROR_BAD_ARGUMENT : TROUPE_ERROR_STOPPING;
    } else if (node->proxy == NULL) {
        error = make(node, &node->proxy);
    }
    *out_proxy = node->proxy;
    tr_mutex_unlock(&node->mutex);
    return error;
}

void tr_proxy_destroy(troupe_node *node)
{
    tr_proxy *proxy = node->proxy;
    if (proxy != NULL) {
        TR_ASSERT(tr_list_is_empty(&proxy->attachments));
        node->proxy = NULL;
        tr_thread_key_delete(&proxy->ending);
        free_proxy(node, proxy);
    }
}

uint32_t tr_proxy_report_attached(troupe_node *node)
{
    tr_proxy *proxy = node->proxy;
    uint32_t count = 0;
    if (proxy == NULL) {
        return 0;
    }
    enter(&proxy->guard);
    for (const tr_list *at = proxy->attachments.next; at != &proxy->attachments; at = at->next) {
        const tr_attachment *attachment = TR_CONTAINER_OF_CONST(at, tr_attachment, link);
        tr_log_write(&node->settings.log, TROUPE_LOG_ERROR,
                     "node '%s': thread %llu is still attached as '%s'", node->settings.name,
                     (unsigned long long) attachment->thread_id, attachment->name);
        count++;
    }
    leave(&proxy->guard);
    return count;
}

/* Those who have stopped receiving. */

static tr_proxy *proxy_if_any(troupe_node *node)
{
    tr_mutex_lock(&node->mutex);
    tr_proxy *proxy = node->proxy; /* from the first attachment to the node's end */
    tr_mutex_unlock(&node->mutex);
    return proxy;
}

/* Inside the guard. */
static tr_deaf_view view_of(const tr_attachment *attachment)
{
    const tr_actor *actor = attachment->self->actor;
    const tr_task *task = attachment->self->task;
    tr_deaf_view view = {.received = task->received,
                         .messages = actor->queued,
                         .is_receiving = task->wait == TROUPE_WAIT_MESSAGE,
                         .is_waiting = task->wait != TROUPE_WAIT_NOTHING};
    for (const troupe_message *at = actor->line.head; at != NULL; at = at->next) {
        view.senders++;
    }
    return view;
}

static tr_deaf_thread thread_of(const tr_attachment *attachment)
{
    tr_deaf_thread thread = {.thread_id = attachment->thread_id,
                             .ref = attachment->ref,
                             .view = attachment->deaf.view,
                             .since_ns = attachment->deaf.since_ns};
    memcpy(thread.name, attachment->name, sizeof thread.name);
    return thread;
}

bool tr_proxy_find_deaf(troupe_node *node, uint64_t limit_ns, tr_deaf_thread *out_thread)
{
    tr_proxy *proxy = proxy_if_any(node);
    bool is_found = false;
    /* Tried only: who is inside may be held up by code of the user's, and the watchdog is not. */
    if (proxy == NULL || !tr_mutex_try_lock(&proxy->mutex)) {
        return false;
    }
    const uint64_t now_ns = tr_node_now_ns(node);
    tr_mutex_lock(&proxy->list_mutex);
    for (tr_list *at = proxy->attachments.next; at != &proxy->attachments && !is_found;
         at = at->next) {
        tr_attachment *attachment = TR_CONTAINER_OF(at, tr_attachment, link);
        const tr_deaf_view view = view_of(attachment);
        is_found = tr_deaf_look(&attachment->deaf, &view, now_ns, limit_ns);
        if (is_found) {
            *out_thread = thread_of(attachment);
        }
    }
    tr_mutex_unlock(&proxy->list_mutex);
    tr_mutex_unlock(&proxy->mutex);
    return is_found;
}

void tr_proxy_each_deaf(troupe_node *node,
                        void (*tell)(void *context, const tr_deaf_thread *thread), void *context)
{
    tr_proxy *proxy = proxy_if_any(node);
    if (proxy == NULL) {
        return;
    }
    tr_mutex_lock(&proxy->list_mutex);
    for (const tr_list *at = proxy->attachments.next; at != &proxy->attachments; at = at->next) {
        const tr_attachment *attachment = TR_CONTAINER_OF_CONST(at, tr_attachment, link);
        if (attachment->deaf.is_told) {
            const tr_deaf_thread thread = thread_of(attachment);
            tell(context, &thread);
        }
    }
    tr_mutex_unlock(&proxy->list_mutex);
}

/* Attaching. */

static tr_attachment *find(tr_proxy *proxy, const troupe_self *self, uint64_t thread_id)
{
    for (tr_list *at = proxy->attachments.next; at != &proxy->attachments; at = at->next) {
        tr_attachment *attachment = TR_CONTAINER_OF(at, tr_attachment, link);
        if (attachment->thread_id == thread_id && (self == NULL || attachment->self == self)) {
            return attachment;
        }
    }
    return NULL;
}

/* The thread's end is nothing to this proxy, which may be gone by then, unless it is attached.
 * Inside. */
static void forget_end_unless_attached(tr_proxy *proxy)
{
    if (find(proxy, NULL, tr_thread_id()) == NULL) {
        (void) tr_thread_key_set(&proxy->ending, NULL); /* setting to none cannot fail */
    }
}

static troupe_error spawn(troupe_node *node, const troupe_attach_options *options,
                          troupe_ref *out_ref)
{
    const troupe_spawn_options spawn = {
        .size = sizeof spawn,
        .name = options->name,
        .body = tr_attached_body,
        .mailbox_bytes = options->mailbox_bytes,
        .reply_bytes = options->reply_bytes,
        .on_full = options->on_full,
        .mailbox_capacity = options->mailbox_capacity,
        .asks_max = options->asks_max,
        .timers_max = options->timers_max,
        .monitors_max = options->monitors_max,
    };
    return troupe_node_spawn(node, &spawn, out_ref);
}

/* The thread is the actor's code from here on. Errors: STOPPING: it was told to end before. */
static troupe_error enlist(tr_proxy *proxy, tr_attachment *attachment, const char *name,
                           troupe_ref ref)
{
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    attachment->thread_id = tr_thread_id();
    (void) snprintf(attachment->name, sizeof attachment->name, "%s", name != NULL ? name : "");
    enter(&proxy->guard);
    tr_actor *actor = tr_actor_at(proxy->worker, address);
    if (actor == NULL || !actor->is_attached) {
        leave(&proxy->guard);
        return TROUPE_ERROR_STOPPING;
    }
    actor->has_thread = true;
    attachment->self = &actor->task->self;
    attachment->ref = ref;
    tr_mutex_lock(&proxy->list_mutex);
    tr_list_push_back(&proxy->attachments, &attachment->link);
    tr_mutex_unlock(&proxy->list_mutex);
    leave(&proxy->guard);
    return TROUPE_OK;
}

troupe_error troupe_attach(troupe_node *node, const troupe_attach_options *options,
                           troupe_self **out_self)
{
    TR_CHECK_NODE(node);
    TR_REQUIRE(node != NULL && out_self != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_node_is_forked(node), FORKED);
    troupe_attach_options known;
    TR_REQUIRE(tr_options_read(&known, sizeof known, options), BAD_ARGUMENT);
    tr_proxy *proxy = NULL;
    troupe_error error = get_proxy(node, &proxy);
    if (error) {
        return error;
    }
    tr_attachment *attachment = tr_allocate(&node->settings.allocator, sizeof *attachment);
    TR_REQUIRE(attachment != NULL, NO_MEMORY);
    tr_list_init(&attachment->link);
    troupe_ref ref;
    error = tr_thread_key_set(&proxy->ending, proxy);
    if (!error) {
        error = spawn(node, &known, &ref);
    }
    error = error ? error : enlist(proxy, attachment, known.name, ref);
    if (error) {
        enter(&proxy->guard);
        forget_end_unless_attached(proxy);
        leave(&proxy->guard);
        tr_free(&node->settings.allocator, attachment, sizeof *attachment);
        return error;
    }
    *out_self = attachment->self;
    return TROUPE_OK;
}

/* Inside. */

bool tr_proxy_is_caller(const troupe_self *self)
{
    tr_proxy *proxy = proxy_of(self->actor->worker->guard);
    enter(&proxy->guard);
    const bool is_caller = find(proxy, self, tr_thread_id()) != NULL;
    leave(&proxy->guard);
    return is_caller;
}

static void detach(tr_proxy *proxy, tr_attachment *attachment)
{
    tr_mutex_lock(&proxy->list_mutex);
    tr_list_remove(&attachment->link);
    tr_mutex_unlock(&proxy->list_mutex);
    tr_attached_detach(proxy->worker, attachment->self->actor);
    tr_free(&proxy->node->settings.allocator, attachment, sizeof *attachment);
}

/* The thread ends. */
static void detach_all_of_thread(void *context)
{
    tr_proxy *proxy = context;
    const uint64_t me = tr_thread_id();
    enter(&proxy->guard);
    for (tr_attachment *attachment = find(proxy, NULL, me); attachment != NULL;
         attachment = find(proxy, NULL, me)) {
        tr_log_write(&proxy->node->settings.log, TROUPE_LOG_WARNING,
                     "node '%s': thread %llu ended while it was attached as '%s'; it is detached",
                     proxy->node->settings.name, (unsigned long long) me, attachment->name);
        detach(proxy, attachment);
    }
    leave(&proxy->guard);
}

troupe_error troupe_detach(troupe_self **self)
{
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    if (*self == NULL) {
        return TROUPE_OK;
    }
    TR_CHECK_SELF(*self);
    troupe_node *node = (*self)->actor->worker->system->node;
    TR_REQUIRE(!tr_node_is_forked(node), FORKED);
    TR_REQUIRE((*self)->actor->worker->guard != NULL, BAD_ARGUMENT);
    tr_proxy *proxy = proxy_of((*self)->actor->worker->guard);
    enter(&proxy->guard);
    tr_attachment *attachment = find(proxy, *self, tr_thread_id());
    if (attachment != NULL) {
        leave(&proxy->guard);
        tr_attached_leave_scopes(*self); /* runs the thread's own functions */
        enter(&proxy->guard);
        detach(proxy, attachment);
        *self = NULL;
        forget_end_unless_attached(proxy);
    }
    leave(&proxy->guard);
    return attachment != NULL ? TROUPE_OK : TROUPE_ERROR_BAD_ARGUMENT;
}
