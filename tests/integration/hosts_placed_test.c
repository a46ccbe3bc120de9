/* SPDX-License-Identifier: MIT */
/* Children of a supervisor on nodes that are processes, over real tcp: killed, left, come back. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "support/node_fixture.h"
#include "support/other.h"

#define CHILDREN 6
#define OTHERS 3
#define PLAIN .plain = TROUPE_PLAIN_ON_LOOPBACK, .dead_after = TROUPE_WITHIN_MS(1500)

/* The other nodes. */

static _Atomic uint32_t living;

static troupe_error works(troupe_self *self, void *argument)
{
    (void) argument;
    atomic_fetch_add(&living, 1);
    const troupe_error error = troupe_sleep(self, TROUPE_FOREVER);
    atomic_fetch_sub(&living, 1);
    return error;
}

static troupe_error offers(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_offer(self, "worker", TROUPE_SPAWN(.body = works), NULL);
}

/* Says how many of its workers live whenever it reads a line. */
static int be_a_node(const char *name, const char *endpoint)
{
    const troupe_peer peer = {.endpoint = endpoint};
    troupe_node *node = a_node(
        TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .peers = &peer, .peer_count = 1, PLAIN));
    (void) a_root_of(node, TROUPE_SPAWN(.body = offers));
    say_as_other("there");
    while (line_for_other() != NULL) {
        say_as_other("%" PRIu32, atomic_load(&living));
    }
    drop_node(&node);
    return 0;
}

/* The node that supervises. */

static const troupe_placement placement =
    TROUPE_PLACEMENT(.name = "worker", .not_here = 1, .start_timeout = TROUPE_CONSTANT_S(20));
#define A_CHILD                                                                                    \
    TROUPE_CHILD(.id = "worker", .placement = &placement, .ready_timeout = TROUPE_CONSTANT_FOREVER)
static const troupe_child_spec children[CHILDREN] = {A_CHILD, A_CHILD, A_CHILD,
                                                     A_CHILD, A_CHILD, A_CHILD};
static const troupe_supervisor_spec shop =
    TROUPE_SUPERVISOR(.name = "shop", .children = children, .child_count = CHILDREN,
                      .restarts_max = TROUPE_NO_RESTARTS);

static uint32_t count_on(const troupe_ref *refs, uint64_t node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < CHILDREN; i++) {
        count += refs[i].node == node ? 1 : 0;
    }
    return count;
}

/* How many are on "n0", "n1" and "n2", in one line: "2 2 2", or "-" where there is no such node. */
static troupe_error tell(troupe_self *self, const troupe_child_info *infos, char *line, size_t size)
{
    troupe_ref refs[CHILDREN];
    troupe_error error = TROUPE_OK;
    line[0] = '\0';
    for (uint32_t i = 0; i < CHILDREN && error == TROUPE_OK; i++) {
        error = troupe_placed(self, infos[i].ref, TROUPE_WITHIN_S(10), &refs[i]);
    }
    for (uint32_t i = 0; i < OTHERS && error == TROUPE_OK; i++) {
        uint64_t node = 0;
        char name[8];
        char count[16] = "-";
        (void) snprintf(name, sizeof name, "n%u", i);
        if (troupe_await_node(self, name, TROUPE_NOW, &node) == TROUPE_OK) {
            (void) snprintf(count, sizeof count, "%u", count_on(refs, node));
        }
        const size_t length = strlen(line);
        (void) snprintf(line + length, size - length, "%s%s", i > 0 ? " " : "", count);
    }
    return error;
}

static troupe_error supervises(troupe_self *self, void *argument)
{
    struct probe *probe = argument;
    char last[64] = "";
    char line[64];
    uint64_t node = 0;
    size_t count = 0;
    troupe_ref supervisor;
    troupe_child_info infos[CHILDREN];
    troupe_ready(self);
    troupe_error error = troupe_await_node(self, "n0", TROUPE_WITHIN_S(20), &node);
    error = error ? error : troupe_await_node(self, "n1", TROUPE_WITHIN_S(20), &node);
    error = error ? error : troupe_await_node(self, "n2", TROUPE_WITHIN_S(20), &node);
    error = error ? error : troupe_supervise(self, &shop, &supervisor);
    error = error
                ? error
                : troupe_child_list(self, supervisor, TROUPE_WITHIN_S(5), infos, CHILDREN, &count);
    while (error == TROUPE_OK) {
        const troupe_error told = tell(self, infos, line, sizeof line);
        if (told == TROUPE_OK && strcmp(line, last) != 0) {
            probe_say(probe, "%s", line);
            memcpy(last, line, sizeof last);
        }
        error = troupe_sleep(self, TROUPE_WITHIN_MS(20));
    }
    probe_say(probe, "%s", troupe_error_name(error));
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}

static uint32_t living_on(struct other *other)
{
    return (uint32_t) strtoul(other_asked(other, "how many"), NULL, 10);
}

static struct other *a_neighbour(const char *name, const char *endpoint)
{
    struct other *other = an_other(name, endpoint);
    assert_string_equal(other_hears_back(other), "there");
    return other;
}

/* Promise: PLACED-HOSTS */
static void children_are_placed_anew_when_processes_go(void **state)
{
    (void) state;
    static const char *const names[] = {"n0", "n1", "n2"};
    char endpoint[64];
    struct other *others[OTHERS];
    struct probe *probe = a_probe();
    troupe_node *boss = a_node(
        TROUPE_NODE_OPTIONS(.name = "boss", .workers = 1, .listen = "tcp://127.0.0.1:*", PLAIN));
    assert_ok(troupe_node_endpoint(boss, endpoint, sizeof endpoint));
    for (uint32_t i = 0; i < OTHERS; i++) {
        others[i] = a_neighbour(names[i], endpoint);
    }
    (void) a_root_of(boss, TROUPE_SPAWN(.body = supervises, .argument = probe));
    assert_true(probe_wait_for(probe, "2 2 2"));

    kill_other(&others[0]); /* nobody says goodbye */
    assert_true(probe_wait_for(probe, "- 3 3"));
    assert_int_equal(living_on(others[1]) + living_on(others[2]), CHILDREN);

    others[0] = a_neighbour(names[0], endpoint);
    assert_true(probe_wait_for(probe, "0 3 3"));
    drop_other(&others[1]); /* it leaves */
    assert_true(probe_wait_for(probe, "3 - 3"));
    assert_int_equal(living_on(others[0]) + living_on(others[2]), CHILDREN);

    kill_other(&others[0]); /* all go */
    kill_other(&others[2]);
    others[1] = a_neighbour(names[1], endpoint);
    assert_true(probe_wait_for(probe, "- 6 -"));
    assert_int_equal(living_on(others[1]), CHILDREN);

    drop_node(&boss); /* which stops them */
    for (uint32_t i = 0; i < 1000 && living_on(others[1]) > 0; i++) {}
    assert_int_equal(living_on(others[1]), 0);
    drop_other(&others[1]);
    drop_probe(&probe);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        return be_a_node(argv[1], argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_are_placed_anew_when_processes_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
