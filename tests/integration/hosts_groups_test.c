/* SPDX-License-Identifier: MIT */
/* Groups over nodes that are processes, each connected with each other, over real tcp: members join
 * and leave, nodes are killed, come later, or are cut from another for so long that they are lost
 * to each other. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/groups.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"
#include "support/other.h"
#include "support/tcp_proxy.h"

#define GROUP "tills"
#define TILLS_MAX 8
#define MEMBERS_MAX 64
#define PEERS_MAX 4
#define WAITS_MS 25000
#define PLAIN .plain = TROUPE_PLAIN_ON_LOOPBACK, .dead_after = TROUPE_WITHIN_MS(1500)

/* A node. */

struct place {
    troupe_node *node;
    troupe_self *self; /* of its only thread of ours, which reads lines */
    troupe_ref tills[TILLS_MAX];
    uint32_t count;
    _Atomic uint32_t to_send;
    _Atomic uint32_t got;  /* by all of them */
    _Atomic uint32_t told; /* to who watches: how many members there are */
};

static troupe_error till(troupe_self *self, void *argument)
{
    struct place *place = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    error = error ? error : troupe_group_join(self, GROUP, troupe_self_ref(self));
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        atomic_fetch_add(&place->got, error == TROUPE_OK ? 1 : 0);
    }
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}

/* One more joins, the last one leaves, or ends. */

static void join(struct place *place, uint32_t number)
{
    (void) number;
    place->tills[place->count] =
        a_root_of(place->node, TROUPE_SPAWN(.body = till, .argument = place));
    place->count++;
    say_as_other("OK");
}

static void leave(struct place *place, uint32_t number)
{
    (void) number;
    place->count--;
    say_as_other("%s", troupe_error_name(
                           troupe_group_leave(place->self, GROUP, place->tills[place->count])));
}

static void end(struct place *place, uint32_t number)
{
    (void) number;
    place->count--;
    say_as_other("%s", troupe_error_name(troupe_stop(place->self, place->tills[place->count])));
}

static uint64_t mark_of(troupe_ref ref)
{
    const uint64_t mark = (ref.node ^ ref.slot) * UINT64_C(0x9e3779b97f4a7c15) + ref.generation;
    return (mark ^ mark >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

/* Waits until there are so many, and says how many there are and a mark of who they are, in
 * whatever order. */
static void members(struct place *place, uint32_t wanted)
{
    troupe_ref refs[MEMBERS_MAX];
    size_t count = 0;
    uint64_t mark = 0;
    const uint64_t until_ns = troupe_self_now_ns(place->self) + WAITS_MS * UINT64_C(1000000);
    troupe_error error = troupe_group_members(place->self, GROUP, refs, MEMBERS_MAX, &count);
    while (!error && count != wanted && troupe_self_now_ns(place->self) < until_ns) {
        error = troupe_sleep(place->self, TROUPE_WITHIN_MS(5));
        error = error ? error : troupe_group_members(place->self, GROUP, refs, MEMBERS_MAX, &count);
    }
    for (size_t i = 0; i < count && i < MEMBERS_MAX; i++) {
        mark += mark_of(refs[i]);
    }
    say_as_other("%zu members, %016" PRIx64, count, mark);
}

/* Sends so many messages, each to one; a coroutine, which waits for room. */
static troupe_error sends(troupe_self *self, void *argument)
{
    const struct place *place = argument;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < atomic_load(&place->to_send) && !error; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = a_figure(self, i + 1, &message);
        error =
            error ? error : troupe_group_send(self, GROUP, TROUPE_GROUP_LOCAL_FIRST, 0, &message);
    }
    say_as_other("%s", troupe_error_name(error));
    return error;
}

static void send_some(struct place *place, uint32_t count)
{
    atomic_store(&place->to_send, count);
    (void) a_root_of(place->node, TROUPE_SPAWN(.body = sends, .argument = place));
}

static void tell_all(struct place *place, uint32_t number)
{
    (void) number;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_group_outcome outcomes[MEMBERS_MAX];
    troupe_group_report report = {.outcomes = outcomes, .room = MEMBERS_MAX};
    troupe_error error = a_figure(place->self, 1, &message);
    error = error ? error : troupe_group_broadcast(place->self, GROUP, message, NULL, &report);
    for (size_t i = 0; i < report.count && !error; i++) {
        error = outcomes[i].error;
    }
    say_as_other("%s to %zu", troupe_error_name(error), report.count);
}

/* Waits until its members have got so many, and says how many they have. */
static void got(struct place *place, uint32_t wanted)
{
    const uint64_t until_ns = troupe_self_now_ns(place->self) + WAITS_MS * UINT64_C(1000000);
    while (atomic_load(&place->got) < wanted && troupe_self_now_ns(place->self) < until_ns &&
           troupe_sleep(place->self, TROUPE_WITHIN_MS(5)) == TROUPE_OK) {}
    say_as_other("%" PRIu32, atomic_load(&place->got));
}

static troupe_error watches(troupe_self *self, void *argument)
{
    struct place *place = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_watch_group(self, GROUP);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_group_event *event =
            error ? NULL : troupe_message_struct(message, &troupe_group_event_type);
        if (event != NULL && strcmp(event->group, GROUP) == 0) {
            atomic_store(&place->told, event->members);
        }
    }
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}

static void watch(struct place *place, uint32_t number)
{
    (void) number;
    atomic_store(&place->told, UINT32_MAX);
    (void) a_root_of(place->node, TROUPE_SPAWN(.body = watches, .argument = place));
    say_as_other("OK");
}

/* Waits until who watches is told of so many members, and says of how many. */
static void told(struct place *place, uint32_t wanted)
{
    const uint64_t until_ns = troupe_self_now_ns(place->self) + WAITS_MS * UINT64_C(1000000);
    while (atomic_load(&place->told) != wanted && troupe_self_now_ns(place->self) < until_ns &&
           troupe_sleep(place->self, TROUPE_WITHIN_MS(5)) == TROUPE_OK) {}
    say_as_other("%" PRIu32, atomic_load(&place->told));
}

static const struct {
    const char *word;
    void (*act)(struct place *place, uint32_t number);
} orders[] = {
    {"join", join},       {"leave", leave},    {"end", end},
    {"members", members}, {"send", send_some}, {"tell all", tell_all},
    {"got", got},         {"watch", watch},    {"told", told},
};

static void do_as_told(struct place *place, const char *line)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        const size_t length = strlen(orders[i].word);
        if (strncmp(line, orders[i].word, length) == 0) {
            orders[i].act(place, (uint32_t) strtoul(line + length, NULL, 10));
            return;
        }
    }
    say_as_other("no such order: %s", line);
}

/* It dials those of whom it is told, in one word, and says where it listens. */
static int be_a_node(const char *name, char *endpoints)
{
    troupe_peer peers[PEERS_MAX] = {0};
    uint32_t count = 0;
    char *rest = NULL;
    for (char *one = strtok_r(endpoints, ",", &rest); one != NULL && count < PEERS_MAX;
         one = strtok_r(NULL, ",", &rest)) {
        peers[count++].endpoint = one;
    }
    struct place place = {
        .node =
            a_node(TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .peers = peers,
                                       .peer_count = count, .listen = "tcp://127.0.0.1:*", PLAIN))};
    char endpoint[64];
    assert_ok(troupe_node_endpoint(place.node, endpoint, sizeof endpoint));
    (void) a_root_of(place.node, TROUPE_GROUPS);
    assert_ok(troupe_attach(place.node, NULL, &place.self));
    assert_ok(troupe_learn_type(place.self, &figure_type));
    say_as_other("%s", endpoint);
    const char *line = line_for_other();
    while (line != NULL) {
        do_as_told(&place, line);
        line = line_for_other();
    }
    assert_ok(troupe_detach(&place.self));
    drop_node(&place.node);
    return 0;
}

/* The test. */

#define NODES_MAX 4

struct fleet {
    struct other *nodes[NODES_MAX];
    char endpoints[NODES_MAX][64]; /* where those that come later dial it */
    uint32_t count;
};

/* It dials all that there are. */
static struct other *add_node(struct fleet *fleet)
{
    const uint32_t index = fleet->count++;
    char name[8];
    char peers[120] = ",";
    (void) snprintf(name, sizeof name, "n%u", index);
    for (uint32_t i = 0; i < index; i++) {
        const size_t length = strlen(peers);
        (void) snprintf(peers + length, sizeof peers - length, "%s,",
                        fleet->nodes[i] != NULL ? fleet->endpoints[i] : "");
    }
    fleet->nodes[index] = an_other(name, peers);
    (void) snprintf(fleet->endpoints[index], sizeof fleet->endpoints[index], "%s",
                    other_hears_back(fleet->nodes[index]));
    return fleet->nodes[index];
}

static void drop_fleet(struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++) {
        if (fleet->nodes[i] != NULL) {
            drop_other(&fleet->nodes[i]);
        }
    }
}

static void assert_answers(struct other *other, const char *line, const char *answer)
{
    assert_string_equal(other_asked(other, line), answer);
}

/* All know so many members, and the same; *out_said becomes what they say of them. */
static void assert_members(const struct fleet *fleet, uint32_t wanted, char out_said[64])
{
    char order[32];
    char begin[32];
    (void) snprintf(order, sizeof order, "members %" PRIu32, wanted);
    (void) snprintf(begin, sizeof begin, "%" PRIu32 " members,", wanted);
    out_said[0] = '\0';
    for (uint32_t i = 0; i < fleet->count; i++) {
        if (fleet->nodes[i] == NULL) {
            continue;
        }
        const char *said = other_asked(fleet->nodes[i], order);
        assert_memory_equal(said, begin, strlen(begin));
        if (out_said[0] == '\0') {
            (void) snprintf(out_said, 64, "%s", said);
        }
        assert_string_equal(said, out_said);
    }
}

static void add_members(struct other *node, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_answers(node, "join", "OK");
    }
}

/* Promise: GROUPS-HOSTS */
static void members_of_all_processes_are_known_and_sent_to(void **state)
{
    (void) state;
    char said[64];
    struct fleet fleet = {0};
    struct other *till_two = add_node(&fleet);
    struct other *till_one = add_node(&fleet);
    struct other *office = add_node(&fleet);
    add_members(till_two, 2);
    add_members(till_one, 1);
    assert_members(&fleet, 3, said);

    assert_answers(till_two, "send 10", "OK"); /* to its own */
    assert_answers(till_two, "got 10", "10");
    assert_answers(office, "send 30", "OK"); /* in turn */
    assert_answers(till_two, "got 30", "30");
    assert_answers(till_one, "got 10", "10");
    assert_answers(till_one, "tell all", "OK to 3");
    assert_answers(till_two, "got 32", "32");
    assert_answers(till_one, "got 11", "11");

    assert_answers(till_two, "leave", "OK");
    assert_members(&fleet, 2, said);
    assert_answers(till_one, "end", "OK");
    assert_members(&fleet, 1, said);
    assert_answers(till_one, "send 5", "OK"); /* it has none any more */
    assert_answers(till_two, "got 37", "37");
    add_members(office, 1);
    assert_members(&fleet, 2, said);
    drop_other(&fleet.nodes[0]); /* it leaves */
    assert_members(&fleet, 1, said);
    assert_answers(till_one, "got 0", "11");
    drop_fleet(&fleet);
}

/* Promise: GROUPS-HOSTS */
static void members_go_with_a_killed_process_and_late_ones_learn_the_rest(void **state)
{
    (void) state;
    char said[64];
    struct fleet fleet = {0};
    for (uint32_t i = 0; i < 3; i++) {
        add_members(add_node(&fleet), 2);
    }
    assert_members(&fleet, 6, said);
    kill_other(&fleet.nodes[1]);
    assert_members(&fleet, 4, said);
    struct other *late = add_node(&fleet);
    assert_members(&fleet, 4, said);
    add_members(late, 1);
    assert_members(&fleet, 5, said);
    assert_answers(late, "tell all", "OK to 5");
    assert_answers(fleet.nodes[0], "got 2", "2");
    assert_answers(fleet.nodes[2], "got 2", "2");
    assert_answers(late, "got 1", "1");
    drop_fleet(&fleet);
}

static void assert_told(struct other *node, const char *members)
{
    char order[32];
    (void) snprintf(order, sizeof order, "told %s", members);
    assert_answers(node, order, members);
}

/* Promise: GROUPS-EVENTS */
static void who_watches_is_told_of_members_of_other_processes(void **state)
{
    (void) state;
    struct fleet fleet = {0};
    struct other *till_one = add_node(&fleet);
    struct other *office = add_node(&fleet);
    assert_answers(office, "watch", "OK");
    assert_told(office, "0");
    add_members(till_one, 2);
    assert_told(office, "2");
    add_members(office, 1);
    assert_told(office, "3");
    assert_answers(till_one, "leave", "OK");
    assert_told(office, "2");
    assert_answers(till_one, "end", "OK");
    assert_told(office, "1");
    add_members(add_node(&fleet), 3); /* it comes late */
    assert_told(office, "4");
    add_members(till_one, 1);
    assert_told(office, "5");
    kill_other(&fleet.nodes[2]);
    assert_told(office, "2");
    drop_other(&fleet.nodes[0]); /* it leaves */
    assert_told(office, "1");
    drop_fleet(&fleet);
}

/* Promise: GROUPS-HOSTS */
static void each_is_a_member_once_after_a_cut(void **state)
{
    (void) state;
    char before[64];
    char said[64];
    struct fleet fleet = {0};
    const struct tcp_faults cut = {.is_closed = true};
    const struct tcp_faults none = {0};
    add_members(add_node(&fleet), 2);
    add_members(add_node(&fleet), 1);
    struct tcp_proxy *proxy = a_tcp_proxy(fleet.endpoints[0]);
    (void) snprintf(fleet.endpoints[0], sizeof fleet.endpoints[0], "%s", tcp_proxy_endpoint(proxy));
    add_members(add_node(&fleet), 1); /* dials the first by the proxy */
    assert_members(&fleet, 4, before);

    tcp_proxy_be(proxy, &cut); /* so long that each is lost to the other, and nobody to the third */
    tcp_proxy_cut(proxy);
    assert_answers(fleet.nodes[1], "members 4", before);
    assert_memory_equal(other_asked(fleet.nodes[0], "members 3"), "3 members", 9);
    assert_memory_equal(other_asked(fleet.nodes[2], "members 2"), "2 members", 9);
    tcp_proxy_be(proxy, &none);
    assert_members(&fleet, 4, said);
    assert_string_equal(said, before);

    tcp_proxy_be(proxy, &cut); /* what changes meanwhile is known afterwards */
    tcp_proxy_cut(proxy);
    assert_memory_equal(other_asked(fleet.nodes[2], "members 2"), "2 members", 9);
    assert_answers(fleet.nodes[0], "end", "OK");
    add_members(fleet.nodes[2], 2);
    tcp_proxy_be(proxy, &none);
    assert_members(&fleet, 5, said);
    tcp_proxy_cut(proxy); /* no longer than a moment: nobody is lost */
    assert_answers(fleet.nodes[0], "tell all", "OK to 5");
    assert_answers(fleet.nodes[2], "got 3", "3");
    assert_answers(fleet.nodes[1], "got 1", "1");
    assert_members(&fleet, 5, before);
    assert_string_equal(said, before);
    drop_fleet(&fleet);
    drop_tcp_proxy(&proxy);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        return be_a_node(argv[1], argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_all_processes_are_known_and_sent_to),
        cmocka_unit_test(members_go_with_a_killed_process_and_late_ones_learn_the_rest),
        cmocka_unit_test(who_watches_is_told_of_members_of_other_processes),
        cmocka_unit_test(each_is_a_member_once_after_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
