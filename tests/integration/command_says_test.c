/* SPDX-License-Identifier: MIT */
/* `troupe send`, `ask` and `stop`, and what roles the commands take, on a node with CURVE. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "integration/commands.h"
#include "shop.pb-c.h"
#include "support/node_fixture.h"

struct scene {
    char folder[64];
    char list[96];
    char server_file[96];
    char guest_file[96];
    char server_key[TROUPE_KEY_BYTES];
    char guest_key[TROUPE_KEY_BYTES];
    char endpoint[64];
    troupe_node *node;
    struct probe *probe;
    troupe_ref till;
    _Atomic uint32_t refusals;
};

static void count_refusals(void *context, troupe_log_level level, const char *text)
{
    struct scene *scene = context;
    (void) level;
    scene->refusals += strstr(text, "refuses who dials") != NULL ? 1 : 0;
}

static const troupe_type stone_type = TROUPE_SIGNAL("stone");

/* Answers orders by receipts; says what else comes. */
static troupe_error till(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(self, &shop__order__descriptor);
    error = error ? error : troupe_learn_type(self, &stone_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error) {
            break;
        }
        size_t size = 0;
        const Shop__Order *order =
            (const void *) troupe_message_as(message, &shop__order__descriptor);
        const char *bytes = troupe_message_bytes(message, &size);
        if (order != NULL) {
            Shop__Receipt receipt = SHOP__RECEIPT__INIT;
            receipt.order_id = order->id;
            receipt.total_cents = 250 * order->n_items;
            (void) !troupe_reply(self, message, &receipt.base);
        } else if (bytes != NULL) {
            probe_say(argument, "%.*s", (int) size, bytes);
        } else {
            probe_say(argument, "%s", troupe_message_type_name(message));
        }
    }
    return error;
}

static void write_list(const struct scene *scene, const char *roles)
{
    FILE *file = fopen(scene->list, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "desk %s %s\n", scene->guest_key, roles) > 0);
    assert_int_equal(fclose(file), 0);
    if (scene->node != NULL) {
        assert_ok(troupe_node_reload_keys(scene->node));
    }
}

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void) snprintf(scene->folder, sizeof scene->folder, "/tmp/troupe-keys-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    (void) snprintf(scene->list, sizeof scene->list, "%s/list", scene->folder);
    (void) snprintf(scene->server_file, sizeof scene->server_file, "%s/server", scene->folder);
    (void) snprintf(scene->guest_file, sizeof scene->guest_file, "%s/guest", scene->folder);
    assert_ok(troupe_key_file_create(scene->server_file, NULL, scene->server_key,
                                     sizeof scene->server_key));
    assert_ok(
        troupe_key_file_create(scene->guest_file, NULL, scene->guest_key, sizeof scene->guest_key));
    write_list(scene, "all");
    const troupe_log log = {.write = count_refusals, .context = scene};
    scene->node =
        a_node(TROUPE_NODE_OPTIONS(.name = "shop", .workers = 2, .drain_timeout = TROUPE_NOW,
                                   .log = &log, .listen = "tcp://127.0.0.1:*",
                                   .key_file = scene->server_file, .allowed_file = scene->list));
    assert_ok(troupe_node_endpoint(scene->node, scene->endpoint, sizeof scene->endpoint));
    command_reach(scene->endpoint, scene->guest_file, scene->server_key);
    scene->probe = a_probe();
    scene->till = a_root_of(scene->node,
                            TROUPE_SPAWN(.name = "till", .body = till, .argument = scene->probe));
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    if (scene->node != NULL) {
        drop_node(&scene->node);
    }
    drop_probe(&scene->probe);
    command_reach(NULL, NULL, NULL);
    assert_int_equal(unlink(scene->list), 0);
    assert_int_equal(unlink(scene->server_file), 0);
    assert_int_equal(unlink(scene->guest_file), 0);
    assert_int_equal(rmdir(scene->folder), 0);
    free(scene);
    return 0;
}

/* Promise: COMMAND-SAY */
static void asks_an_actor(void **state)
{
    (void) state;
    command_ends("troupe ask till shop.Order '{\"id\": 7, \"items\": [{\"name\": \"tea\"}]}'", 0,
                 "{\"orderId\": \"7\", \"totalCents\": \"250\"}\n", NULL);
    command_shows("troupe ask --json till shop.Order '{\"id\": 7}'",
                  "d[\"error\"], d[\"type\"], d[\"answer\"][\"orderId\"]", "OK shop.Receipt 7");
    command_ends("troupe ask till stone", 1, NULL, "NO_REPLY: the receiver ended");
    command_ends("troupe ask till shop.Order '{\"id\": }'", 1, NULL,
                 "BAD_ARGUMENT: the JSON is no shop.Order: at character 8");
    command_ends("troupe ask till shop.Sold", 1, NULL, "has learned no type 'shop.Sold'");
    command_ends("troupe ask clerk shop.Order", 1, NULL, "there is no actor 'clerk'");
    command_ends("troupe ask till", 2, NULL, "it takes a TYPE, or else --text");
    command_ends("troupe ask", 2, NULL, "ACTOR is missing");
    command_ends("troupe ask till shop.Order {\"id\": 7}", 2, NULL, "is it quoted?");
}

/* Promise: COMMAND-SAY */
static void sends_to_an_actor(void **state)
{
    struct scene *scene = *state;
    command_ends("troupe send till stone", 0, NULL, NULL);
    command_ends("troupe send till --text 'so to say'", 0, NULL, NULL);
    command_ends(
        "troupe send $(troupe ps --json | python3 -c 'import json, sys; print([a[\"ref\"]"
        " for a in json.load(sys.stdin)[\"actors\"] if a[\"name\"] == \"till\"][0])')"
        " stone",
        0, NULL, NULL);
    command_ends("troupe send $(troupe ps | awk '$2 == \"till\" { print $1 }') stone", 0, NULL,
                 NULL);
    assert_true(probe_wait(scene->probe, 4));
    assert_said(scene->probe, "stone", "so to say", "stone", "stone");
}

/* Promise: COMMAND-REFUSED */
static void gives_up_when_its_key_is_refused(void **state)
{
    struct scene *scene = *state;
    char said[256];
    (void) snprintf(said, sizeof said,
                    "troupe ps: node 'command': no connection to %s: the other node refuses this "
                    "one's key; it gives up\n",
                    scene->endpoint);
    (void) snprintf(scene->guest_key, sizeof scene->guest_key, "%s", scene->server_key);
    write_list(scene, "all");
    struct program program = command_run("troupe ps --timeout 3600");
    assert_int_equal(program.status, 1);
    assert_string_equal(program.err, said);
    program_fini(&program);
    assert_in_range(scene->refusals, 1, 2); /* of its two connections */
}

/* Promise: COMMAND-REFUSED */
static void waits_for_a_node_that_is_not_there_yet(void **state)
{
    const struct scene *scene = *state;
    char line[1024];
    command_reach(NULL, NULL, NULL);
    (void) snprintf(line, sizeof line,
                    "f=%s; : >$f/err; '" COMMAND
                    "' ps --node ipc://$f/node --timeout 60 2>$f/err & p=$!;"
                    " until grep -q 'goes on trying' $f/err; do :; done;"
                    " '" COMMAND
                    "' node --listen-local ipc://$f/node 2>/dev/null & n=$!;"
                    " wait $p; s=$?; kill $n; wait $n; rm $f/err; exit $s",
                    scene->folder);
    command_ends(line, 0, "NAME", NULL);
}

static troupe_error sends_orders(troupe_self *self, void *argument)
{
    const troupe_ref *till_ref = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; !error; i++) {
        Shop__Order order = SHOP__ORDER__INIT;
        order.id = i;
        error = troupe_send(self, *till_ref, &order.base);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(2));
    }
    return TROUPE_OK;
}

/* Promise: COMMAND-TAP */
static void taps_an_actor(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = sends_orders, .argument = &scene->till));
    command_ends("troupe tap --count 3 till", 0, " bytes: {\"id\": \"", NULL);
    command_ends("troupe tap --count 3 till | tail -n 1", 0, "3 of ", NULL);
    command_shows(
        "troupe tap --json --one-in 2 --count 20 till |"
        " python3 -c 'import json, sys; print(json.dumps([json.loads(l) for l in"
        " sys.stdin]))'",
        "len(d), {b - a for a, b in zip([int(m[\"message\"][\"id\"]) for m in d],"
        " [int(m[\"message\"][\"id\"]) for m in d[1:]])}",
        "20 {2}");
    command_ends("troupe tap --for 0.2 till", 0, " messages", NULL);
    command_ends("troupe tap clerk", 1, NULL, "Tap: ");
    command_ends("troupe tap", 2, NULL, "it takes one ACTOR");
    command_ends("troupe tap --one-in 0 till", 2, NULL, "--one-in takes 1 to");
    write_list(scene, "send");
    command_ends("troupe tap till", 1, NULL, "no role for it");
}

/* So that another can tap the actor at once.
 * Promise: COMMAND-TAP */
static void a_tap_ends_in_order_at_ctrl_c(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = sends_orders, .argument = &scene->till));
    command_ends("coproc T { exec '" COMMAND
                 "' tap till; }; p=$T_PID; read -r -u ${T[0]} line;"
                 " troupe tap till; kill -INT $p; wait $p; echo \"ended with $?\"",
                 0, "ended with 0\n", "somebody taps this actor already");
    command_ends("troupe tap --count 1 till", 0, "1 of ", NULL);
}

/* Its connection is over with it, and the next need not wait until the tap is left alone.
 * Promise: COMMAND-TAP */
static void a_tap_ends_with_a_killed_command(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = sends_orders, .argument = &scene->till));
    command_ends("coproc T { exec '" COMMAND
                 "' tap till; }; p=$T_PID; read -r -u ${T[0]} line;"
                 " kill -KILL $p; wait $p 2>/dev/null; SECONDS=0;"
                 " until troupe tap --count 1 till 2>/dev/null; do :; done;"
                 " [ $SECONDS -lt 40 ] || echo too late >&2",
                 0, "1 of ", NULL);
}

/* Promise: COMMAND-ROLES */
static void who_has_no_role_is_told_so(void **state)
{
    struct scene *scene = *state;
    write_list(scene, "monitor");
    command_ends("troupe ps", 1, NULL, "gives this key no role for it");
    command_ends("troupe peers", 1, NULL, "gives this key no role for it");
    command_ends("troupe send till stone", 1, NULL, "gives this key no role for it");
    command_ends("troupe stop till", 1, NULL, "gives this key no role for it");
    write_list(scene, "inspect");
    command_ends("troupe ps", 0, "till", NULL);
    command_ends("troupe tree", 0, "till", NULL);
    command_ends("troupe ask till shop.Order '{\"id\": 1}'", 1, NULL, "no role for it");
    command_ends("troupe stop --whole-node", 1, NULL, "no role for it");
    write_list(scene, "send");
    command_ends("troupe ask till shop.Order '{\"id\": 1}'", 0, "\"1\"", NULL);
    command_ends("troupe ps", 1, NULL, "no role for it");
    command_ends("troupe ps --key-file /none/at/all", 1, NULL, "/none/at/all");
}

/* Promise: COMMAND-STOP */
static void stops_an_actor_and_the_node(void **state)
{
    struct scene *scene = *state;
    command_ends("troupe stop clerk", 1, NULL, "NO_SUCH_ACTOR");
    command_ends("troupe stop", 2, NULL, "it takes one ACTOR, or else --whole-node");
    command_ends("troupe stop --kill --cancel till", 2, NULL, "do not go together");
    command_ends("troupe stop till", 0, NULL, NULL);
    command_ends("while troupe ps | grep -q till; do :; done", 0, NULL, NULL);
    command_shows("troupe stop --json --whole-node", "d[\"error\"]", "OK");
    assert_ok(troupe_node_join(scene->node));
    drop_node(&scene->node);
}

/* Keeps the first request. */
static troupe_error ponders(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *request = NULL;
    TROUPE_AUTO(troupe_message) *other = NULL;
    const troupe_error error = troupe_receive(self, &request, TROUPE_FOREVER);
    (void) argument;
    return error ? error : troupe_receive(self, &other, TROUPE_FOREVER);
}

static troupe_error asks_for_ever(troupe_self *self, void *argument)
{
    const troupe_ref *deaf = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    (void) !troupe_ask_struct(self, *deaf, &stone_type, NULL, TROUPE_FOREVER, &reply);
    return TROUPE_OK;
}

/* Promise: COMMAND-SCHEMA */
static void json_is_as_the_document_says(void **state)
{
    struct scene *scene = *state;
    troupe_ref deaf = a_root_of(scene->node, TROUPE_SPAWN(.body = ponders));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = asks_for_ever, .argument = &deaf));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = sends_orders, .argument = &scene->till));
    command_ends("python3 '" SCHEMA "' '" COMMAND "' '" DOCUMENT "'", 0, "8 commands", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asks_an_actor, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(sends_to_an_actor, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(gives_up_when_its_key_is_refused, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(waits_for_a_node_that_is_not_there_yet, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(taps_an_actor, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_tap_ends_in_order_at_ctrl_c, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_tap_ends_with_a_killed_command, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(who_has_no_role_is_told_so, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(json_is_as_the_document_says, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(stops_an_actor_and_the_node, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
