/* SPDX-License-Identifier: MIT */
/* A node that sends more than another takes: the memory of both is bounded, it is slowed down, and
 * that by the slow actor alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "core/shake.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "support/other.h"
#include "support/tcp_proxy.h"

/* Sanitizers keep what is freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_COUNTS 0
#define FIRST_MS 500
#define SECOND_MS 1000
#else
#define MEMORY_COUNTS 1
#define FIRST_MS 2000
#define SECOND_MS 8000
#endif
#define SENDERS 4
#define PAIRS 2
#define TIMES_QUICKER TR_SHAKEN(10, 3)
#define SLACK_BYTES (UINT64_C(4) << 20)
#define DRAIN .drain_timeout = TROUPE_WITHIN_MS(100)

/* Takes a message each ms, which is a hundred times slower than they come. */
static troupe_error dawdles(troupe_self *self, void *argument)
{
    uint64_t *came = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = numbered_learn(self);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        *came += error ? 0 : 1;
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    return error;
}

static uint64_t overflows(troupe_node *node)
{
    troupe_snapshot *snapshot = NULL;
    assert_ok(troupe_node_snapshot(node, &snapshot));
    const uint64_t count = snapshot->node.dead_letters[TROUPE_DEAD_OVERFLOW];
    troupe_snapshot_destroy(&snapshot);
    return count;
}

/* When memory is looked at: TROUPE_OVERLOAD, for a long run, has it be after 5 s and after 60. */
static troupe_timeout time_of_look(bool is_first)
{
    const bool is_long = getenv("TROUPE_OVERLOAD") != NULL; /* NOLINT(concurrency-mt-unsafe) */
    return TROUPE_WITHIN_MS(is_long ? (is_first ? 5000 : 55000) : is_first ? FIRST_MS : SECOND_MS);
}

/* Says when it is time. */
static troupe_error tells_time(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ready(self);
    troupe_error error = troupe_sleep(self, time_of_look(true));
    say_as_other("first %s", troupe_error_name(error));
    error = troupe_sleep(self, time_of_look(false));
    say_as_other("second %s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Says who it is, and at its end how many numbers have come. */
static int consume(bool is_slow)
{
    struct numbered_receiver receiver = {0};
    uint64_t dawdled = 0;
    char own[64];
    troupe_node *node = a_node(
        TROUPE_NODE_OPTIONS(.name = "consumer", .workers = 1, DRAIN, .listen = "tcp://127.0.0.1:*",
                            .dead_after = TROUPE_WITHIN_S(60), .plain = TROUPE_PLAIN_ON_LOOPBACK));
    if (is_slow) {
        (void) a_root_of(node,
                         TROUPE_SPAWN(.name = "numbers", .body = dawdles, .argument = &dawdled));
    }
    (void) a_root_of(node, TROUPE_SPAWN(NUMBERED_RECEIVER, .name = is_slow ? "quick" : "numbers",
                                        .argument = &receiver));
    assert_ok(troupe_node_endpoint(node, own, sizeof own));
    say_as_other("%" PRIu64 " %s", troupe_node_id(node), own);
    while (line_for_other() != NULL) {}
    const uint64_t refused = overflows(node);
    drop_node(&node);
    if (is_slow && (dawdled == 0 || receiver.came < TIMES_QUICKER * dawdled)) {
        (void) fprintf(stderr, "the slow one took %" PRIu64 ", the quick one only %" PRIu64 "\n",
                       dawdled, receiver.came);
        return 1;
    }
    return receiver.wrong == 0 && receiver.came > 0 && refused == 0 ? 0 : 1;
}

/* `whom` is as the consumer said; the last sender sends to `last`. */
static int produce(const char *whom, const char *last)
{
    char *end = NULL;
    struct numbered_sender senders[SENDERS + 1];
    struct probe *probe = a_probe();
    const uint64_t id = strtoull(whom, &end, 10);
    const troupe_peer peer = {.endpoint = end + 1};
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.name = "producer", .workers = 1, DRAIN, .peers = &peer,
                                   .peer_count = 1, .dead_after = TROUPE_WITHIN_S(60),
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    for (uint32_t i = 0; i <= SENDERS; i++) {
        senders[i] = (struct numbered_sender) {.node = id,
                                               .name = i < SENDERS ? "numbers" : last,
                                               .sender = i,
                                               .count = UINT64_MAX,
                                               .asks_after = UINT32_MAX,
                                               .probe = probe};
        (void) a_root_of(node, TROUPE_SPAWN(.body = numbered_sends, .argument = &senders[i]));
    }
    (void) a_root_of(node, TROUPE_SPAWN(.body = tells_time));
    while (line_for_other() != NULL) {} /* until it is killed */
    return 1;
}

/* Of physical memory. */
static uint64_t resident_bytes(const struct other *other)
{
    char path[64];
    char text[128] = "";
    char *end = NULL;
    (void) snprintf(path, sizeof path, "/proc/%d/statm", (int) other->pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_int_equal(fclose(file), 0);
    (void) strtoull(text, &end, 10);
    return strtoull(end, NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE);
}

struct pair {
    struct other *ends[2]; /* consumer and producer */
    struct tcp_proxy *proxy;
    uint64_t resident[2];
};

static void start(struct pair *pair, const char *consumer, const char *producer,
                  uint32_t bytes_per_s)
{
    char whom[128];
    const char *endpoint = NULL;
    pair->ends[0] = an_other(consumer, "");
    const char *said = other_hears_back(pair->ends[0]);
    endpoint = strchr(said, ' ') + 1;
    pair->proxy = a_tcp_proxy(endpoint);
    tcp_proxy_be(pair->proxy, &(const struct tcp_faults) {.bytes_per_s = bytes_per_s});
    (void) snprintf(whom, sizeof whom, "%.*s %s", (int) (endpoint - 1 - said), said,
                    tcp_proxy_endpoint(pair->proxy));
    pair->ends[1] = an_other(producer, whom);
}

static void look(struct pair *pair, const char *name, bool is_first)
{
    for (int i = 0; i < 2; i++) {
        const uint64_t resident = resident_bytes(pair->ends[i]);
        if (is_first) {
            pair->resident[i] = resident;
        } else if (MEMORY_COUNTS &&
                   resident > pair->resident[i] + pair->resident[i] / 50 + SLACK_BYTES) {
            fail_msg("%s: the %s had %" PRIu64 " bytes and has %" PRIu64, name,
                     i == 0 ? "consumer" : "producer", pair->resident[i], resident);
        }
    }
}

/* Promise: HOSTS-OVERLOAD */
static void memory_stays_what_it_is(void **state)
{
    (void) state;
    static const char *const names[] = {"slow line", "slow consumer"};
    struct pair pairs[PAIRS] = {0};
    start(&pairs[0], "consume", "produce", 200000);
    start(&pairs[1], "dawdle", "produce both", 0);
    for (int i = 0; i < PAIRS; i++) {
        assert_string_equal(other_hears_back(pairs[i].ends[1]), "first OK");
        look(&pairs[i], names[i], true);
    }
    for (int i = 0; i < PAIRS; i++) {
        assert_string_equal(other_hears_back(pairs[i].ends[1]), "second OK");
        look(&pairs[i], names[i], false);
    }
    for (int i = 0; i < PAIRS; i++) {
        kill_other(&pairs[i].ends[1]); /* who does nothing but send would be told to stop in vain */
        drop_other(&pairs[i].ends[0]);
        drop_tcp_proxy(&pairs[i].proxy);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        if (strncmp(argv[1], "produce", 7) == 0) {
            return produce(argv[2], strcmp(argv[1], "produce") == 0 ? "numbers" : "quick");
        }
        return consume(strcmp(argv[1], "dawdle") == 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_stays_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
