/* SPDX-License-Identifier: MIT */
/* What is told of a run that failed: who sent what to whom, what was dropped and why, and how
 * actors ended. The excerpt in docs/simulation.md is what this prints with TROUPE_TOLD=1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/simulation.h>
#include <troupe/troupe.h>

#include "simulation/eyes.h"
#include "support/cast.h"
#include "support/fixtures.h"

static troupe_type deposit_type;

enum {
    A,
    B
};

struct scene {
    troupe_simulation *simulation;
    uint64_t bank; /* the id of its node */
    char told[16384];
};

/* Takes two deposits, and fails at the third. */
static troupe_error keeps(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &deposit_type);
    for (int i = 0; i < 2 && !error; i++) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : reply_figure(self, message, figure_of(message));
    }
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : TROUPE_ERROR_FAILED;
}

static troupe_error deposits(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    troupe_ref bank = troupe_ref_none();
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error && troupe_ref_is_none(bank)) {
        if (troupe_lookup_on(self, scene->bank, "bank", TROUPE_WITHIN_MS(20), &bank)) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
        }
    }
    for (uint64_t i = 0; i < 5 && !error; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        if (i == 2 || i == 3) {
            (void) troupe_send_struct(self, bank, &deposit_type, &i);
        } else {
            (void) troupe_ask_struct(self, bank, &deposit_type, &i, TROUPE_WITHIN_MS(30), &reply);
        }
        error = troupe_sleep(self, i < 4 ? TROUPE_WITHIN_MS(10) : TROUPE_WITHIN_S(10));
    }
    troupe_simulation_fail(scene->simulation, "a deposit was not made");
    return error;
}

static troupe_error start_bank(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref;
    (void) context;
    return troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.name = "bank", .body = keeps, .mailbox_capacity = 4), &ref);
}

static troupe_error start_client(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct scene *scene = context;
    troupe_ref ref;
    scene->bank = troupe_simulation_node_id(simulation, B);
    return troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.name = "client", .body = deposits, .argument = scene),
        &ref);
}

static void write_down(void *context, troupe_log_level level, const char *text)
{
    struct scene *scene = context;
    const size_t length = strlen(scene->told);
    (void) level;
    (void) snprintf(scene->told + length, sizeof scene->told - length, "%s\n", text);
}

static void assert_tells(const struct scene *scene, const char *text)
{
    if (strstr(scene->told, text) == NULL) {
        fail_msg("not told: %s\nbut:\n%s", text, scene->told);
    }
}

/* Promise: SIMULATION-TOLD */
static void who_sent_what_to_whom_and_what_was_dropped(void **state)
{
    (void) state;
    static struct scene scene;
    uint32_t node = 0;
    deposit_type = figure_type;
    deposit_type.name = "deposit";
    const troupe_log log = {.write = write_down, .context = &scene};
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 4), &scene.simulation));
    assert_ok(troupe_simulation_add(scene.simulation,
                                    TROUPE_SIMULATION_NODE(.name = "a", .context = &scene), &node));
    assert_ok(troupe_simulation_add(
        scene.simulation, TROUPE_SIMULATION_NODE(.name = "b", .start = start_bank), &node));
    assert_ok(start_client(scene.simulation, A, &scene));
    assert_ok(troupe_simulation_script(scene.simulation, "at 38 ms cut b from a for 20 s"));
    assert_int_equal(troupe_simulation_run(scene.simulation, TROUPE_WITHIN_S(40)),
                     TROUPE_ERROR_FAILED);
    troupe_simulation_tell(scene.simulation, &log);
    if (getenv("TROUPE_TOLD") != NULL) { /* NOLINT(concurrency-mt-unsafe): nobody sets it */
        (void) fputs(scene.told, stdout);
    }
    if (tr_eyes_can_see()) {
        assert_tells(&scene, " ms a/0 'client' sends deposit to b 'bank'\n");
        assert_tells(&scene, " ms b/0 deposit for 'bank' comes from a 'client'\n");
        assert_tells(&scene, " ms b/0 'bank' ended: FAILED\n");
        assert_tells(&scene, " ms b/0 dead letter: deposit from a 'client' to actor 2.1: ");
        assert_tells(&scene, " ms a/0 'client' has waited in vain for b to answer\n");
    }
    assert_tells(&scene, " ms a: frame to b dropped, ");
    troupe_simulation_destroy(&scene.simulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_sent_what_to_whom_and_what_was_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
