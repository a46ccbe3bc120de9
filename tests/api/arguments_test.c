/* SPDX-License-Identifier: MIT */
/* Every function that the library exports, called with bad arguments: it says BAD_ARGUMENT, or what
 * else its header promises, and takes nothing. The list of all functions is tests/api/symbols.txt;
 * one that is not called here fails the test. */
#include <string.h>
#include <troupe/troupe.h>

#include "api/arguments.h"
#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/node_fixture.h"
#include "support/works.h"
#include "support/world_fixture.h"

#define NAMES_MAX 1024

/* Of the functions that were called. On an actor's stack nothing is asserted, only noted. */
static struct {
    const char *names[NAMES_MAX];
    size_t count;
    struct probe *wrong;
} calls;

void note(const char *name, bool is_right, const char *what)
{
    if (calls.count < NAMES_MAX) {
        calls.names[calls.count++] = name;
    }
    if (!is_right) {
        probe_say(calls.wrong, "%s%s", name, what);
    }
}

/* Takes no arguments that could be bad. */
static const char *const without[] = {"troupe_ref_none", "troupe_groups_behavior"};

static const troupe_ref nobody;
static const troupe_type nameless;
static const uint64_t number = 7;
static const Shop__Receipt receipt = {.base = PROTOBUF_C_MESSAGE_INIT(&shop__receipt__descriptor)};
static const ProtobufCMessage malformed;

static void call_about_messages(troupe_self *self)
{
    troupe_message *none = NULL;
    const ProtobufCMessageDescriptor no_descriptor = {0};
    const troupe_bytes bytes = {.data = &number, .size = sizeof number};
    const troupe_bytes nowhere = {.size = 1};
    const uint64_t *body = &number;
    BAD(troupe_message_create, (NULL, &item_type, body, &none));
    BAD(troupe_message_create, (self, NULL, body, &none));
    BAD(troupe_message_create, (self, &nameless, body, &none));
    BAD(troupe_message_create, (self, &item_type, body, NULL));
    BAD(troupe_message_create_protobuf, (NULL, &receipt.base, &none));
    BAD(troupe_message_create_protobuf, (self, NULL, &none));
    BAD(troupe_message_create_protobuf, (self, &malformed, &none));
    BAD(troupe_message_create_protobuf, (self, &receipt.base, NULL));
    BAD(troupe_message_build, (NULL, &shop__receipt__descriptor, 0, &none));
    BAD(troupe_message_build, (self, NULL, 0, &none));
    BAD(troupe_message_build, (self, &no_descriptor, 0, &none));
    BAD(troupe_message_build, (self, &shop__receipt__descriptor, 0, NULL));
    GIVES(troupe_message_build, (self, &shop__receipt__descriptor, SIZE_MAX, &none),
          TROUPE_ERROR_TOO_LARGE);
    BAD(troupe_message_create_bytes, (NULL, NULL, &bytes, &none));
    BAD(troupe_message_create_bytes, (self, NULL, NULL, &none));
    BAD(troupe_message_create_bytes, (self, NULL, &nowhere, &none));
    BAD(troupe_message_create_bytes, (self, &item_type, &bytes, &none));
    BAD(troupe_message_create_bytes, (self, NULL, &bytes, NULL));
    BAD(troupe_message_copy, (NULL, NULL, &none));
    BAD(troupe_message_copy, (self, NULL, &none));
    RETURNS(troupe_message_destroy, (NULL));
    RETURNS(troupe_message_destroy, (&none));
    note("troupe_message_remaining", troupe_message_remaining(self, NULL).ns == UINT64_MAX, "");
    note("troupe_message", none == NULL, ": something was made all the same");
}

static void read_messages(troupe_message *message)
{
    size_t size = 0;
    GIVES(troupe_message_body, (NULL), NULL);
    GIVES(troupe_message_room, (NULL, 1), NULL);
    GIVES(troupe_message_room, (message, 1), NULL);
    GIVES(troupe_message_as, (NULL, &shop__receipt__descriptor), NULL);
    GIVES(troupe_message_as, (message, &shop__receipt__descriptor), NULL);
    GIVES(troupe_message_as, (message, NULL), NULL);
    GIVES(troupe_message_is, (NULL, &item_type), false);
    GIVES(troupe_message_is, (message, NULL), false);
    GIVES(troupe_message_struct, (NULL, &item_type), NULL);
    GIVES(troupe_message_struct, (message, NULL), NULL);
    GIVES(troupe_message_struct, (message, &extra_type), NULL);
    GIVES(troupe_message_bytes, (NULL, &size), NULL);
    GIVES(troupe_message_bytes, (message, &size), NULL);
    GIVES(troupe_message_bytes, (message, NULL), NULL);
    IS_TEXT(troupe_message_type_name, (NULL), "(none)");
    GIVES(troupe_message_size, (NULL), 0);
    IS_NONE(troupe_message_sender, (NULL));
    IS_NONE(troupe_message_receiver, (NULL));
    GIVES(troupe_message_wants_reply, (NULL), false);
    GIVES(troupe_message_trace_id, (NULL), 0);
}

static void call_about_itself(troupe_self *self)
{
    const troupe_behavior *none = NULL;
    const char *text = NULL;
    troupe_ref ref;
    IS_NONE(troupe_self_ref, (NULL));
    IS_NONE(troupe_self_parent, (NULL));
    GIVES(troupe_self_node, (NULL), NULL);
    GIVES(troupe_self_allocator, (NULL), NULL);
    GIVES(troupe_self_worker, (NULL), 0);
    GIVES(troupe_self_now_ns, (NULL), 0);
    GIVES(troupe_self_random, (NULL), 0);
    BAD(troupe_self_snapshot, (NULL, &(troupe_snapshot *) {NULL}));
    BAD(troupe_self_snapshot, (self, NULL));
    BAD(troupe_become, (NULL, none));
    BAD(troupe_become, (self, none));
    GIVES(troupe_fail, (NULL, TROUPE_ERROR_END, "why"), TROUPE_ERROR_END);
    GIVES(troupe_last_failure, (NULL, &text), TROUPE_OK);
    note("troupe_last_failure", text != NULL && *text == '\0', ": text");
    GIVES(troupe_last_failure, (NULL, NULL), TROUPE_OK);
    BAD(troupe_scope_detach, (NULL));
    BAD(troupe_lookup, (NULL, "name", &ref));
    BAD(troupe_lookup, (self, NULL, &ref));
    BAD(troupe_lookup, (self, "name", NULL));
    RETURNS(troupe_ready, (NULL));
    RETURNS(troupe_flush, (NULL));
    BAD(troupe_dead_letters_subscribe, (NULL));
}

static void call_about_others(troupe_self *self)
{
    const troupe_ref me = troupe_self_ref(self);
    const troupe_type wrong = {.size = sizeof wrong, .name = "too short", .body_size = 1};
    troupe_monitor_id monitor = {0};
    troupe_timer timer = {0};
    BAD(troupe_stop, (NULL, me));
    BAD(troupe_stop, (self, nobody));
    BAD(troupe_cancel, (NULL, me));
    BAD(troupe_cancel, (self, nobody));
    BAD(troupe_monitor, (NULL, me, &monitor));
    BAD(troupe_monitor, (self, nobody, &monitor));
    BAD(troupe_monitor, (self, me, NULL));
    GIVES(troupe_demonitor, (NULL, monitor), false);
    GIVES(troupe_demonitor, (self, monitor), false);
    BAD(troupe_watch_pressure, (NULL, me));
    NOBODY(troupe_watch_pressure, (self, nobody));
    BAD(troupe_timer_start, (NULL, TROUPE_TIMER(.after = TROUPE_NOW), &timer));
    BAD(troupe_timer_start, (self, NULL, &timer));
    BAD(troupe_timer_start, (self, TROUPE_TIMER(.after = TROUPE_NOW), NULL));
    BAD(troupe_timer_start, (self, TROUPE_TIMER(.key = 1), &timer));
    BAD(troupe_timer_start, (self, TROUPE_TIMER(.after = TROUPE_FOREVER), &timer));
    BAD(troupe_timer_start, (self, TROUPE_TIMER(.after = TROUPE_NOW, .type = &wrong), &timer));
    GIVES(troupe_timer_cancel, (NULL, timer), false);
    GIVES(troupe_timer_cancel, (self, timer), false);
}

static void call_to_spawn(troupe_self *self)
{
    troupe_ref ref = {0};
    BAD(troupe_spawn, (NULL, TROUPE_SPAWN(.body = receiver_body), &ref));
    BAD(troupe_spawn, (self, NULL, &ref));
    BAD(troupe_spawn, (self, TROUPE_SPAWN(.body = receiver_body), NULL));
    BAD(troupe_spawn, (self, TROUPE_SPAWN(.name = "neither form"), &ref));
    BAD(troupe_spawn_nowait, (NULL, TROUPE_SPAWN(.body = receiver_body), &ref));
    BAD(troupe_spawn_nowait, (self, NULL, &ref));
    BAD(troupe_spawn_nowait, (self, TROUPE_SPAWN(.body = receiver_body), NULL));
    BAD(troupe_spawn_nowait, (self, &(troupe_spawn_options) {.size = 1}, &ref));
    note("troupe_spawn", troupe_ref_is_none(ref), ": something was made all the same");
}

static void call_to_wait(troupe_self *self)
{
    troupe_message *none = NULL;
    const troupe_accept any = {.type = &item_type};
    const troupe_accept neither = {0};
    BAD(troupe_receive, (NULL, &none, TROUPE_NOW));
    BAD(troupe_receive, (self, NULL, TROUPE_NOW));
    BAD(troupe_receive_only, (NULL, &any, 1, &none, TROUPE_NOW));
    BAD(troupe_receive_only, (self, NULL, 1, &none, TROUPE_NOW));
    BAD(troupe_receive_only, (self, &any, 0, &none, TROUPE_NOW));
    BAD(troupe_receive_only, (self, &neither, 1, &none, TROUPE_NOW));
    BAD(troupe_receive_only, (self, &any, 1, NULL, TROUPE_NOW));
    BAD(troupe_sleep, (NULL, TROUPE_NOW));
    BAD(troupe_yield, (NULL));
    BAD(troupe_stash, (NULL, &none));
    BAD(troupe_stash, (self, NULL));
    BAD(troupe_stash, (self, &none));
    GIVES(troupe_unstash, (NULL, 1), 0);
    BAD(troupe_continue, (NULL, &none));
    BAD(troupe_continue, (self, NULL));
    BAD(troupe_continue, (self, &none));
}

static void call_to_send(troupe_self *self, troupe_message **message)
{
    const troupe_ref me = troupe_self_ref(self);
    const troupe_send_options short_one = {.size = 1};
    troupe_message *none = NULL;
    size_t sent = 9;
    BAD(troupe_send, (NULL, me, &receipt.base));
    BAD(troupe_send, (self, me, NULL));
    NOBODY(troupe_send, (self, nobody, &receipt.base));
    BAD(troupe_send_with, (NULL, me, &receipt.base, NULL));
    BAD(troupe_send_with, (self, me, NULL, NULL));
    BAD(troupe_send_with, (self, me, &receipt.base, &short_one));
    BAD(troupe_send_struct, (NULL, me, &item_type, &number));
    BAD(troupe_send_struct, (self, me, NULL, &number));
    BAD(troupe_send_struct, (self, me, &nameless, &number));
    BAD(troupe_send_message, (NULL, me, message));
    BAD(troupe_send_message, (self, me, NULL));
    BAD(troupe_send_message, (self, me, &none));
    NOBODY(troupe_send_message, (self, nobody, message));
    BAD(troupe_send_message_with, (NULL, me, message, NULL));
    BAD(troupe_send_message_with, (self, me, &none, NULL));
    BAD(troupe_send_message_with, (self, me, message, &short_one));
    BAD(troupe_send_message_with,
        (self, me, message, TROUPE_SEND(.on_full = TROUPE_ON_FULL_REDIRECT)));
    BAD(troupe_send_many, (NULL, me, message, 1, NULL, &sent));
    BAD(troupe_send_many, (self, me, NULL, 1, NULL, &sent));
    BAD(troupe_send_many, (self, me, &none, 1, NULL, &sent));
    BAD(troupe_send_many, (self, me, message, 1, NULL, NULL));
    BAD(troupe_forward, (NULL, me, message));
    BAD(troupe_forward, (self, me, NULL));
    BAD(troupe_forward, (self, me, &none));
    BAD(troupe_forward, (self, me, message)); /* it was not received */
    note("troupe_send", *message != NULL && sent == 0, ": something was taken all the same");
}

static troupe_error then(troupe_self *self, void *state, troupe_error error, troupe_message **reply,
                         void *context)
{
    (void) self;
    (void) state;
    (void) reply;
    (void) context;
    return error;
}

static void is_not_to_be_discarded(void *argument, void *result)
{
    probe_say(argument, "%p and the argument were taken", result);
}

static troupe_error offloaded(troupe_self *self, void *state, troupe_error error, void *result,
                              void *context)
{
    return then(self, state, error, result, context);
}

static void call_to_offload(troupe_self *self)
{
    troupe_job job = {.size = sizeof job,
                      .work = work_on_piece,
                      .argument = calls.wrong,
                      .discard = is_not_to_be_discarded};
    const troupe_job idle = {.size = sizeof idle};
    BAD(troupe_offload, (NULL, &job, TROUPE_FOREVER, NULL));
    BAD(troupe_offload, (self, &idle, TROUPE_FOREVER, NULL));
    BAD(troupe_offload_then, (NULL, &job, TROUPE_FOREVER, offloaded, NULL));
    BAD(troupe_offload_then, (self, &job, TROUPE_FOREVER, NULL, NULL));
    BAD(troupe_offload_then, (self, &job, TROUPE_FOREVER, offloaded, NULL)); /* no behavior */
}

static void call_to_ask(troupe_self *self, troupe_message **message)
{
    const troupe_ref me = troupe_self_ref(self);
    const troupe_timeout soon = TROUPE_WITHIN_MS(1);
    const troupe_timeout not_given = {0};
    troupe_message *none = NULL;
    BAD(troupe_ask, (NULL, me, &receipt.base, soon, &none));
    BAD(troupe_ask, (self, me, NULL, soon, &none));
    BAD(troupe_ask, (self, me, &receipt.base, soon, NULL));
    BAD(troupe_ask, (self, me, &receipt.base, not_given, &none));
    BAD(troupe_ask_struct, (NULL, me, &item_type, &number, soon, &none));
    BAD(troupe_ask_struct, (self, me, NULL, &number, soon, &none));
    BAD(troupe_ask_struct, (self, me, &item_type, &number, soon, NULL));
    BAD(troupe_ask_message, (NULL, me, message, soon, &none));
    BAD(troupe_ask_message, (self, me, NULL, soon, &none));
    BAD(troupe_ask_message, (self, me, &none, soon, &none));
    BAD(troupe_ask_message, (self, me, message, soon, NULL));
    NOBODY(troupe_ask_message, (self, nobody, message, soon, &none));
    BAD(troupe_ask_then, (NULL, me, &receipt.base, soon, then, NULL));
    BAD(troupe_ask_then, (self, me, NULL, soon, then, NULL));
    BAD(troupe_ask_then, (self, me, &receipt.base, soon, NULL, NULL));
    BAD(troupe_ask_message_then, (NULL, me, message, soon, then, NULL));
    BAD(troupe_ask_message_then, (self, me, &none, soon, then, NULL));
    BAD(troupe_ask_message_then, (self, me, message, soon, NULL, NULL));
    note("troupe_ask", *message != NULL && none == NULL, ": something was taken all the same");
}

static void call_to_reply(troupe_self *self, troupe_message *message)
{
    troupe_message *none = NULL;
    BAD(troupe_reply, (NULL, message, &receipt.base));
    BAD(troupe_reply, (self, NULL, &receipt.base));
    BAD(troupe_reply, (self, message, NULL));
    BAD(troupe_reply, (self, message, &receipt.base)); /* it wants none */
    BAD(troupe_reply_struct, (NULL, message, &item_type, &number));
    BAD(troupe_reply_struct, (self, NULL, &item_type, &number));
    BAD(troupe_reply_struct, (self, message, NULL, &number));
    BAD(troupe_reply_message, (NULL, message, &none));
    BAD(troupe_reply_message, (self, NULL, &none));
    BAD(troupe_reply_message, (self, message, NULL));
    BAD(troupe_reply_message, (self, message, &none));
    BAD(troupe_reply_error, (NULL, message, TROUPE_ERROR_END));
    BAD(troupe_reply_error, (self, NULL, TROUPE_ERROR_END));
    BAD(troupe_reply_error, (self, message, TROUPE_ERROR_END));
    BAD(troupe_reply_error, (self, message, TROUPE_OK));
}

static void no_answer(const ProtobufCMessage *answer, void *context)
{
    *(bool *) context = answer == NULL;
}

static void call_services(troupe_self *self, troupe_message **message)
{
    ProtobufCService till = {.descriptor = &shop__till__descriptor};
    troupe_service_client client;
    troupe_message *none = NULL;
    bool is_told = false;
    BAD(troupe_serve, (NULL, &till));
    BAD(troupe_serve, (self, NULL));
    GIVES(troupe_service_handle, (NULL, &till, message), false);
    GIVES(troupe_service_handle, (self, NULL, message), false);
    GIVES(troupe_service_handle, (self, &till, NULL), false);
    GIVES(troupe_service_handle, (self, &till, &none), false);
    GIVES(troupe_service_handle, (self, &till, message), false);
    GIVES(troupe_service_self, (NULL, NULL), NULL);
    GIVES(troupe_service_self, (no_answer, &is_told), NULL);
    RETURNS(troupe_service_client_init, (NULL, self, nobody, NULL, TROUPE_NOW));
    RETURNS(troupe_service_client_init,
            (&client, NULL, nobody, &shop__till__descriptor, TROUPE_NOW));
    client.service.invoke(&client.service, 0, &receipt.base, no_answer, &is_told);
    note("troupe_service_client_init", is_told && client.error == TROUPE_ERROR_BAD_ARGUMENT,
         ": a client of nobody calls");
}

static troupe_error calls_badly(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = make_item(self, 1, &message);
    call_about_messages(self);
    read_messages(message);
    call_about_itself(self);
    call_about_others(self);
    call_to_offload(self);
    call_about_descriptors(self);
    call_about_futures(self);
    call_about_sockets(self);
    call_about_tasks(self);
    call_about_processes(self);
    call_about_files(self);
    call_about_signals(self);
    call_about_supervisors(self);
    call_about_queues(self);
    call_about_streams(self);
    call_to_spawn(self);
    call_to_wait(self);
    call_to_send(self, &message);
    call_to_ask(self, &message);
    call_to_reply(self, message);
    call_about_limits(self);
    call_to_retry(self);
    call_services(self, &message);
    return error;
}

static void call_from_an_actor(void)
{
    tr_world *world = a_world(1, 1);
    (void) a_root(world, TROUPE_SPAWN(.body = calls_badly));
    tr_world_run(world);
    drop_world(&world);
}

static void call_about_values(void)
{
    const troupe_ref ref = {.node = 1, .slot = 2, .generation = 3};
    troupe_ref parsed;
    char text[TROUPE_REF_TEXT_SIZE];
    troupe_ref_print(nobody, text);
    note("troupe_ref_print", text[0] != '\0', " of nobody");
    RETURNS(troupe_ref_print, (ref, NULL));
    BAD(troupe_ref_parse, (NULL, &parsed));
    BAD(troupe_ref_parse, ("", &parsed));
    BAD(troupe_ref_parse, ("1.2.3", NULL));
    GIVES(troupe_ref_is_none, (nobody), true);
    GIVES(troupe_ref_is_same, (nobody, ref), false);
    GIVES(troupe_ref_hash, (nobody), troupe_ref_hash(nobody));
    IS_TEXT(troupe_error_text, ((troupe_error) 999), troupe_error_text((troupe_error) 998));
    IS_TEXT(troupe_error_name, ((troupe_error) 999), troupe_error_name((troupe_error) 998));
    GIVES(troupe_error_outcome, ((troupe_error) 999), TROUPE_OUTCOME_UNKNOWN);
    IS_TEXT(troupe_dead_reason_text, (TROUPE_DEAD_REASON_COUNT), "unknown");
    GIVES(troupe_counts_held, (NULL), 0);
    RETURNS(troupe_log_to_stderr, (NULL, (troupe_log_level) 99, NULL));
    RETURNS(troupe_snapshot_destroy, (NULL));
    RETURNS(troupe_snapshot_destroy, (&(troupe_snapshot *) {NULL}));
}

static void call_about_nodes(void)
{
    troupe_node *none = NULL;
    troupe_node *node = NULL;
    troupe_ref ref;
    uint32_t depth = 0;
    troupe_dead_sample sample;
    char name[] = "program";
    char *arguments[] = {name, NULL};
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1), &node));
    BAD(troupe_node_create, (NULL, NULL));
    BAD(troupe_node_create, (&(troupe_node_options) {.size = 1}, &none));
    BAD(troupe_node_create, (TROUPE_NODE_OPTIONS(.workers = 1000), &none));
    troupe_self *self = NULL;
    BAD(troupe_attach, (NULL, NULL, &self));
    BAD(troupe_attach, (node, NULL, NULL));
    BAD(troupe_attach, (node, NULL, &self)); /* not started */
    BAD(troupe_detach, (NULL));
    BAD(troupe_node_start, (NULL));
    BAD(troupe_node_spawn, (NULL, TROUPE_SPAWN(.body = receiver_body), &ref));
    BAD(troupe_node_spawn, (node, NULL, &ref));
    BAD(troupe_node_spawn, (node, TROUPE_SPAWN(.body = receiver_body), NULL));
    BAD(troupe_node_spawn, (node, TROUPE_SPAWN(.body = receiver_body), &ref)); /* not started */
    BAD(troupe_node_supervise, (node, NULL, &ref));
    BAD(troupe_node_join, (NULL));
    BAD(troupe_node_join, (node));
    BAD(troupe_node_depth, (NULL, nobody, &depth, &depth));
    BAD(troupe_node_depth, (node, nobody, NULL, &depth));
    BAD(troupe_node_depth, (node, nobody, &depth, NULL));
    NOBODY(troupe_node_depth, (node, nobody, &depth, &depth));
    GIVES(troupe_node_dead_letters, (NULL, &sample, 1), 0);
    GIVES(troupe_node_dead_letters, (node, NULL, 1), 0);
    GIVES(troupe_node_dead_letters, (node, &sample, 1), 0);
    RETURNS(troupe_node_stop, (NULL));
    call_about_hosts(node);
    call_about_snapshots(node);
    RETURNS(troupe_node_report, (NULL, NULL, 0));
    RETURNS(troupe_node_report, (node, NULL, 10));
    RETURNS(troupe_node_report, (node, name, 0));
    RETURNS(troupe_node_destroy, (NULL));
    RETURNS(troupe_node_destroy, (&none));
    BAD(troupe_run, (NULL, NULL, NULL));
    BAD(troupe_run, (TROUPE_NODE_OPTIONS(.workers = 1000), receiver_body, NULL));
    GIVES(troupe_main, (1, arguments, NULL, NULL), 1);
    GIVES(troupe_main, (0, NULL, NULL, NULL), 1);
    troupe_node_destroy(&node);
}

static bool was_called(const char *name)
{
    for (size_t i = 0; i < calls.count; i++) {
        if (strcmp(calls.names[i], name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        if (strcmp(without[i], name) == 0) {
            return true;
        }
    }
    const size_t length = strlen(name); /* types are no functions */
    return length > 5 && strcmp(name + length - 5, "_type") == 0;
}

/* Promise: ARGUMENTS-CHECKED */
static void every_function_refuses_bad_arguments(void **state)
{
    (void) state;
    calls.wrong = a_probe();
    call_from_an_actor();
    call_about_values();
    call_about_nodes();

    FILE *symbols = fopen("tests/api/symbols.txt", "r");
    assert_non_null(symbols);
    char name[128];
    size_t count = 0;
    while (fscanf(symbols, "%127s", name) == 1) {
        count++;
        if (!was_called(name)) {
            probe_say(calls.wrong, "%s: is not called with bad arguments here", name);
        }
    }
    (void) fclose(symbols);
    assert_true(count > 80);
    assert_silent(calls.wrong);
    drop_probe(&calls.wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_refuses_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
