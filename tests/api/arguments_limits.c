/* SPDX-License-Identifier: MIT */
/* What limits and repeats calls, and what has to do with other nodes, called with bad arguments. */
#include "api/arguments.h"

static troupe_error attempts(troupe_self *self, const troupe_retry *retry, void *context)
{
    (void) self;
    (void) retry;
    (void) context;
    return TROUPE_OK;
}

void call_to_retry(troupe_self *self)
{
    troupe_retry retry;
    troupe_timeout delay;
    troupe_error error = TROUPE_ERROR_OVERLOADED;
    const troupe_retry_options short_one = {.size = 1};
    BAD(troupe_retry_call, (NULL, NULL, attempts, NULL));
    BAD(troupe_retry_call, (self, NULL, NULL, NULL));
    BAD(troupe_retry_call, (self, &short_one, attempts, NULL));
    BAD(troupe_retry_init, (NULL, NULL, &retry));
    BAD(troupe_retry_init, (self, NULL, NULL));
    BAD(troupe_retry_init, (self, TROUPE_RETRY(.jitter_percent = 101), &retry));
    BAD(troupe_retry_init,
        (self, TROUPE_RETRY(.first_delay = TROUPE_FOREVER, .delay_max = TROUPE_NOW), &retry));
    GIVES(troupe_retry_decide, (NULL, &retry, error, &delay), false);
    GIVES(troupe_retry_decide, (self, NULL, error, &delay), false);
    GIVES(troupe_retry_next, (NULL, &retry, &error), false);
    GIVES(troupe_retry_next, (self, NULL, &error), false);
    GIVES(troupe_retry_next, (self, &retry, NULL), false);
    note("troupe_retry_remaining", troupe_retry_remaining(NULL, NULL).ns == UINT64_MAX, "");
    BAD(troupe_retry_budget_init, (NULL, 0, 0));
    BAD(troupe_retry_budget_init, (&(troupe_retry_budget) {0}, 1001, 0));
}

static troupe_error none_such(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

static void call_about_nodes(troupe_self *self)
{
    troupe_node_info info;
    troupe_ref found;
    uint64_t node = 0;
    size_t count = 0;
    GIVES(troupe_node_has_label, (NULL, "a"), false);
    GIVES(troupe_node_has_label, (&info, NULL), false);
    IS_TEXT(troupe_node_state_name, ((troupe_node_state) 99), "unknown");
    GIVES(troupe_unwatch_nodes, (NULL), false);
    BAD(troupe_self_node_info, (NULL, &info));
    BAD(troupe_self_node_info, (self, NULL));
    BAD(troupe_nodes, (NULL, NULL, 0, &count));
    BAD(troupe_nodes, (self, NULL, 1, &count));
    BAD(troupe_nodes, (self, &info, 1, NULL));
    BAD(troupe_watch_nodes, (NULL));
    BAD(troupe_await_node, (NULL, "name", TROUPE_NOW, &node));
    BAD(troupe_await_node, (self, NULL, TROUPE_NOW, &node));
    BAD(troupe_await_node, (self, "name", (troupe_timeout) {0}, &node));
    BAD(troupe_await_node, (self, "name", TROUPE_NOW, NULL));
    BAD(troupe_await_on, (NULL, 1, "name", TROUPE_NOW, &found));
    BAD(troupe_await_on, (self, 0, "name", TROUPE_NOW, &found));
    BAD(troupe_await_on, (self, 1, NULL, TROUPE_NOW, &found));
    BAD(troupe_await_on, (self, 1, "name", (troupe_timeout) {0}, &found));
    BAD(troupe_await_on, (self, 1, "name", TROUPE_NOW, NULL));
}

static void call_about_groups(troupe_self *self)
{
    const troupe_ref me = troupe_self_ref(self);
    troupe_group_report report = {.room = 0};
    troupe_ref members[1];
    size_t count = 0;
    troupe_message *none = NULL;
    BAD(troupe_group_join, (NULL, "x", me));
    BAD(troupe_group_join, (self, NULL, me));
    BAD(troupe_group_join, (self, "", me));
    BAD(troupe_group_join, (self, "x", troupe_ref_none()));
    BAD(troupe_group_leave, (NULL, "x", me));
    BAD(troupe_group_leave, (self, NULL, me));
    BAD(troupe_group_members, (NULL, "x", members, 1, &count));
    BAD(troupe_group_members, (self, "x", NULL, 1, &count));
    BAD(troupe_group_members, (self, "x", members, 1, NULL));
    BAD(troupe_group_pick, (NULL, "x", TROUPE_GROUP_IN_TURN, 0, members));
    BAD(troupe_group_pick, (self, "x", (troupe_group_rule) 9, 0, members));
    BAD(troupe_group_pick, (self, "x", TROUPE_GROUP_IN_TURN, 0, NULL));
    BAD(troupe_group_send, (self, "x", TROUPE_GROUP_IN_TURN, 0, NULL));
    BAD(troupe_group_send, (self, "x", TROUPE_GROUP_IN_TURN, 0, &none));
    BAD(troupe_group_broadcast, (self, "x", NULL, NULL, &report));
    BAD(troupe_group_broadcast, (self, "x", NULL, NULL, NULL));
    BAD(troupe_watch_group, (NULL, "x"));
    BAD(troupe_watch_group, (self, ""));
}

static void call_about_remote(troupe_self *self)
{
    const troupe_type short_one = {.size = 1, .name = "short"};
    const ProtobufCMessageDescriptor none = {.magic = 0};
    troupe_ref found;
    GIVES(troupe_self_node_id, (NULL), 0);
    BAD(troupe_learn, (NULL, &none));
    BAD(troupe_learn, (self, NULL));
    BAD(troupe_learn, (self, &none));
    BAD(troupe_learn_type, (NULL, &troupe_down_type));
    BAD(troupe_learn_type, (self, NULL));
    BAD(troupe_learn_type, (self, &short_one));
    GIVES(troupe_learn_type, (self, &troupe_down_type), TROUPE_ERROR_LOCAL_ONLY);
    BAD(troupe_lookup_on, (NULL, 1, "name", TROUPE_NOW, &found));
    BAD(troupe_lookup_on, (self, 0, "name", TROUPE_NOW, &found));
    BAD(troupe_lookup_on, (self, 1, NULL, TROUPE_NOW, &found));
    BAD(troupe_lookup_on, (self, 1, "", TROUPE_NOW, &found));
    BAD(troupe_lookup_on, (self, 1, "name", TROUPE_NOW, NULL));
    BAD(troupe_offer, (NULL, "name", TROUPE_SPAWN(.body = none_such), NULL));
    BAD(troupe_offer, (self, NULL, TROUPE_SPAWN(.body = none_such), NULL));
    BAD(troupe_offer, (self, "name", NULL, NULL));
    BAD(troupe_offer, (self, "", TROUPE_SPAWN(.body = none_such), NULL));
    BAD(troupe_offer, (self, "name", TROUPE_SPAWN(.body = none_such, .link = 1), NULL));
    BAD(troupe_spawn_on, (NULL, 1, TROUPE_SPAWN_ON(.name = "name"), &found));
    BAD(troupe_spawn_on, (self, 0, TROUPE_SPAWN_ON(.name = "name"), &found));
    BAD(troupe_spawn_on, (self, 1, NULL, &found));
    BAD(troupe_spawn_on, (self, 1, TROUPE_SPAWN_ON(.name = NULL), &found));
    BAD(troupe_spawn_on, (self, 1, TROUPE_SPAWN_ON(.name = "name", .link = 2), &found));
    BAD(troupe_spawn_on, (self, 1, TROUPE_SPAWN_ON(.name = "name"), NULL));
}

void call_about_limits(troupe_self *self)
{
    troupe_rate_limit limit = {.rate = 1, .burst = 1};
    const troupe_circuit_options short_one = {.size = 1};
    troupe_circuit_breaker breaker;
    uint32_t depth = 0;
    uint32_t capacity = 0;
    const troupe_ref me = troupe_self_ref(self);
    call_about_nodes(self);
    call_about_groups(self);
    call_about_remote(self);
    BAD(troupe_self_depth, (NULL, me, &depth, &capacity));
    BAD(troupe_self_depth, (self, me, NULL, &capacity));
    BAD(troupe_self_depth, (self, me, &depth, NULL));
    NOBODY(troupe_self_depth, (self, troupe_ref_none(), &depth, &capacity));
    BAD(troupe_admission_init, (NULL, NULL));
    BAD(troupe_admission_init, (&(troupe_admission) {0}, &(troupe_admission_options) {.size = 1}));
    GIVES(troupe_admission_decide, (NULL, UINT64_MAX, 0), true);
    BAD(troupe_rate_limit_init, (NULL, 1, 1));
    BAD(troupe_rate_limit_init, (&limit, 0, 1));
    BAD(troupe_rate_limit_init, (&limit, 1, 0));
    GIVES(troupe_rate_limit_try, (NULL, 1, 0), false);
    GIVES(troupe_rate_limit_try, (&limit, 2, 0), false);
    GIVES(troupe_rate_limit_wait_ns, (NULL, 1, 0), UINT64_MAX);
    BAD(troupe_rate_limit_take, (NULL, &limit, 1, TROUPE_NOW));
    BAD(troupe_rate_limit_take, (self, NULL, 1, TROUPE_NOW));
    BAD(troupe_rate_limit_take, (self, &limit, 2, TROUPE_NOW));
    BAD(troupe_circuit_breaker_init, (NULL, NULL));
    BAD(troupe_circuit_breaker_init, (&breaker, &short_one));
    note("troupe_circuit_breaker_allow", troupe_circuit_breaker_allow(NULL, 0).epoch == 0, "");
    RETURNS(troupe_circuit_breaker_record,
            (NULL, (troupe_circuit_permit) {1}, TROUPE_CIRCUIT_SUCCESS, 0));
    GIVES(troupe_circuit_breaker_state, (NULL, 0), TROUPE_CIRCUIT_OPEN);
    GIVES(troupe_circuit_result_of, ((troupe_error) 999), TROUPE_CIRCUIT_FAILURE);
}

void call_about_hosts(troupe_node *node)
{
    char text[8];
    BAD(troupe_node_endpoint, (NULL, text, sizeof text));
    BAD(troupe_node_endpoint, (node, NULL, 10));
    BAD(troupe_node_endpoint, (node, text, 0));
    RETURNS(troupe_node_id, (NULL));
    BAD(troupe_node_reload_keys, (NULL));
    BAD(troupe_key_file_create, (NULL, NULL, text, sizeof text));
    BAD(troupe_key_file_create, ("", NULL, text, sizeof text));
    BAD(troupe_key_file_create, ("/none/file", NULL, NULL, sizeof text));
    int count = 1;
    char *words[] = {text, NULL};
    troupe_arguments *arguments = NULL;
    BAD(troupe_arguments_take, (NULL, &count, words, NULL, &arguments));
    BAD(troupe_arguments_take, ("x", NULL, words, NULL, &arguments));
    BAD(troupe_arguments_take, ("x", &count, NULL, NULL, &arguments));
    BAD(troupe_arguments_take, ("x", &count, words, NULL, NULL));
    RETURNS(troupe_arguments_destroy, (NULL));
    RETURNS(troupe_arguments_destroy, (&arguments));
    note("troupe_arguments_help", troupe_arguments_help() != NULL, "there is none");
}

void call_about_snapshots(troupe_node *node)
{
    troupe_snapshot *snapshot = NULL;
    BAD(troupe_node_snapshot, (NULL, &snapshot));
    BAD(troupe_node_snapshot, (node, NULL));
}
