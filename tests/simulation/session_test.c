/* SPDX-License-Identifier: MIT */
/* Actors of two nodes with a session between them, over a network on which everything happens:
 * loss, repetition, reordering, cuts, stalls, crashes. One sends numbers to the other, asks it and
 * watches it. With TROUPE_SEEDS=N in the environment it runs N seeds. */
#include <inttypes.h>
#include <stdlib.h>
#include <troupe/simulate.h>
#include <troupe/simulation_network.h>
#include <troupe/troupe.h>

#include "simulation/passes.h"
#include "simulation/simulation.h"
#include "support/cast.h"
#include "support/fixtures.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 60
#else
#define SEEDS 500
#endif

static uint64_t seeds(void)
{
    const char *given = getenv("TROUPE_SEEDS"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    return given != NULL ? strtoull(given, NULL, 10) : SEEDS;
}

struct talk {
    troupe_simulation *simulation;
    uint64_t clerk_node; /* the id of its node, now */
    uint64_t incarnation;
    /* What the clerk has seen, of one writer at a time. */
    uint64_t last;
    uint64_t came;
    uint64_t skipped;
    uint64_t repeated;
    /* What the writer knows. */
    uint64_t sent;
    uint64_t asked;
    uint64_t answered;
    uint64_t wrong;
    uint64_t lost; /* asks that ended with NODE_LOST */
    uint64_t downs;
    uint64_t watched;
    uint64_t in_a_row;
};

/* The clerk. Of the numbers, which count up, every eighth is a question. */

#define ASKS_EVERY 8

static troupe_error keep_books(troupe_self *self, void *argument)
{
    struct talk *talk = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    talk->last = 0;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const uint64_t *number = error ? NULL : troupe_message_struct(message, &figure_type);
        if (number == NULL) {
            continue;
        }
        talk->came++;
        talk->repeated += *number <= talk->last ? 1 : 0;
        talk->skipped += *number > talk->last + 1 ? 1 : 0;
        talk->last = *number;
        if (*number % ASKS_EVERY == 0) {
            TROUPE_AUTO(troupe_message) *reply = NULL;
            if (a_figure(self, *number + 1, &reply) == TROUPE_OK) {
                (void) troupe_reply_message(self, message, &reply); /* it may have gone */
            }
        }
    }
    return error;
}

/* The writer. */

static troupe_error find_clerk(troupe_self *self, struct talk *talk, troupe_ref *out_clerk)
{
    troupe_error error = TROUPE_ERROR_UNREACHABLE;
    while (error && error != TROUPE_ERROR_STOPPING && error != TROUPE_ERROR_CANCELLED) {
        error = troupe_lookup_on(self, talk->clerk_node, "clerk", TROUPE_WITHIN_S(1), out_clerk);
        if (error) {
            const troupe_error slept = troupe_sleep(self, TROUPE_WITHIN_MS(20));
            error = slept ? slept : error;
        }
    }
    return error;
}

/* Here, or at the clerk's, who then does not answer. */
static bool is_short_of_memory(troupe_error error)
{
    return error == TROUPE_ERROR_NO_MEMORY || error == TROUPE_ERROR_NO_REPLY;
}

static troupe_error ask_clerk(troupe_self *self, struct talk *talk, troupe_ref clerk,
                              uint64_t number)
{
    uint64_t answer = 0;
    talk->asked++;
    const troupe_error error = ask_figure(self, clerk, number, TROUPE_FOREVER, &answer);
    talk->answered += error ? 0 : 1;
    talk->lost += error == TROUPE_ERROR_NODE_LOST ? 1 : 0;
    talk->wrong += !error && answer != number + 1 ? 1 : 0;
    talk->in_a_row = error ? 0 : talk->in_a_row + 1;
    return error;
}

static troupe_error write_some(troupe_self *self, struct talk *talk, troupe_ref clerk)
{
    troupe_error error = TROUPE_OK;
    for (uint64_t i = troupe_self_random(self) % 30; i > 0 && !error; i--) {
        const uint64_t number = ++talk->sent;
        error = number % ASKS_EVERY != 0 ? send_figure(self, clerk, number)
                                         : ask_clerk(self, talk, clerk, number);
    }
    error = is_short_of_memory(error) ? TROUPE_OK : error; /* there may be some again */
    const troupe_error slept =
        troupe_sleep(self, TROUPE_WITHIN_US(1 + troupe_self_random(self) % 100000));
    return slept ? slept : error;
}

/* Sooner or later there is memory for it. */
static troupe_error watch(troupe_self *self, troupe_ref clerk, troupe_monitor_id *out_monitor)
{
    troupe_error error = troupe_monitor(self, clerk, out_monitor);
    while (error == TROUPE_ERROR_NO_MEMORY) {
        const troupe_error slept = troupe_sleep(self, TROUPE_WITHIN_MS(1));
        error = slept ? slept : troupe_monitor(self, clerk, out_monitor);
    }
    return error;
}

static bool is_told(troupe_error error)
{
    return error == TROUPE_ERROR_NODE_LOST || error == TROUPE_ERROR_UNREACHABLE ||
           error == TROUPE_ERROR_STALE || error == TROUPE_ERROR_NO_SUCH_ACTOR;
}

static troupe_error writes(troupe_self *self, void *argument)
{
    struct talk *talk = argument;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error) {
        troupe_ref clerk = troupe_ref_none();
        troupe_monitor_id monitor = {0};
        error = find_clerk(self, talk, &clerk);
        error = error ? error : watch(self, clerk, &monitor);
        talk->watched += error ? 0 : 1;
        while (!error) {
            error = write_some(self, talk, clerk);
        }
        if (is_told(error)) {
            TROUPE_AUTO(troupe_message) *down = NULL;
            error = troupe_receive(self, &down, TROUPE_FOREVER); /* there is one, or it hangs */
            const troupe_down *what = error ? NULL : troupe_message_struct(down, &troupe_down_type);
            talk->wrong += !error && (what == NULL || what->monitor.id != monitor.id) ? 1 : 0;
            talk->downs += error ? 0 : 1;
            talk->sent = 0;
        }
    }
    return error;
}

/* The world. */

static troupe_error start_clerk(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    ((struct talk *) context)->clerk_node = troupe_simulation_node_id(simulation, node);
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = keep_books, .argument = context,
                                                .name = "clerk", .mailbox_capacity = 100000),
                                   &ref);
}

static troupe_error start_writer(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = writes, .argument = context), &ref);
}

static uint32_t draw(troupe_simulation *simulation, uint32_t limit)
{
    return (uint32_t) troupe_simulation_draw(simulation, limit);
}

/* One in two: none. */
static uint32_t some_ppm(troupe_simulation *simulation)
{
    return draw(simulation, 2) * draw(simulation, 300000);
}

static troupe_error begin(troupe_simulation *simulation, struct talk *talk, troupe_timeout dead)
{
    uint32_t node = 0;
    *talk = (struct talk) {.simulation = simulation};
    troupe_error error = troupe_simulation_shape_network(
        simulation,
        TROUPE_SIMULATION_NETWORK(.detect = TROUPE_WITHIN_MS(100), .loss_ppm = some_ppm(simulation),
                                  .repeat_ppm = some_ppm(simulation),
                                  .reorder_ppm = some_ppm(simulation),
                                  .queue_frames_max = 4 + draw(simulation, 500)));
    error =
        error ? error
              : troupe_simulation_add(simulation,
                                      TROUPE_SIMULATION_NODE(.name = "clerks", .start = start_clerk,
                                                             .context = talk, .sessions = dead),
                                      &node);
    return error ? error
                 : troupe_simulation_add(simulation,
                                         TROUPE_SIMULATION_NODE(.name = "writers", .workers = 2,
                                                                .start = start_writer,
                                                                .context = talk, .sessions = dead),
                                         &node);
}

static bool is_going_on(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    return ((const struct talk *) context)->in_a_row >= 10;
}

static void tell_talk(struct talk *talk, const char *what)
{
    troupe_simulation_fail(talk->simulation,
                           "%s: sent %" PRIu64 ", came %" PRIu64 ", repeated %" PRIu64
                           ", skipped %" PRIu64 ", asked %" PRIu64 ", answered %" PRIu64
                           ", wrong %" PRIu64 ", lost %" PRIu64 ", watched %" PRIu64
                           ", downs %" PRIu64,
                           what, talk->sent, talk->came, talk->repeated, talk->skipped, talk->asked,
                           talk->answered, talk->wrong, talk->lost, talk->watched, talk->downs);
}

/* What the borders have seen of what goes wrong between nodes. */
static bool have_borders_seen_nothing(const struct talk *talk)
{
    for (uint32_t i = 0; i < talk->simulation->count; i++) {
        const tr_border_counts *counts = &talk->simulation->nodes[i]->frontier.border.counts;
        if (counts->frames_missing + counts->frames_late + counts->frames_old != 0) {
            return false;
        }
    }
    return true;
}

/* No silence is as long as it takes to be dead. */
static troupe_error both_live(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    troupe_error error = begin(simulation, talk, TROUPE_WITHIN_S(4));
    error = error ? error
                  : troupe_simulation_rate(
                        simulation, TROUPE_SIMULATION_RATES(.stall_every = TROUPE_WITHIN_MS(700),
                                                            .stall_for = TROUPE_WITHIN_MS(300),
                                                            .cut_every = TROUPE_WITHIN_MS(400),
                                                            .cut_for = TROUPE_WITHIN_MS(500)));
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(4));
    talk->in_a_row = 0;
    error =
        error ? error : troupe_simulation_settle(simulation, is_going_on, talk, TROUPE_WITHIN_S(8));
    if (!error && (talk->repeated + talk->skipped + talk->wrong + talk->lost + talk->downs != 0 ||
                   talk->watched != 1 || talk->asked > talk->answered + 1)) {
        tell_talk(talk, "something was lost, repeated or told though both lived");
    }
    if (!error && !have_borders_seen_nothing(talk)) {
        tell_talk(talk, "a border has seen what a session is to keep from it");
    }
    return error ? error : troupe_simulation_stop(simulation);
}

/* Promise: SESSION-LOSES-NOTHING */
static void loses_nothing_while_both_live(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = seeds()), both_live, &talk));
}

static troupe_error some_die(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    troupe_error error = begin(simulation, talk, TROUPE_WITHIN_S(2));
    error = error ? error
                  : troupe_simulation_rate(
                        simulation, TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_S(2),
                                                            .crash_for = TROUPE_WITHIN_S(1),
                                                            .stall_every = TROUPE_WITHIN_S(2),
                                                            .stall_for = TROUPE_WITHIN_S(3),
                                                            .cut_every = TROUPE_WITHIN_S(2),
                                                            .cut_for = TROUPE_WITHIN_S(4)));
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(8));
    talk->in_a_row = 0;
    error = error ? error
                  : troupe_simulation_settle(simulation, is_going_on, talk, TROUPE_WITHIN_S(15));
    if (!error && talk->wrong != 0) {
        tell_talk(talk, "an answer was another's");
    }
    if (!error && !have_borders_seen_nothing(talk)) {
        tell_talk(talk, "a border has seen what a session is to keep from it");
    }
    return error ? error : troupe_simulation_stop(simulation);
}

/* Promise: SESSION-TELLS */
static void tells_each_once_when_one_does_not(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = seeds()), some_die, &talk));
}

static troupe_error short_memory(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    troupe_error error = begin(simulation, talk, TROUPE_WITHIN_S(2));
    error = error ? error
                  : troupe_simulation_rate(simulation,
                                           TROUPE_SIMULATION_RATES(.cut_every = TROUPE_WITHIN_S(1),
                                                                   .cut_for = TROUPE_WITHIN_S(1)));
    error = error ? error
                  : troupe_simulation_script(simulation,
                                             "at 100 ms fail one in 30 of clerks;"
                                             "at 200 ms fail one in 30 of writers");
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(6));
    talk->in_a_row = 0;
    error = error ? error
                  : troupe_simulation_settle(simulation, is_going_on, talk, TROUPE_WITHIN_S(15));
    if (!error && talk->wrong != 0) {
        tell_talk(talk, "an answer was another's");
    }
    return error ? error : troupe_simulation_stop(simulation);
}

/* Promise: SESSION-MEMORY, SESSION-RENEW */
static void goes_on_when_memory_has_failed(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = seeds()), short_memory, &talk));
}

/* As hosts have it: a cable is pulled for ten seconds, a process is stopped for three. */
static troupe_error long_faults(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    troupe_error error = begin(simulation, talk, TROUPE_WITHIN_S(15));
    error = error ? error
                  : troupe_simulation_script(simulation,
                                             "at 1 s cut clerks from writers for 10 s;"
                                             "at 15 s stall clerks for 3 s;"
                                             "at 22 s stall writers for 3 s;"
                                             "at 28 s cut clerks to writers for 10 s");
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(40));
    talk->in_a_row = 0;
    error =
        error ? error : troupe_simulation_settle(simulation, is_going_on, talk, TROUPE_WITHIN_S(8));
    if (!error && (talk->repeated + talk->skipped + talk->wrong + talk->lost + talk->downs != 0 ||
                   talk->watched != 1)) {
        tell_talk(talk, "something was lost, repeated or told though both lived");
    }
    return error ? error : troupe_simulation_stop(simulation);
}

/* Promise: SESSION-CUT */
static void outlives_ten_seconds_of_a_cut_and_three_of_a_stall(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = seeds() / 20), long_faults, &talk));
}

static bool is_told_of_end(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    return ((const struct talk *) context)->downs != 0;
}

static troupe_error silent_crash(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    troupe_error error = begin(simulation, talk, TROUPE_WITHIN_S(15));
    const uint64_t from_ns = troupe_simulation_now_ns(simulation) + UINT64_C(5000000000);
    error = error ? error : troupe_simulation_script(simulation, "at 5 s drop clerks");
    error =
        error ? error
              : troupe_simulation_run_until(simulation, is_told_of_end, talk, TROUPE_WITHIN_S(60));
    /* What was heard last may have come some time before. */
    const uint64_t ms = (troupe_simulation_now_ns(simulation) - from_ns) / 1000000;
    if (!error && (ms < 13000 || ms > 16000 || talk->downs != 1)) {
        troupe_simulation_fail(simulation, "told after %" PRIu64 " ms", ms);
    }
    return error ? error : troupe_simulation_stop(simulation);
}

/* Promise: SESSION-DEATH */
static void tells_of_a_silent_end_when_it_is_time(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = seeds() / 20), silent_crash, &talk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loses_nothing_while_both_live),
        cmocka_unit_test(tells_each_once_when_one_does_not),
        cmocka_unit_test(goes_on_when_memory_has_failed),
        cmocka_unit_test(outlives_ten_seconds_of_a_cut_and_three_of_a_stall),
        cmocka_unit_test(tells_of_a_silent_end_when_it_is_time),
    };
    return cmocka_run_group_tests_name("A session", tests, NULL, NULL);
}
