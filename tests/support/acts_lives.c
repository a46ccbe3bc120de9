/* SPDX-License-Identifier: MIT */
/* Acts in which actors live and die: trees, scopes, parts under a supervisor. */
#include "support/acts.h"
#include "support/cast.h"

enum {
    TASKS = 4,
    DEPTH = 3,
    PARTS = 3,
    BREAKS = 2
};

/* Trees: each but a leaf has two children, and the leaves are counted. */

struct branch {
    uint32_t *leaves;
    uint32_t depth;
};

static troupe_error grows(troupe_self *self, void *argument)
{
    const struct branch branch = *(const struct branch *) argument;
    if (branch.depth == 0) {
        const troupe_error error = troupe_sleep(self, a_pause(self));
        *branch.leaves += error ? 0 : 1;
        return error;
    }
    struct branch below = {.leaves = branch.leaves, .depth = branch.depth - 1};
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    for (uint32_t i = 0; i < 2 && !error; i++) {
        troupe_ref ref = troupe_ref_none();
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.body = grows, .argument = &below, .scope = scope,
                                          .place = TROUPE_PLACE_ANY),
                             &ref);
    }
    const troupe_error left = scope != NULL ? troupe_scope_leave(self, &scope) : TROUPE_OK;
    return error ? error : left;
}

troupe_error play_tree(troupe_self *self, struct act *act)
{
    uint32_t leaves = 0;
    struct branch root = {.leaves = &leaves, .depth = DEPTH};
    troupe_error error = grows(self, &root);
    /* At a stop those below end early, which is no failure; the next wait tells. */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(1));
    if (!error && leaves != 1U << DEPTH) {
        BREAK(act, "%" PRIu32 " leaves in a tree of depth %d", leaves, DEPTH);
    }
    return error;
}

/* Scopes: when one is left nothing of it runs any more. */

static troupe_error lives(troupe_self *self, void *argument)
{
    uint32_t *alive = argument;
    ++*alive;
    const troupe_error error = troupe_sleep(self, a_pause(self));
    --*alive;
    return error;
}

troupe_error play_scope(troupe_self *self, struct act *act)
{
    uint32_t alive = 0;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, TROUPE_SCOPE(.timeout = a_pause(self)), &scope);
    if (error) {
        return error;
    }
    for (uint32_t i = 0; i < TASKS && !error; i++) {
        error =
            troupe_task_start(self, scope, TROUPE_TASK(.body = lives, .argument = &alive), NULL);
    }
    const troupe_error left = troupe_scope_leave(self, &scope);
    if (alive != 0) {
        BREAK(act, "%" PRIu32 " tasks run in a scope that was left", alive);
    }
    error = error ? error : left;
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

/* Parts: one fails, and all are restarted, each when the one before is ready again. */

struct part {
    struct house *house;
    uint32_t index;
    uint64_t starts;
    uint64_t readies;
};

struct house {
    struct act *act;
    const troupe_supervisor_spec *supervisor;
    struct part parts[PARTS];
};

static troupe_error serves_in_house(troupe_self *self, void *argument)
{
    struct part *part = argument;
    struct house *house = part->house;
    part->starts++;
    if (part->index > 0 && part->starts > house->parts[part->index - 1].readies) {
        BREAK(house->act,
              "part %" PRIu32 " was started %" PRIu64
              " times when that before it had been ready "
              "%" PRIu64 " times",
              part->index, part->starts, house->parts[part->index - 1].readies);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, a_pause(self));
    if (!error) {
        part->readies++;
        troupe_ready(self);
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error ? error : TROUPE_ERROR_PROTOCOL; /* it was told to fail */
}

static bool are_ready(const struct house *house, uint64_t times)
{
    bool are = true;
    for (uint32_t i = 0; i < PARTS; i++) {
        are = are && house->parts[i].readies >= times;
    }
    return are;
}

/* Breaks one part after the other. */
static troupe_error keeps_house(troupe_self *self, void *argument)
{
    struct house *house = argument;
    troupe_ref supervisor = troupe_ref_none();
    troupe_error error = troupe_supervise(self, house->supervisor, &supervisor);
    for (uint64_t i = 1; i <= BREAKS && !error; i++) {
        troupe_child_info infos[PARTS];
        size_t count = 0;
        error = troupe_child_list(self, supervisor, TROUPE_FOREVER, infos, PARTS, &count);
        if (!error) {
            (void) send_figure(self, infos[troupe_self_random(self) % PARTS].ref, i);
        }
        while (!error && !are_ready(house, i + 1)) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
        }
    }
    return error;
}

#define PART(part_)                                                                                \
    TROUPE_CHILD(.id = "part", .backoff_start = TROUPE_CONSTANT_NOW,                               \
                 .actor = TROUPE_SPAWN(.body = serves_in_house, .argument = &(part_),              \
                                       .ready_when = TROUPE_READY_WHEN_SAID))

troupe_error play_parts(troupe_self *self, struct act *act)
{
    struct house house = {.act = act, .parts = {{&house, 0}, {&house, 1}, {&house, 2}}};
    const troupe_child_spec children[] = {PART(house.parts[0]), PART(house.parts[1]),
                                          PART(house.parts[2])};
    const troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.children = children, .child_count = PARTS,
                          .strategy = TROUPE_ONE_FOR_ALL, .restarts_max = 100);
    troupe_ref ref = troupe_ref_none();
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    house.supervisor = &spec;
    error = spawn_in(self, scope, keeps_house, &house, 0, &ref);
    const troupe_error left = troupe_scope_leave(self, &scope);
    return error ? error : left;
}
