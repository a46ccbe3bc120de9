/* SPDX-License-Identifier: MIT */
#include "support/node_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <troupe/send.h>

#include "base/thread.h"

troupe_node *a_node(const troupe_node_options *options)
{
    troupe_node *node = NULL;
    assert_ok(troupe_node_create(options, &node));
    assert_ok(troupe_node_start(node));
    return node;
}

troupe_node *a_node_of(uint32_t workers)
{
    return a_node(TROUPE_NODE_OPTIONS(.workers = workers));
}

static void assert_balanced(troupe_node *node)
{
    TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
    assert_ok(troupe_node_snapshot(node, &snapshot));
    assert_int_equal(troupe_counts_held(&snapshot->node), 0);
    assert_int_equal(snapshot->node.spawned, snapshot->node.ended);
    assert_int_equal(snapshot->actor_count, 0);
}

void drop_node(troupe_node **node)
{
    troupe_node_stop(*node);
    assert_ok(troupe_node_join(*node));
    assert_string_equal(report_of(*node), "");
    assert_balanced(*node);
    troupe_node_destroy(node);
    assert_null(*node);
}

troupe_ref a_root_of(troupe_node *node, const troupe_spawn_options *options)
{
    troupe_ref ref = troupe_ref_none();
    assert_ok(troupe_node_spawn(node, options, &ref));
    return ref;
}

const char *report_of(troupe_node *node)
{
    static char text[4096];
    troupe_node_report(node, text, sizeof text);
    return text;
}

struct latch {
    tr_mutex mutex;
    tr_condition opened;
    bool is_open;
};

struct latch *a_latch(void)
{
    struct latch *latch = calloc(1, sizeof *latch);
    assert_non_null(latch);
    tr_mutex_init(&latch->mutex);
    tr_condition_init(&latch->opened);
    return latch;
}

void drop_latch(struct latch **latch)
{
    tr_condition_fini(&(*latch)->opened);
    tr_mutex_fini(&(*latch)->mutex);
    free(*latch);
    *latch = NULL;
}

void latch_open(struct latch *latch)
{
    tr_mutex_lock(&latch->mutex);
    latch->is_open = true;
    tr_condition_broadcast(&latch->opened);
    tr_mutex_unlock(&latch->mutex);
}

void latch_pass(struct latch *latch)
{
    tr_mutex_lock(&latch->mutex);
    while (!latch->is_open) {
        tr_condition_wait(&latch->opened, &latch->mutex);
    }
    tr_mutex_unlock(&latch->mutex);
}

troupe_error idle_body(troupe_self *self, void *argument)
{
    struct probe *probe = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (probe != NULL) {
        probe_say(probe, "started");
    }
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {}
    if (probe != NULL) {
        probe_say(probe, "stopped");
    }
    return TROUPE_OK;
}

troupe_error blocking_body(troupe_self *self, void *argument)
{
    const struct blocking *blocking = argument;
    troupe_ready(self);
    troupe_flush(self);                    /* so that the word gets out, */
    if (troupe_yield(self) != TROUPE_OK) { /* to actors on the same worker too */
        return TROUPE_OK;
    }
    probe_say(blocking->probe, "blocked");
    latch_pass(blocking->latch);
    probe_say(blocking->probe, "freed");
    return TROUPE_OK;
}

troupe_error stubborn_body(troupe_self *self, void *argument)
{
    struct stubborn *stubborn = argument;
    troupe_ready(self);
    probe_say(stubborn->probe, "started");
    while (atomic_load(&stubborn->may_end) == 0) {
        (void) troupe_yield(self); /* it does not listen */
    }
    return TROUPE_OK;
}

troupe_error idlers_body(troupe_self *self, void *argument)
{
    static const troupe_behavior member = TROUPE_BEHAVIOR(.name = "member");
    const struct idlers *idlers = argument;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < idlers->count && !error; i++) {
        troupe_ref ref;
        error =
            troupe_spawn(self, TROUPE_SPAWN(.behavior = &member, .place = TROUPE_PLACE_ANY), &ref);
    }
    probe_say(idlers->probe, "%s", troupe_error_name(error));
    return error ? error : idle_body(self, NULL);
}

troupe_error stopping_body(troupe_self *self, void *argument)
{
    troupe_node_stop(troupe_self_node(self));
    probe_say(argument, "stopped node");
    return TROUPE_OK;
}
