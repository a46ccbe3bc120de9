/* SPDX-License-Identifier: MIT */
/* Random trees of supervisors, whose children fail, return, are stopped, cancelled, restarted and
 * removed at random moments while all move: each start ends once, none overlaps another of the same
 * child, each monitor gives one DOWN, and nothing is left. */
#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 300
#define HEADS 6 /* supervisors, of which the first is the root of the tree */
#define LEAVES 10
#define STEPS 60
#define SECOND UINT64_C(1000000000)

enum {
    FAIL = 1,
    RETURN
};

struct tree;

struct leaf {
    struct tree *tree;
    char name[8];
    uint64_t starts;
    uint64_t ends;
    uint64_t children; /* of its own, that live */
    uint64_t downs;
    troupe_ref ref;
    bool is_watched;
    troupe_spawn_options options;
};

struct tree {
    struct leaf leaves[LEAVES];
    troupe_supervisor_spec heads[HEADS];
    troupe_child_spec children[HEADS][HEADS + LEAVES];
    char names[HEADS][8];
    troupe_ref root;
    uint64_t restarts;
    const char *fault;
};

static void blame(struct tree *tree, const char *fault)
{
    tree->fault = tree->fault != NULL ? tree->fault : fault;
}

static uint64_t draw(troupe_self *self, uint64_t below)
{
    return troupe_self_random(self) % below;
}

static void begin(struct leaf *leaf)
{
    if (leaf->starts != leaf->ends) {
        blame(leaf->tree, "a start before the end of the one before");
    }
    if (leaf->children != 0) {
        blame(leaf->tree, "a start while a child of the one before lives");
    }
    leaf->tree->restarts += leaf->starts > 0 ? 1 : 0;
    leaf->starts++;
}

static troupe_error sits(troupe_self *self, void *argument)
{
    struct leaf *leaf = argument;
    leaf->children++;
    const troupe_error error = troupe_sleep(self, TROUPE_FOREVER);
    leaf->children--;
    return error;
}

static troupe_error body(troupe_self *self, void *argument)
{
    struct leaf *leaf = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref child;
    begin(leaf);
    troupe_error error =
        draw(self, 2) == 0
            ? troupe_spawn(self, TROUPE_SPAWN(.body = sits, .argument = leaf), &child)
            : TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const uint64_t figure = error == TROUPE_OK ? figure_of(message) : 0;
        if (figure == RETURN) {
            break;
        }
        error = figure == FAIL ? TROUPE_ERROR_PROTOCOL : error;
    }
    leaf->ends++;
    return error;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    struct leaf **leaf = state;
    *leaf = argument;
    begin(*leaf);
    if ((*leaf)->starts > 1 && draw(self, 8) == 0) {
        (*leaf)->ends++;
        return TROUPE_ERROR_SYSTEM;
    }
    return TROUPE_OK;
}

static troupe_error handle(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    if (figure_of(*message) == RETURN) {
        return troupe_stop(self, troupe_self_ref(self));
    }
    return figure_of(*message) == FAIL ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) self;
    (void) reason;
    struct leaf **leaf = state;
    (*leaf)->ends++;
}

static const troupe_handles handlers[] = {
    {.type = &figure_type, .handler = handle},
    {0},
};
static const troupe_behavior behavior =
    TROUPE_BEHAVIOR(.name = "leaf", .state_size = sizeof(struct leaf *), .start = start,
                    .handlers = handlers, .stop = stop);

static void disturb(troupe_self *self, struct tree *tree)
{
    const struct leaf *leaf = &tree->leaves[draw(self, LEAVES)];
    const troupe_timeout soon = TROUPE_WITHIN_MS(3);
    troupe_ref head;
    switch (draw(self, 9)) { /* whoever has gone cannot be disturbed */
    case 0:
        (void) troupe_stop(self, leaf->ref);
        break;
    case 1:
        (void) troupe_cancel(self, leaf->ref);
        break;
    case 2:
        (void) troupe_child_restart(self, tree->root, leaf->ref, soon);
        break;
    case 3:
        if (draw(self, 4) == 0) {
            (void) troupe_child_remove(self, tree->root, leaf->ref, soon);
        }
        break;
    case 4:
        (void) send_figure(self, leaf->ref, RETURN);
        break;
    case 5:
        if (troupe_lookup(self, tree->names[1 + draw(self, HEADS - 1)], &head) == TROUPE_OK) {
            (void) troupe_cancel(self, head);
        }
        break;
    default:
        (void) send_figure(self, leaf->ref, FAIL);
        break;
    }
}

static void hear_downs(troupe_self *self, struct tree *tree)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_WITHIN_S(1)) == TROUPE_OK) {
        const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
        for (size_t i = 0; i < LEAVES && down != NULL; i++) {
            tree->leaves[i].downs += troupe_ref_is_same(tree->leaves[i].ref, down->actor) ? 1 : 0;
        }
    }
}

/* When nothing disturbs them any more all that have not ended for good are up. */
static void look_at_rest(troupe_self *self, struct tree *tree)
{
    hear_downs(self, tree);
    for (size_t i = 0; i < LEAVES; i++) {
        const struct leaf *leaf = &tree->leaves[i];
        troupe_ref ref;
        const bool lives = troupe_lookup(self, leaf->name, &ref) == TROUPE_OK;
        if (leaf->starts != leaf->ends + (lives ? 1 : 0)) {
            blame(tree, "one rests for ever");
        }
    }
}

static troupe_error root(troupe_self *self, void *argument)
{
    struct tree *tree = argument;
    troupe_monitor_id monitor;
    troupe_error error = troupe_supervise(self, &tree->heads[0], &tree->root);
    for (size_t i = 0; i < LEAVES && error == TROUPE_OK; i++) {
        struct leaf *leaf = &tree->leaves[i];
        leaf->is_watched = troupe_lookup(self, leaf->name, &leaf->ref) == TROUPE_OK &&
                           troupe_monitor(self, leaf->ref, &monitor) == TROUPE_OK;
    }
    for (int i = 0; i < STEPS && error == TROUPE_OK; i++) {
        disturb(self, tree);
        error =
            draw(self, 3) == 0 ? troupe_sleep(self, TROUPE_WITHIN_US(draw(self, 4000))) : TROUPE_OK;
    }
    if (error) {
        blame(tree, troupe_error_name(error));
    }
    if (draw(self, 2) == 0) {
        look_at_rest(self, tree);
    }
    (void) (draw(self, 4) == 0 ? troupe_cancel(self, tree->root)
                               : troupe_stop(self, tree->root)); /* it may have given up */
    hear_downs(self, tree);
    return TROUPE_OK;
}

static void hang(struct tree *tree, tr_random *random, size_t head, troupe_child_spec child)
{
    troupe_supervisor_spec *spec = &tree->heads[head];
    child.size = sizeof child;
    child.backoff_start = tr_random_chance(random, 1, 2) ? TROUPE_NOW : TROUPE_WITHIN_MS(1);
    child.backoff_max = TROUPE_WITHIN_MS(5);
    child.stop_timeout = TROUPE_WITHIN_MS(20);
    tree->children[head][spec->child_count++] = child;
}

static void plant(struct tree *tree, uint64_t seed)
{
    tr_random random;
    tr_random_seed(&random, seed);
    *tree = (struct tree) {0};
    for (size_t i = 0; i < HEADS; i++) {
        (void) snprintf(tree->names[i], sizeof tree->names[i], "h%zu", i);
        tree->heads[i] = (troupe_supervisor_spec)
            TROUPE_SUPERVISOR(.children = tree->children[i],
                              .strategy = (troupe_strategy) tr_random_below(&random, 4),
                              .restarts_max =
                                  i == 0 ? 1000 : 1 + (uint32_t) tr_random_below(&random, 5));
    }
    for (size_t i = 0; i < LEAVES; i++) {
        struct leaf *leaf = &tree->leaves[i];
        leaf->tree = tree;
        (void) snprintf(leaf->name, sizeof leaf->name, "l%zu", i);
        leaf->options =
            *TROUPE_SPAWN(.name = leaf->name, .argument = leaf, .place = TROUPE_PLACE_ANY);
        leaf->options.body = i % 2 == 0 ? body : NULL;
        leaf->options.behavior = i % 2 == 0 ? NULL : &behavior;
        hang(tree, &random, tr_random_below(&random, HEADS),
             (troupe_child_spec) {.id = leaf->name,
                                  .actor = &leaf->options,
                                  .kind = (troupe_child_kind) tr_random_below(&random, 3)});
    }
    for (size_t i = 1; i < HEADS; i++) { /* each below one before it */
        hang(tree, &random, tr_random_below(&random, i),
             (troupe_child_spec) {.id = "head", .supervisor = &tree->heads[i]});
    }
}

/* Their stop is quick: no supervisor may find one stuck, nor wait for one that has gone. */
static void hear_log(void *context, troupe_log_level level, const char *line)
{
    (void) level;
    if (strstr(line, "does not end") != NULL) {
        blame(context, "a supervisor waits in vain");
    }
}

static void run(uint64_t seed, void *context)
{
    uint64_t *restarts = context;
    struct tree tree;
    const troupe_log log = {.write = hear_log, .context = &tree};
    plant(&tree, seed);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .log = &log,
                                                            .workers = 3,
                                                            .delay_ns_max = 100000,
                                                            .refuse_chance_percent = 10,
                                                            .moves_percent = 20});
    (void) a_root(world, TROUPE_SPAWN(.body = root, .argument = &tree));
    tr_world_advance(world, 30 * SECOND);
    if (tree.fault != NULL) {
        fail_msg("%s", tree.fault);
    }
    for (size_t i = 0; i < LEAVES; i++) {
        const struct leaf *leaf = &tree.leaves[i];
        assert_int_equal(leaf->starts, leaf->ends);
        assert_int_equal(leaf->children, 0);
        assert_int_equal(leaf->downs, leaf->is_watched ? 1 : 0);
    }
    *restarts += tree.restarts;
    drop_world(&world);
}

/* Promise: SUPERVISOR-ENDS-ALL */
static void leaves_nothing_of_random_trees(void **state)
{
    (void) state;
    uint64_t restarts = 0;
    for_each_seed(SEEDS, run, &restarts);
    assert_true(restarts > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_nothing_of_random_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
