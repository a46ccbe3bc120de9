/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "core/scope.h"
#include "core/scopes.h"

static uint64_t hash_of(tr_address address)
{
    return tr_hash_u64((uint64_t) address.generation << 32 | address.slot);
}

static bool has_address(const tr_map_node *node, const void *key)
{
    const tr_address *address = key;
    return tr_address_is_same(TR_CONTAINER_OF_CONST(node, tr_scope_child, node)->address, *address);
}

troupe_error tr_scopes_expect_child(tr_worker *worker, tr_actor *actor, troupe_scope *scope,
                                    tr_scope_child **out_child)
{
    TR_REQUIRE(scope->owner->tasks->actor == actor, BAD_ARGUMENT);
    TR_REQUIRE(!scope->is_ended, STOPPING);
    TR_REQUIRE(!scope->is_cancelled, CANCELLED);
    TR_REQUIRE(scope->deadline_ns > worker->now_ns, TIMED_OUT);
    TR_REQUIRE(tr_map_reserve_one(&scope->owner->tasks->children) == TROUPE_OK, NO_MEMORY);
    tr_scope_child *child = tr_pool_take(&worker->pool, sizeof *child);
    TR_REQUIRE(child != NULL, NO_MEMORY);
    *child = (tr_scope_child) {.scope = scope};
    tr_list_init(&child->link);
    *out_child = child;
    return TROUPE_OK;
}

void tr_scopes_add_child(tr_scope_child *child, tr_address address, bool waits)
{
    troupe_scope *scope = child->scope;
    child->address = address;
    child->is_starting = waits;
    tr_list_push_back(&scope->children, &child->link);
    tr_map_add(&scope->owner->tasks->children, &child->node, hash_of(address));
}

void tr_scopes_drop_child(tr_worker *worker, tr_scope_child *child)
{
    if (tr_list_is_linked(&child->link)) {
        tr_list_remove(&child->link);
        tr_map_remove(&child->scope->owner->tasks->children, &child->node);
    }
    tr_pool_give(&worker->pool, child);
}

/* It is gone, for this reason; that may be a failure in the scope. */
static void end_child(tr_worker *worker, tr_scope_child *child, troupe_error reason)
{
    troupe_scope *scope = child->scope;
    const troupe_scope_failure failure = {.error = reason,
                                          .actor = tr_system_ref(worker->system, child->address)};
    tr_scopes_drop_child(worker, child);
    if (reason != TROUPE_OK && reason != TROUPE_ERROR_CANCELLED) {
        tr_scopes_failed(worker, scope, &failure);
    }
    tr_scopes_wake_leaver(worker, scope);
}

void tr_scopes_child_started(tr_worker *worker, tr_scope_child *child, troupe_error error)
{
    tr_branch *owner = child->scope->owner;
    child->is_starting = false;
    if (child->has_ended) {
        end_child(worker, child, error ? TROUPE_OK : child->reason);
    } else if (owner->is_leaving && owner->scope == child->scope) {
        tr_task_wake(worker, owner->task, TROUPE_OK); /* the grace may be over */
    }
}

void tr_scopes_child_ended(tr_worker *worker, tr_actor *actor, tr_address address,
                           troupe_error reason)
{
    tr_map_node *node =
        tr_map_find(&actor->extra->tasks->children, hash_of(address), has_address, &address);
    tr_scope_child *child = node != NULL ? TR_CONTAINER_OF(node, tr_scope_child, node) : NULL;
    if (child == NULL) {
        return;
    }
    if (child->is_starting) { /* its spawner is told first whether it has started */
        child->has_ended = true;
        child->reason = reason;
        return;
    }
    end_child(worker, child, reason);
}

/* False if memory was short for some. */
static bool cancel_own(tr_worker *worker, troupe_scope *scope)
{
    bool are_told = true;
    for (tr_list *node = tr_list_first(&scope->children); node != NULL;
         node = tr_list_next(&scope->children, node)) {
        tr_scope_child *child = TR_CONTAINER_OF(node, tr_scope_child, link);
        if (!child->is_signalled) {
            /* STALE if it has just ended. */
            child->is_signalled =
                tr_actor_signal(worker, child->address, TR_SIGNAL_CANCEL) != TROUPE_ERROR_NO_MEMORY;
            are_told = are_told && child->is_signalled;
        }
    }
    return are_told;
}

/* Whether a shield between the two keeps what is further in. */
static bool is_shielded(const troupe_scope *root, const troupe_scope *scope, uint64_t now_ns)
{
    while (scope != root && scope->shield_until_ns <= now_ns && scope->ending_until_ns <= now_ns) {
        scope = scope->outer;
    }
    return scope != root;
}

bool tr_scopes_cancel_children(tr_worker *worker, troupe_scope *scope)
{
    bool are_told = true;
    for (troupe_scope *at = scope; at != NULL; at = tr_scopes_next_within(scope, at)) {
        if (!is_shielded(scope, at, worker->now_ns)) {
            are_told = cancel_own(worker, at) && are_told;
        }
    }
    return are_told;
}
