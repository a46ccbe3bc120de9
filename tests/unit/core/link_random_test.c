/* SPDX-License-Identifier: MIT */
/* Random graphs of links between actors that are moved about, made and ended at random, and whose
 * ends fail, return, are stopped and cancelled, several at once: who is linked to one that failed
 * is told once or struck, as the rule says, and nobody hears of an orderly end. */
#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 300
#define ACTORS 12
#define ROUNDS 4
#define SECOND UINT64_C(1000000000)

enum {
    LINK = 1,
    UNLINK,
    FAIL,
    RETURN
};

struct order {
    uint32_t what;
    uint32_t whom;
};
static const troupe_type order_type = TROUPE_TYPE(struct order);

struct graph {
    troupe_ref refs[ACTORS];
    bool traps[ACTORS];
    bool has_ended[ACTORS];
    troupe_error reasons[ACTORS]; /* of the ends, as their DOWN tells */
    bool are_linked[ACTORS][ACTORS];
    bool is_loose[ACTORS][ACTORS]; /* unlinked while others end: told or not */
    unsigned heard[ACTORS][ACTORS];
    troupe_error said[ACTORS][ACTORS]; /* the reason in the exit */
    unsigned unlinked;                 /* calls that found a link */
    uint64_t strikes;
    uint64_t exits;
    const char *fault;
};

struct seat {
    struct graph *graph;
    uint32_t index;
};

static void blame(struct graph *graph, bool is_wrong, const char *fault)
{
    graph->fault = is_wrong && graph->fault == NULL ? fault : graph->fault;
}

static uint32_t draw(troupe_self *self, uint64_t below)
{
    return (uint32_t) (troupe_self_random(self) % below);
}

static uint32_t find(const struct graph *graph, troupe_ref ref)
{
    uint32_t i = 0;
    while (i < ACTORS && !troupe_ref_is_same(graph->refs[i], ref)) {
        i++;
    }
    return i;
}

static void hear(const struct seat *seat, const troupe_down *exit)
{
    struct graph *graph = seat->graph;
    const uint32_t from = find(graph, exit->actor);
    blame(graph, !graph->traps[seat->index], "an exit for one that does not trap");
    blame(graph, from == ACTORS, "an exit of a stranger");
    if (from < ACTORS) {
        graph->heard[seat->index][from]++;
        graph->said[seat->index][from] = exit->reason;
        graph->exits++;
    }
}

static troupe_error obey(troupe_self *self, const struct seat *seat, const struct order *order)
{
    struct graph *graph = seat->graph;
    switch (order->what) {
    case LINK:
        blame(graph, troupe_link(self, graph->refs[order->whom]) != TROUPE_OK, "no link");
        return TROUPE_OK;
    case UNLINK:
        graph->unlinked += troupe_unlink(self, graph->refs[order->whom]) ? 1 : 0;
        return TROUPE_OK;
    case FAIL:
        return TROUPE_ERROR_PROTOCOL;
    default:
        return TROUPE_ERROR_END;
    }
}

static troupe_error sits(troupe_self *self, void *argument)
{
    const struct seat *seat = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const struct order *order = error ? NULL : troupe_message_struct(message, &order_type);
        const troupe_down *exit = error ? NULL : troupe_message_struct(message, &troupe_exit_type);
        if (exit != NULL) {
            hear(seat, exit);
        } else if (order != NULL) {
            error = obey(self, seat, order);
        }
    }
    return error == TROUPE_ERROR_END ? TROUPE_OK : error;
}

static void instruct(troupe_self *self, const struct graph *graph, uint32_t who, uint32_t what,
                     uint32_t whom)
{
    const struct order order = {what, whom};
    (void) troupe_send_struct(self, graph->refs[who], &order_type, &order); /* it may have gone */
}

/* Until all have done what they were told, and the ends are known. */
static void settle(troupe_self *self, struct graph *graph)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(200)) == TROUPE_OK) {
        const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
        const uint32_t who = down != NULL ? find(graph, down->actor) : ACTORS;
        if (who < ACTORS) {
            blame(graph, graph->has_ended[who], "two ends of one");
            graph->has_ended[who] = true;
            graph->reasons[who] = down->reason;
        }
    }
}

/* Two that live and are not the same. */
static bool draw_pair(troupe_self *self, const struct graph *graph, uint32_t *out_a,
                      uint32_t *out_b)
{
    *out_a = draw(self, ACTORS);
    *out_b = draw(self, ACTORS);
    return *out_a != *out_b && !graph->has_ended[*out_a] && !graph->has_ended[*out_b];
}

static void set_linked(struct graph *graph, uint32_t a, uint32_t b, bool are)
{
    graph->are_linked[a][b] = are;
    graph->are_linked[b][a] = are;
}

static void knit(troupe_self *self, struct graph *graph)
{
    uint32_t a;
    uint32_t b;
    for (int i = 0; i < 10; i++) {
        if (draw_pair(self, graph, &a, &b)) {
            set_linked(graph, a, b, true);
            instruct(self, graph, a, LINK, b);
            if (draw(self, 3) == 0) {
                instruct(self, graph, b, LINK, a); /* at once, or again */
            }
        }
    }
    settle(self, graph);
    for (int i = 0; i < 4; i++) {
        if (draw_pair(self, graph, &a, &b)) {
            set_linked(graph, a, b, false);
            instruct(self, graph, a, UNLINK, b);
        }
    }
    settle(self, graph);
}

static void end_one(troupe_self *self, const struct graph *graph, uint32_t who)
{
    switch (draw(self, 4)) { /* a cascade may have been there before */
    case 0:
        (void) troupe_stop(self, graph->refs[who]);
        break;
    case 1:
        (void) troupe_cancel(self, graph->refs[who]);
        break;
    case 2:
        instruct(self, graph, who, FAIL, 0);
        break;
    default:
        instruct(self, graph, who, RETURN, 0);
        break;
    }
}

static void end_some(troupe_self *self, struct graph *graph)
{
    uint32_t a;
    uint32_t b;
    for (uint32_t count = 1 + draw(self, 3); count > 0; count--) {
        end_one(self, graph, draw(self, ACTORS));
        if (draw(self, 3) == 0 && draw_pair(self, graph, &a, &b)) {
            graph->is_loose[a][b] = true;
            graph->is_loose[b][a] = true;
            instruct(self, graph, a, UNLINK, b);
        }
    }
    settle(self, graph);
}

/* What the end of `other` was to `one`, which was linked to it before. */
static void look_at(struct graph *graph, uint32_t one, uint32_t other, bool *in_out_has_cause)
{
    const bool has_failed = graph->has_ended[other] && graph->reasons[other] != TROUPE_OK;
    const bool is_loose = graph->is_loose[one][other];
    const unsigned heard = graph->heard[one][other];
    *in_out_has_cause = *in_out_has_cause || has_failed;
    blame(graph, heard > 1, "one end is told twice");
    blame(graph, heard > 0 && !has_failed, "an orderly end is told");
    blame(graph, heard > 0 && graph->said[one][other] != graph->reasons[other], "a wrong reason");
    if (has_failed && !is_loose && !graph->has_ended[one]) {
        blame(graph, !graph->traps[one], "one goes on though the other failed");
        blame(graph, heard != 1, "an end is not told");
    }
}

static void look(struct graph *graph, const bool *had_ended)
{
    for (uint32_t i = 0; i < ACTORS; i++) {
        bool has_cause = false;
        for (uint32_t k = 0; k < ACTORS && !had_ended[i]; k++) {
            if (graph->are_linked[i][k]) {
                look_at(graph, i, k, &has_cause);
            } else {
                blame(graph, !had_ended[k] && graph->heard[i][k] > 0, "told without a link");
            }
        }
        const bool is_struck =
            !had_ended[i] && graph->has_ended[i] && graph->reasons[i] == TROUPE_ERROR_LINKED;
        blame(graph, is_struck && (graph->traps[i] || !has_cause), "struck without a cause");
        graph->strikes += is_struck ? 1 : 0;
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        for (uint32_t k = 0; k < ACTORS; k++) {
            if (graph->has_ended[i] || graph->is_loose[i][k]) {
                set_linked(graph, i, k, false);
                graph->is_loose[i][k] = false;
            }
        }
    }
}

/* Those that are left have the links that they should have, and no other. */
static void unravel(troupe_self *self, struct graph *graph)
{
    unsigned expected = 0;
    graph->unlinked = 0;
    for (uint32_t i = 0; i < ACTORS; i++) {
        for (uint32_t k = 0; k < ACTORS; k++) {
            expected += i < k && graph->are_linked[i][k] ? 1 : 0;
            if (i != k && !graph->has_ended[i]) {
                instruct(self, graph, i, UNLINK, k);
            }
        }
        settle(self, graph);
    }
    blame(graph, graph->unlinked != expected, "links that should not be, or the other way about");
}

static troupe_error directs(troupe_self *self, void *argument)
{
    struct graph *graph = argument;
    struct seat seats[ACTORS];
    troupe_monitor_id monitor;
    for (uint32_t i = 0; i < ACTORS; i++) {
        seats[i] = (struct seat) {graph, i};
        graph->traps[i] = draw(self, 2) == 0;
        const troupe_error error =
            troupe_spawn(self,
                         TROUPE_SPAWN(.body = sits, .argument = &seats[i], .out_monitor = &monitor,
                                      .trap_exits = graph->traps[i] ? 1 : 0,
                                      .place = TROUPE_PLACE_ANY, .mailbox_capacity = 64),
                         &graph->refs[i]);
        blame(graph, error != TROUPE_OK, "no spawn");
    }
    for (int i = 0; i < ROUNDS; i++) {
        bool had_ended[ACTORS];
        knit(self, graph);
        memcpy(had_ended, graph->has_ended, sizeof had_ended);
        end_some(self, graph);
        look(graph, had_ended);
    }
    unravel(self, graph);
    for (uint32_t i = 0; i < ACTORS; i++) {
        (void) troupe_stop(self, graph->refs[i]); /* it may have ended */
    }
    settle(self, graph);
    return TROUPE_OK;
}

static void run(uint64_t seed, void *context)
{
    struct graph *sum = context;
    struct graph graph = {0};
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 3,
                                                            .delay_ns_max = 1000000,
                                                            .refuse_chance_percent = 10,
                                                            .moves_percent = 20});
    (void) a_root(world, TROUPE_SPAWN(.body = directs, .argument = &graph));
    tr_world_advance(world, 60 * SECOND);
    if (graph.fault != NULL) {
        fail_msg("%s", graph.fault);
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        assert_true(graph.has_ended[i]);
    }
    sum->strikes += graph.strikes;
    sum->exits += graph.exits;
    drop_world(&world);
}

/* Promise: LINK-RANDOM */
static void strikes_and_tells_as_the_rule_says(void **state)
{
    (void) state;
    struct graph sum = {0};
    for_each_seed(SEEDS, run, &sum);
    assert_true(sum.strikes > SEEDS);
    assert_true(sum.exits > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strikes_and_tells_as_the_rule_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
