/* SPDX-License-Identifier: MIT */
/* Bugs planted in the library (base/chance) are found by the simulator within a few seeds, by what
 * a program can see of them; without them nothing is found. */
#include <stdlib.h>
#include <troupe/troupe.h>

#include "base/chance.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

enum {
    SENDERS = 4,
    RECEIVERS = 3,
    WORDS = 30,
    PARTS = 3,
    SEEDS = 20, /* within which each is found */
    SOUND_SEEDS = 1000
};

struct word {
    uint32_t from;
    uint32_t number;
};

/* One that is narrow and quick, one that is slow, one that is wide and quick. */
static const uint32_t capacities[RECEIVERS] = {1, 2, 32};

static const troupe_type word_type = TROUPE_TYPE(struct word);
static const troupe_type question_type = TROUPE_SIGNAL("question");
static const troupe_type break_type = TROUPE_SIGNAL("break");

struct scene {
    troupe_ref receivers[RECEIVERS];
    troupe_ref relay;
    troupe_ref silent;
    const troupe_supervisor_spec *supervisor;
    uint32_t heard[RECEIVERS][SENDERS]; /* the last number of each */
    bool is_up[PARTS];
    uint32_t senders_done;
    bool is_asker_done;
    bool is_breaker_done;
    char fault[160];
};

__attribute__((format(printf, 2, 3))) static void blame(struct scene *scene, const char *format,
                                                        ...)
{
    if (scene->fault[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void) vsnprintf(scene->fault, sizeof scene->fault, format, arguments); /* cut if long */
        va_end(arguments);
    }
}

struct role {
    struct scene *scene;
    uint32_t index;
};

static troupe_timeout a_while(troupe_self *self, uint64_t us)
{
    return TROUPE_WITHIN_US(1 + troupe_self_random(self) % us);
}

/* Takes its time, and hears each sender in order; its mailbox never holds more than it may. */
static troupe_error receiver(troupe_self *self, void *argument)
{
    const struct role *role = argument;
    struct scene *scene = role->scene;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        const struct word *word = troupe_message_struct(message, &word_type);
        uint32_t *last = &scene->heard[role->index][word->from];
        if (word->number <= *last) {
            blame(scene, "word %u of %u came after %u", word->number, word->from, *last);
        }
        *last = word->number;
        uint32_t depth = 0;
        uint32_t capacity = 0;
        if (troupe_self_depth(self, troupe_self_ref(self), &depth, &capacity) == TROUPE_OK &&
            depth > capacity) {
            blame(scene, "%u messages where there is room for %u", depth, capacity);
        }
        error = role->index == 1 && troupe_self_random(self) % 3 == 0
                    ? troupe_sleep(self, a_while(self, 300))
                    : TROUPE_OK;
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return TROUPE_OK;
}

/* Who sends to whom: one alone to the narrow one, two to the slow one, all but that to the wide. */
static uint32_t target(uint32_t sender, uint32_t number)
{
    return sender == 0 ? 0 : sender <= 2 && number % 2 == 0 ? 1 : 2;
}

/* Sends with and without patience. */
static troupe_error sender(troupe_self *self, void *argument)
{
    const struct role *role = argument;
    struct scene *scene = role->scene;
    for (uint32_t i = 1; i <= WORDS; i++) {
        const struct word word = {.from = role->index, .number = i};
        TROUPE_AUTO(troupe_message) *message = NULL;
        troupe_error error = troupe_message_create(self, &word_type, &word, &message);
        const troupe_timeout patience =
            troupe_self_random(self) % 3 == 0 ? a_while(self, 100) : TROUPE_FOREVER;
        if (error == TROUPE_OK) {
            error = troupe_send_message_with(self, scene->receivers[target(role->index, i)],
                                             &message, TROUPE_SEND(.timeout = patience));
        }
        if (error != TROUPE_OK && error != TROUPE_ERROR_TIMED_OUT) {
            return error;
        }
    }
    scene->senders_done++;
    return TROUPE_OK;
}

/* Never answers. */
static troupe_error silent(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        (void) troupe_sleep(self, TROUPE_WITHIN_S(1));
    }
    return TROUPE_OK;
}

/* Asks another for each request, with more patience than it was given. */
static troupe_error relay(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        const uint64_t before_ns = troupe_self_now_ns(self);
        const troupe_error error = troupe_ask_struct(self, scene->silent, &question_type, NULL,
                                                     TROUPE_WITHIN_MS(20), &reply);
        const uint64_t after_ns = troupe_self_now_ns(self);
        if (error == TROUPE_ERROR_TIMED_OUT && after_ns - before_ns > UINT64_C(6000000)) {
            blame(scene, "a request of 5 ms was worked on for longer");
        }
    }
    return TROUPE_OK;
}

static troupe_error asker(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    for (int i = 0; i < 5; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        (void) troupe_ask_struct(self, scene->relay, &question_type, NULL, TROUPE_WITHIN_MS(5),
                                 &reply);
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(30));
    }
    scene->is_asker_done = true;
    return TROUPE_OK;
}

/* Is ready after a while; breaks when told to. */
static troupe_error part(troupe_self *self, void *argument)
{
    const struct role *role = argument;
    struct scene *scene = role->scene;
    if (role->index > 0 && !scene->is_up[role->index - 1]) {
        blame(scene, "part %u was started before the one before it was up", role->index);
    }
    troupe_error error = troupe_sleep(self, a_while(self, 500));
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (error == TROUPE_OK) {
        troupe_ready(self);
        scene->is_up[role->index] = true;
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    scene->is_up[role->index] = false;
    return error == TROUPE_OK ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
}

static troupe_error breaker(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_ref supervisor;
    troupe_error error = troupe_supervise(self, scene->supervisor, &supervisor);
    for (int i = 0; i < 5 && error == TROUPE_OK; i++) {
        troupe_child_info infos[PARTS];
        size_t count = 0;
        error = troupe_child_list(self, supervisor, TROUPE_FOREVER, infos, PARTS, &count);
        if (error == TROUPE_OK) {
            (void) troupe_send_struct(self, infos[troupe_self_random(self) % PARTS].ref,
                                      &break_type, NULL);
            error = troupe_sleep(self, TROUPE_WITHIN_MS(20));
        }
    }
    scene->is_breaker_done = error == TROUPE_OK;
    return error;
}

static bool is_done(void *context)
{
    const struct scene *scene = context;
    return scene->fault[0] != '\0' ||
           (scene->senders_done == SENDERS && scene->is_asker_done && scene->is_breaker_done);
}

static void begin(tr_world *world, struct scene *scene, struct role *roles)
{
    for (uint32_t i = 0; i < RECEIVERS; i++) {
        roles[i] = (struct role) {scene, i};
        scene->receivers[i] = a_root(world, TROUPE_SPAWN(.body = receiver, .argument = &roles[i],
                                                         .mailbox_capacity = capacities[i],
                                                         .place = TROUPE_PLACE_ANY));
    }
    scene->silent = a_root(world, TROUPE_SPAWN(.body = silent, .mailbox_capacity = 64));
    scene->relay = a_root(world, TROUPE_SPAWN(.body = relay, .argument = scene));
    for (uint32_t i = 0; i < SENDERS; i++) {
        roles[RECEIVERS + i] = (struct role) {scene, i};
        (void) a_root(world, TROUPE_SPAWN(.body = sender, .argument = &roles[RECEIVERS + i],
                                          .place = TROUPE_PLACE_ANY));
    }
    (void) a_root(world, TROUPE_SPAWN(.body = asker, .argument = scene));
    (void) a_root(world, TROUPE_SPAWN(.body = breaker, .argument = scene));
}

#define PART(role_)                                                                                \
    TROUPE_CHILD(.id = "part", .backoff_start = TROUPE_CONSTANT_NOW,                               \
                 .actor = TROUPE_SPAWN(.body = part, .argument = &(role_),                         \
                                       .ready_when = TROUPE_READY_WHEN_SAID))

/* Runs the scene under a seed. Returns whether all was well; scene->fault says what was not. */
static bool play(uint64_t seed, struct scene *scene)
{
    struct role roles[RECEIVERS + SENDERS];
    struct role parts[PARTS] = {{scene, 0}, {scene, 1}, {scene, 2}};
    const troupe_child_spec children[] = {PART(parts[0]), PART(parts[1]), PART(parts[2])};
    const troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.children = children, .child_count = PARTS,
                          .strategy = TROUPE_ONE_FOR_ALL, .restarts_max = 100);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 3,
                                                            .delay_ns_max = 20000,
                                                            .moves_percent = 10,
                                                            .switch_percent = 5,
                                                            .rare_percent = 5});
    *scene = (struct scene) {.supervisor = &spec};
    begin(world, scene, roles);
    if (!tr_world_until(world, is_done, scene, UINT64_C(10000000000))) {
        blame(scene, "not done after 10 s: %s", tr_world_fault(world));
    }
    if (scene->fault[0] == '\0' && !tr_world_stop(world)) {
        blame(scene, "%s", tr_world_fault(world));
    }
    if (scene->fault[0] == '\0' && !tr_world_is_sound(world)) {
        blame(scene, "%s", tr_world_fault(world));
    }
    tr_world_destroy(&world);
    return scene->fault[0] == '\0';
}

static void find(tr_bug bug, const char *name)
{
    struct scene scene;
    uint64_t seed = 1;
    tr_bug_plant(bug);
    while (seed <= SEEDS && play(seed, &scene)) {
        seed++;
    }
    tr_bug_plant(TR_BUG_NONE);
    print_message("%s: seed %d: %s\n", name, (int) seed, scene.fault);
    assert_true(seed <= SEEDS);
}

/* Promise: SIMULATION-FINDS */
static void finds_a_lost_wake_up(void **state)
{
    (void) state;
    find(TR_BUG_LOST_WAKE_UP, "a lost wake-up");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_bound_that_is_off_by_one(void **state)
{
    (void) state;
    find(TR_BUG_OFF_BY_ONE, "a bound off by one");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_mark_that_is_not_waited_for(void **state)
{
    (void) state;
    find(TR_BUG_NO_MARK, "a mark that is not waited for");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_place_that_leaks(void **state)
{
    (void) state;
    find(TR_BUG_LEAKED_PLACE, "a place that leaks");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_deadline_that_grows(void **state)
{
    (void) state;
    find(TR_BUG_LONGER_DEADLINE, "a deadline that grows");
}

/* Promise: SIMULATION-FINDS */
static void finds_restarts_out_of_order(void **state)
{
    (void) state;
    find(TR_BUG_OUT_OF_ORDER, "restarts out of order");
}

static void run_sound(uint64_t seed, void *context)
{
    struct scene *scene = context;
    if (!play(seed, scene)) {
        fail_msg("seed %d: %s", (int) seed, scene->fault);
    }
}

static void finds_nothing_where_nothing_is(void **state)
{
    (void) state;
    struct scene scene;
    for_each_seed(SOUND_SEEDS, run_sound, &scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_nothing_where_nothing_is),
        cmocka_unit_test(finds_a_lost_wake_up),
        cmocka_unit_test(finds_a_bound_that_is_off_by_one),
        cmocka_unit_test(finds_a_mark_that_is_not_waited_for),
        cmocka_unit_test(finds_a_place_that_leaks),
        cmocka_unit_test(finds_a_deadline_that_grows),
        cmocka_unit_test(finds_restarts_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
