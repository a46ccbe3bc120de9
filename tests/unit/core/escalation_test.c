/* SPDX-License-Identifier: MIT */
/* What a tree of supervisors says when one after the other gives up, and of children that do not
 * stop. */
#include <string.h>

#include "support/fixtures.h"
#include "support/parts.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)
#define LEVELS 12

struct tower {
    struct probe *seen;
    struct part part;
    troupe_spawn_options spawn;
    troupe_child_spec children[LEVELS];
    troupe_supervisor_spec specs[LEVELS];
    uint32_t levels;
};

/* Supervisors one in the other, the last with a part; none restarts anything. */
static void build(struct tower *tower, struct probe *seen, uint32_t levels)
{
    static const char *const ids[LEVELS] = {"level-0", "level-1", "level-2", "level-3",
                                            "level-4", "level-5", "level-6", "level-7",
                                            "level-8", "level-9", "level-a", "level-b"};
    *tower = (struct tower) {.seen = seen, .levels = levels};
    tower->part = (struct part) {.seen = seen, .name = "part"};
    tower->spawn = *PART_SPAWN(tower->part);
    for (uint32_t i = 0; i < levels; i++) {
        const bool is_last = i + 1 == levels;
        tower->children[i] =
            (troupe_child_spec) TROUPE_CHILD(.id = is_last ? "part" : ids[i + 1],
                                             .actor = is_last ? &tower->spawn : NULL,
                                             .supervisor = is_last ? NULL : &tower->specs[i + 1]);
        tower->specs[i] =
            (troupe_supervisor_spec) TROUPE_SUPERVISOR(.name = ids[i],
                                                       .children = &tower->children[i],
                                                       .child_count = 1,
                                                       .restarts_max = TROUPE_NO_RESTARTS);
    }
}

static troupe_error falls(troupe_self *self, void *argument)
{
    const struct tower *tower = argument;
    troupe_ref ref;
    troupe_error error = troupe_supervise(self, &tower->specs[0], &ref);
    error = error ? error : order(self, "part", PART_FAIL);
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_S(10));
}

static void play(struct probe *seen, uint32_t levels)
{
    struct tower tower;
    const troupe_log log = log_of(seen);
    build(&tower, seen, levels);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = 1, .workers = 2, .log = &log});
    (void) a_root(world, TROUPE_SPAWN(.body = falls, .argument = &tower));
    tr_world_advance(world, 60 * SECOND);
    drop_world(&world);
}

/* Promise: SUPERVISOR-CHAIN */
static void tells_the_chain_of_reasons(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    play(seen, 3);
    assert_true(probe_has(seen, "actor 'level-0'"));
    assert_true(probe_has(seen,
                          ": child 'level-1' failed too often: PROTOCOL: child 'level-2' "
                          "failed too often: PROTOCOL: child 'part' failed too often: "
                          "PROTOCOL: told to"));
    drop_probe(&seen);
}

/* The line of the log that says that this one failed; "" if there is none. */
static const char *line_of(struct probe *seen, const char *who)
{
    for (size_t i = 0; i < probe_count(seen); i++) {
        if (strstr(probe_line(seen, i), who) != NULL) {
            return probe_line(seen, i);
        }
    }
    return "";
}

/* Promise: SUPERVISOR-CHAIN */
static void keeps_the_first_cause_of_a_long_chain(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    play(seen, LEVELS);
    const char *line = line_of(seen, "actor 'level-0' (");
    const char *end = "child 'part' failed too often: PROTOCOL: told to";
    assert_non_null(strstr(line, ": child 'level-1' failed too often: PROTOCOL: ..."));
    assert_true(strlen(line) > strlen(end));
    assert_string_equal(line + strlen(line) - strlen(end), end);
    drop_probe(&seen);
}

/* Deaf to stop and cancel for a while. */
static troupe_error is_stuck(troupe_self *self, void *argument)
{
    (void) argument;
    const uint64_t until_ns = troupe_self_now_ns(self) + 60 * SECOND;
    while (troupe_self_now_ns(self) < until_ns) {
        troupe_scope *scope = NULL;
        (void) troupe_shield(self, TROUPE_WITHIN_S(70), &scope);
        (void) troupe_sleep(self, TROUPE_WITHIN_S(1));
        (void) troupe_scope_leave(self, &scope);
    }
    return TROUPE_OK;
}

static troupe_error stops_a_stuck_one(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    troupe_ref ref;
    const troupe_child_spec children[] = {
        TROUPE_CHILD(.id = "well", .actor = TROUPE_SPAWN(.body = play_idle)),
        TROUPE_CHILD(.id = "stuck", .actor = TROUPE_SPAWN(.body = is_stuck),
                     .stop_timeout = TROUPE_WITHIN_S(2)),
    };
    const troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.name = "head", .children = children, .child_count = 2);
    troupe_error error = troupe_supervise(self, &spec, &ref);
    const uint64_t begin_ns = troupe_self_now_ns(self);
    error = error ? error : troupe_stop(self, ref);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(3900));
    probe_say(seen, "named after 3.9 s: %d", probe_has(seen, "child 'stuck'"));
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(200));
    probe_say(seen, "named after %llu.%llu s: %d",
              (unsigned long long) ((troupe_self_now_ns(self) - begin_ns) / SECOND),
              (unsigned long long) ((troupe_self_now_ns(self) - begin_ns) / (SECOND / 10) % 10),
              probe_has(seen, "child 'stuck'"));
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_S(100));
}

/* Promise: SUPERVISOR-STUCK */
static void names_a_child_that_does_not_end(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = log_of(seen);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = 1, .workers = 1, .log = &log});
    (void) a_root(world, TROUPE_SPAWN(.body = stops_a_stuck_one, .argument = seen));
    tr_world_advance(world, 200 * SECOND);
    assert_int_equal(probe_count_of(seen, "named after 3.9 s: 0"), 1);
    assert_int_equal(probe_count_of(seen, "named after 4.1 s: 1"), 1);
    assert_true(probe_has(seen, "supervisor 'head': child 'stuck' ("));
    assert_true(probe_has(seen, ") does not end"));
    assert_false(probe_has(seen, "child 'well'"));
    drop_world(&world);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_chain_of_reasons),
        cmocka_unit_test(keeps_the_first_cause_of_a_long_chain),
        cmocka_unit_test(names_a_child_that_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
