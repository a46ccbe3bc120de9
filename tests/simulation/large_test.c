/* SPDX-License-Identifier: MIT */
/* Messages in pieces over sessions whose links lose frames and are cut, between nodes that crash:
 * each comes once, whole and in its place among small ones, or its session was lost. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "core/shake.h"
#include "support/cast.h"
#include "support/fixtures.h"

enum {
    SENDERS = 3,
    NUMBERS = 24,
    NUMBERS_PER_SENDER = 1000,
    LARGE_BYTES = 1300000 /* more than a frame */
};
#define SEEDS TR_SHAKEN(40, 10)

static const troupe_type much_type = TROUPE_SIGNAL("much");

struct scene;

struct sender {
    struct scene *scene;
    uint32_t index;
    uint64_t last; /* that was sent, by this and those before it */
};

struct scene {
    troupe_simulation *simulation;
    struct sender senders[SENDERS];
    uint64_t came[SENDERS];
    uint64_t gaps;
    troupe_ref receiver;
    bool is_calm;
};

static unsigned char body[LARGE_BYTES];

/* The number of a message, in order; 0: it is broken. */
static uint64_t number_of(const troupe_message *message)
{
    if (!troupe_message_is(message, &much_type)) {
        return figure_of(message);
    }
    size_t size = 0;
    uint64_t first = 0;
    uint64_t last = 0;
    const unsigned char *bytes = troupe_message_bytes(message, &size);
    memcpy(&first, bytes, sizeof first);
    memcpy(&last, bytes + size - sizeof last, sizeof last);
    const bool is_whole = size == LARGE_BYTES && memcmp(bytes + 8, body + 8, size - 16) == 0;
    return is_whole && first == last ? first : 0;
}

static troupe_error receives(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    error = error ? error : troupe_learn_type(self, &much_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const uint64_t number = error ? 1 : number_of(message);
        uint64_t *last = &scene->came[number / NUMBERS_PER_SENDER];
        if (!error && number % NUMBERS_PER_SENDER <= *last) {
            troupe_simulation_fail(scene->simulation, "%" PRIu64 " came after %" PRIu64, number,
                                   *last);
        }
        if (!error) {
            scene->gaps += number % NUMBERS_PER_SENDER - *last - 1;
            *last = number % NUMBERS_PER_SENDER;
        }
    }
    return TROUPE_OK;
}

static void free_much(void *context, const void *data, size_t size)
{
    (void) context;
    (void) size;
    free((void *) (uintptr_t) data);
}

static troupe_error send_much(troupe_self *self, troupe_ref to, uint64_t number)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    unsigned char *copy = malloc(LARGE_BYTES);
    assert_non_null(copy);
    memcpy(copy, body, LARGE_BYTES);
    memcpy(copy, &number, sizeof number);
    memcpy(copy + LARGE_BYTES - sizeof number, &number, sizeof number);
    const troupe_bytes bytes = {.data = copy, .size = LARGE_BYTES, .free = free_much};
    const troupe_error error = troupe_message_create_bytes(self, &much_type, &bytes, &message);
    return error ? error : troupe_send_message(self, to, &message);
}

/* Each number goes once, or is not sent at all. */
static troupe_error sends(troupe_self *self, void *argument)
{
    struct sender *sender = argument;
    const troupe_ref to = sender->scene->receiver;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error && sender->last < NUMBERS) {
        const uint64_t number = sender->last + 1;
        const uint64_t figure = (uint64_t) sender->index * NUMBERS_PER_SENDER + number;
        const troupe_error sent = troupe_self_random(self) % 4 == 0 ? send_much(self, to, figure)
                                                                    : send_figure(self, to, figure);
        if (sent == TROUPE_OK) {
            sender->last = number;
        } else { /* not connected now */
            error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
        }
        if (!error && troupe_self_random(self) % 8 == 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(1 + troupe_self_random(self) % 20));
        }
    }
    return TROUPE_OK;
}

static troupe_error start_receiver(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct scene *scene = context;
    return troupe_simulation_spawn(
        simulation, node,
        TROUPE_SPAWN(.body = receives, .argument = scene, .mailbox_bytes = UINT64_C(16) << 20),
        &scene->receiver);
}

static troupe_error start_senders(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct scene *scene = context;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < SENDERS && !error; i++) {
        troupe_ref ref;
        error = troupe_simulation_spawn(
            simulation, node, TROUPE_SPAWN(.body = sends, .argument = &scene->senders[i]), &ref);
    }
    return error;
}

static bool is_over(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    const struct scene *scene = context;
    bool is_so = true;
    for (uint32_t i = 0; i < SENDERS; i++) {
        is_so = is_so && scene->senders[i].last == NUMBERS &&
                (!scene->is_calm || scene->came[i] == NUMBERS);
    }
    return is_so;
}

static troupe_error upset(troupe_simulation *simulation, const struct scene *scene)
{
    char script[200];
    const unsigned lost = (unsigned) troupe_simulation_draw(simulation, scene->is_calm ? 4 : 10);
    (void) snprintf(script, sizeof script,
                    "lose %u percent of a from b; lose %u percent of b from a; "
                    "at %u ms cut a from b for %u ms%s",
                    lost, lost, (unsigned) troupe_simulation_draw(simulation, 50),
                    scene->is_calm ? 40 : 400,
                    /* A crash leaves behind what a sender that waits for room has in its hands. */
                    scene->is_calm || TR_SHAKEN(0, 1) ? "" : "; at 500 ms crash a for 30 ms");
    return troupe_simulation_script(simulation, script);
}

static troupe_error play(troupe_simulation *simulation, void *context)
{
    (void) context;
    uint32_t node = 0;
    struct scene scene = {.simulation = simulation,
                          .is_calm = troupe_simulation_draw(simulation, 2) == 0};
    for (uint32_t i = 0; i < SENDERS; i++) {
        scene.senders[i] = (struct sender) {.scene = &scene, .index = i};
    }
    troupe_error error = troupe_simulation_add(
        simulation,
        TROUPE_SIMULATION_NODE(.name = "b", .start = start_receiver, .context = &scene,
                               .sessions = TROUPE_WITHIN_MS(200), .joins = 1),
        &node);
    error = error ? error
                  : troupe_simulation_add(
                        simulation,
                        TROUPE_SIMULATION_NODE(.name = "a", .start = start_senders,
                                               .context = &scene, .workers = 2,
                                               .sessions = TROUPE_WITHIN_MS(200), .joins = 1),
                        &node);
    error = error ? error : upset(simulation, &scene);
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_MS(600));
    error =
        error ? error : troupe_simulation_settle(simulation, is_over, &scene, TROUPE_WITHIN_S(5));
    if (!error && scene.is_calm && scene.gaps != 0) {
        troupe_simulation_fail(simulation, "%" PRIu64 " messages are lost", scene.gaps);
    }
    return error;
}

/* Promise: LARGE-SEEDS */
static void come_once_whole_and_in_their_place(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (unsigned char) (i % 251 + i / 65536);
    }
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = SEEDS), play, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_once_whole_and_in_their_place),
    };
    return cmocka_run_group_tests_name("large messages", tests, NULL, NULL);
}
