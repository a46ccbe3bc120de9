/* SPDX-License-Identifier: MIT */
/* Tests the store under crashes, stalls and cuts: kv_test [answers-early | reads-once] [SEEDS].
 * docs/testing.md walks through it. */
#include "kv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/simulate.h>
#include <troupe/simulation_store.h>

enum {
    CLIENTS = 2
};

#define KEY "colour"

/* One run: its replicas, and what its clients have seen, which outlives their crashes. */
struct town {
    troupe_simulation *simulation;
    struct kv_directory directory;
    kv_mistake mistake;
    struct kv_version highest; /* that a put or a get has ended with */
    uint32_t in_a_row[CLIENTS];
};

struct house {
    struct town *town;
    uint32_t node;
    struct kv_replica replica;
    uint32_t client;
};

/* The disk. */

static troupe_error disk_write(void *context, const char *key, const struct kv_value *value)
{
    const struct house *house = context;
    troupe_simulation_say(house->town->simulation, house->node, "writes version %" PRIu64 ".%04x",
                          value->version.counter, (unsigned) (value->version.writer & 0xffff));
    return troupe_simulation_write(house->town->simulation, house->node, key, 0, value,
                                   sizeof *value);
}

static troupe_error disk_sync(void *context, const char *key)
{
    const struct house *house = context;
    return troupe_simulation_sync(house->town->simulation, house->node, key);
}

static void disk_read(void *context, const char *key, struct kv_value *out_value)
{
    const struct house *house = context;
    *out_value = (struct kv_value) {0};
    (void) troupe_simulation_read(house->town->simulation, house->node, key, 0, out_value,
                                  sizeof *out_value);
}

/* What has to be true: who begins when a version is known to have been put or read ends with that
 * one or a newer one; a put always with a newer one. */
static void judge(const struct house *house, const char *what, struct kv_version floor,
                  struct kv_version got, bool is_put)
{
    struct town *town = house->town;
    troupe_simulation_say(town->simulation, house->node, "%s ends with version %" PRIu64 ".%04x",
                          what, got.counter, (unsigned) (got.writer & 0xffff));
    if (kv_is_newer(floor, got) || (is_put && !kv_is_newer(got, floor))) {
        troupe_simulation_fail(town->simulation,
                               "a %s ended with version %" PRIu64
                               ".%04x, but when it began "
                               "version %" PRIu64 ".%04x was there",
                               what, got.counter, (unsigned) (got.writer & 0xffff), floor.counter,
                               (unsigned) (floor.writer & 0xffff));
    }
    if (kv_is_newer(got, town->highest)) {
        town->highest = got;
    }
}

static troupe_error do_one(troupe_self *self, struct kv_client *client, const struct house *house)
{
    const struct kv_version floor = house->town->highest;
    const bool is_put = troupe_self_random(self) % 3 == 0;
    const char *what = is_put ? "put" : "get";
    struct kv_value value = {0};
    troupe_simulation_say(house->town->simulation, house->node, "%s begins", what);
    const troupe_error error = is_put ? kv_put(self, client, KEY, "red", &value.version)
                                      : kv_get(self, client, KEY, &value);
    if (!error) {
        judge(house, what, floor, value.version, is_put);
    } else {
        troupe_simulation_say(house->town->simulation, house->node, "%s fails: %s", what,
                              troupe_error_name(error));
    }
    return error;
}

static troupe_error customer(troupe_self *self, void *argument)
{
    const struct house *house = argument;
    uint32_t *in_a_row = &house->town->in_a_row[house->client];
    struct kv_client client;
    troupe_error error =
        kv_client_init(&client, self, &house->town->directory, house->town->mistake);
    while (!error) {
        *in_a_row = do_one(self, &client, house) == TROUPE_OK ? *in_a_row + 1 : 0;
        error = troupe_sleep(self, TROUPE_WITHIN_US(1 + troupe_self_random(self) % 5000));
    }
    return error;
}

/* The scenario. */

static troupe_error start_replica(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct house *house = context;
    troupe_ref ref;
    struct kv_value value;
    house->node = node;
    house->town->directory.nodes[node] = troupe_simulation_node_id(simulation, node);
    disk_read(house, KEY, &value);
    troupe_simulation_say(simulation, node, "comes up with version %" PRIu64 ".%04x",
                          value.version.counter, (unsigned) (value.version.writer & 0xffff));
    return troupe_simulation_spawn(
        simulation, node,
        TROUPE_SPAWN(.name = "kv", .body = kv_replica, .argument = &house->replica), &ref);
}

static troupe_error start_client(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct house *house = context;
    troupe_ref ref;
    house->node = node;
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = customer, .argument = house), &ref);
}

static troupe_error build(struct town *town, struct house *houses)
{
    static const char *const names[] = {"a", "b", "c", "x", "y"};
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < KV_REPLICAS + CLIENTS && !error; i++) {
        struct house *house = &houses[i];
        const bool is_replica = i < KV_REPLICAS;
        uint32_t node = 0;
        *house = (struct house) {
            .town = town,
            .replica = {.disk = {disk_write, disk_sync, disk_read, house},
                        .mistake = town->mistake},
            .client = is_replica ? 0 : i - KV_REPLICAS,
        };
        error = troupe_simulation_add(
            town->simulation,
            TROUPE_SIMULATION_NODE(.name = names[i],
                                   .start = is_replica ? start_replica : start_client,
                                   .context = house),
            &node);
    }
    return error;
}

static bool is_serving(troupe_simulation *simulation, void *context)
{
    const struct town *town = context;
    (void) simulation;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        if (town->in_a_row[i] < 10) {
            return false;
        }
    }
    return true;
}

static troupe_error survives(troupe_simulation *simulation, void *context)
{
    static struct house houses[KV_REPLICAS + CLIENTS];
    struct town *town = context;
    *town = (struct town) {.simulation = simulation, .mistake = town->mistake};
    troupe_error error = build(town, houses);
    if (!error) { /* safety: while everything goes wrong */
        error = troupe_simulation_rate(simulation,
                                       TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_MS(300),
                                                               .crash_for = TROUPE_WITHIN_MS(100),
                                                               .stall_every = TROUPE_WITHIN_MS(500),
                                                               .stall_for = TROUPE_WITHIN_MS(100),
                                                               .cut_every = TROUPE_WITHIN_MS(300),
                                                               .cut_for = TROUPE_WITHIN_MS(200)));
    }
    if (!error) {
        error = troupe_simulation_script(simulation, "at 1 s delay all by 1 ms to 10 ms for 1 s");
    }
    if (!error) {
        error = troupe_simulation_run(simulation, TROUPE_WITHIN_S(3));
    }
    memset(town->in_a_row, 0, sizeof town->in_a_row);
    return error ? error /* liveness: when nothing is in the way any more */
                 : troupe_simulation_settle(simulation, is_serving, town, TROUPE_WITHIN_S(3));
}

int main(int argc, char **argv)
{
    static struct town town;
    int next = 1;
    if (argc > next && strcmp(argv[next], "answers-early") == 0) {
        town.mistake = KV_ANSWERS_EARLY;
        next++;
    } else if (argc > next && strcmp(argv[next], "reads-once") == 0) {
        town.mistake = KV_READS_ONCE;
        next++;
    }
    const uint64_t seeds = argc > next ? strtoull(argv[next], NULL, 10) : 0;
    char command[256];
    (void) snprintf(command, sizeof command, "%s%s%s", argv[0], next > 1 ? " " : "",
                    next > 1 ? argv[1] : "");
    const troupe_error error =
        troupe_simulate(TROUPE_SIMULATE(.seeds = seeds, .command = command), survives, &town);
    (void) printf("%s\n", error ? "failed" : "passed");
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
