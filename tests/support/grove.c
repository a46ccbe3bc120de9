/* SPDX-License-Identifier: MIT */
#include "support/grove.h"

#include <string.h>

#include "support/cast.h"

#define OPEN_MAX 3
#define ROOTS 3

enum {
    FAIL = 7 /* a figure that has its receiver fail */
};

/* What one body is at. */
struct player {
    struct grove *grove;
    struct grove_level *next; /* of what it brings up; NULL: nothing more */
    troupe_scope *scopes[OPEN_MAX];
    uint32_t count;
};

static const troupe_type announcement_type = {
    .size = sizeof(troupe_type), .name = "announcement", .body_size = sizeof(troupe_ref)};

static uint64_t draw(troupe_self *self, uint64_t below)
{
    return troupe_self_random(self) % below;
}

static troupe_timeout a_while(troupe_self *self)
{
    return TROUPE_WITHIN_US(1 + draw(self, 4000));
}

static void cleans_up(troupe_self *self, void *context)
{
    struct grove_note *note = context;
    atomic_fetch_add(&note->ran, 1);
    if (draw(self, 2) == 0) {
        (void) troupe_sleep(self, TROUPE_WITHIN_US(draw(self, 500)));
    }
}

static troupe_error defers(troupe_self *self, struct grove *grove)
{
    const uint32_t number = atomic_fetch_add(&grove->note_count, 1);
    if (number >= GROVE_NOTES) {
        return TROUPE_OK;
    }
    struct grove_note *note = &grove->notes[number];
    note->grove = grove;
    const troupe_error error = troupe_defer(self, cleans_up, note);
    atomic_store(&note->is_deferred, error == TROUPE_OK);
    return error;
}

static troupe_error enters(troupe_self *self, struct player *player)
{
    if (player->count == OPEN_MAX) {
        return TROUPE_OK;
    }
    const troupe_scope_options options = {
        .size = sizeof options,
        .timeout = draw(self, 3) == 0 ? a_while(self) : TROUPE_FOREVER,
        .on_failure = draw(self, 2) == 0 ? TROUPE_COLLECT_ALL : TROUPE_CANCEL_SIBLINGS};
    const troupe_error error = troupe_scope_enter(self, &options, &player->scopes[player->count]);
    player->count += error == TROUPE_OK ? 1 : 0;
    return error;
}

static troupe_error leaves(troupe_self *self, struct player *player)
{
    return player->count > 0 ? troupe_scope_leave(self, &player->scopes[--player->count])
                             : TROUPE_OK;
}

static troupe_error lives_as_actor(troupe_self *self, void *argument);
static troupe_error lives_as_task(troupe_self *self, void *argument);

static bool may_begin(struct grove *grove)
{
    return atomic_fetch_sub(&grove->left, 1) > 0;
}

static troupe_error starts_task(troupe_self *self, struct player *player)
{
    if (player->count == 0 || player->next == NULL || !may_begin(player->grove)) {
        return TROUPE_OK;
    }
    troupe_task task;
    return troupe_task_start(self, player->scopes[draw(self, player->count)],
                             TROUPE_TASK(.body = lives_as_task, .argument = player->next),
                             draw(self, 2) == 0 ? &task : NULL);
}

/* In a scope or not. */
static troupe_error spawns(troupe_self *self, struct player *player)
{
    if (player->next == NULL || !may_begin(player->grove)) {
        return TROUPE_OK;
    }
    troupe_spawn_options options = player->next->leaf;
    options.scope =
        player->count > 0 && draw(self, 3) != 0 ? player->scopes[draw(self, player->count)] : NULL;
    troupe_ref ref;
    return draw(self, 2) == 0 ? troupe_spawn(self, &options, &ref)
                              : troupe_spawn_nowait(self, &options, &ref);
}

static troupe_error supervises(troupe_self *self, struct player *player)
{
    if (player->next == NULL || !may_begin(player->grove)) {
        return TROUPE_OK;
    }
    troupe_ref ref;
    return troupe_supervise(self, &player->next->supervisor, &ref);
}

static troupe_error receives(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, a_while(self));
    if (error == TROUPE_OK && figure_of(message) == FAIL) {
        return TROUPE_ERROR_PROTOCOL;
    }
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

static troupe_error does_something(troupe_self *self, struct player *player)
{
    switch (draw(self, 12)) {
    case 0:
        return troupe_sleep(self, a_while(self));
    case 1:
    case 2:
        return enters(self, player);
    case 3:
    case 4:
        return starts_task(self, player);
    case 5:
        return spawns(self, player);
    case 6:
        return supervises(self, player);
    case 7:
        return defers(self, player->grove);
    case 8:
        return player->count == 0
                   ? TROUPE_OK
                   : troupe_scope_cancel(self, player->scopes[draw(self, player->count)],
                                         TROUPE_ERROR_USER, "drawn");
    case 9:
        return leaves(self, player);
    default:
        return receives(self);
    }
}

static troupe_error lives(troupe_self *self, struct grove_level *level, uint64_t steps)
{
    struct grove *grove = level->grove;
    struct player player = {.grove = grove, .next = level->depth < GROVE_DEPTH ? level + 1 : NULL};
    troupe_error error = TROUPE_OK;
    atomic_fetch_add(&grove->begun, 1);
    for (uint64_t i = 0; i < steps && error == TROUPE_OK; i++) {
        error = does_something(self, &player);
        if (error && error != TROUPE_ERROR_PROTOCOL && draw(self, 2) == 0) {
            error = TROUPE_OK; /* as if nothing were */
        }
    }
    while (player.count > 0 && draw(self, 3) != 0) {
        (void) leaves(self, &player); /* or the runtime does */
    }
    atomic_fetch_add(&grove->ended, 1);
    return error == TROUPE_OK && draw(self, 6) == 0 ? TROUPE_ERROR_USER : error;
}

static troupe_error lives_as_task(troupe_self *self, void *argument)
{
    return lives(self, argument, 1 + draw(self, 8));
}

static troupe_error lives_as_actor(troupe_self *self, void *argument)
{
    struct grove_level *level = argument;
    const troupe_ref ref = troupe_self_ref(self);
    /* One that is cancelled already may not get to say so: then nobody watches it. */
    (void) troupe_send_struct(self, level->grove->observer, &announcement_type, &ref);
    return lives(self, level, level->depth == 0 ? 60 : 1 + draw(self, 20));
}

/* The observer. */

static void hear(troupe_self *self, struct grove *grove, const troupe_message *message)
{
    const troupe_ref *ref = troupe_message_struct(message, &announcement_type);
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    if (ref != NULL && grove->watched < GROVE_WATCHED &&
        troupe_monitor(self, *ref, &grove->monitors[grove->watched]) == TROUPE_OK) {
        grove->refs[grove->watched++] = *ref;
    }
    if (down != NULL) {
        uint32_t i = 0;
        while (i < grove->watched && grove->monitors[i].id != down->monitor.id) {
            i++;
        }
        grove->downs[i < grove->watched ? i : 0] += i < grove->watched ? 1 : 0;
        grove->strangers += i < grove->watched ? 0 : 1;
    }
}

static troupe_error hears_for(troupe_self *self, struct grove *grove, troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, timeout);
    while (error == TROUPE_OK) {
        hear(self, grove, message);
        error = troupe_receive(self, &message, timeout);
    }
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

/* Who has gone cannot be disturbed. */
static void disturbs(troupe_self *self, const struct grove *grove)
{
    if (grove->watched == 0) {
        return;
    }
    const troupe_ref ref = grove->refs[draw(self, grove->watched)];
    switch (draw(self, 4)) {
    case 0:
        (void) troupe_stop(self, ref);
        break;
    case 1:
        (void) troupe_cancel(self, ref);
        break;
    default:
        (void) send_figure(self, ref, FAIL);
        break;
    }
}

static bool is_all_down(const struct grove *grove)
{
    uint32_t i = 0;
    while (i < grove->watched && grove->downs[i] > 0) {
        i++;
    }
    return i == grove->watched;
}

troupe_error grove_observer(troupe_self *self, void *argument)
{
    struct grove *grove = argument;
    troupe_ref roots[ROOTS];
    grove->observer = troupe_self_ref(self);
    for (unsigned i = 0; i < ROOTS; i++) {
        roots[i] = troupe_ref_none();
        (void) troupe_spawn_nowait(self, &grove->levels[0].leaf, &roots[i]);
    }
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < grove->steps && error == TROUPE_OK; i++) {
        error = hears_for(self, grove, TROUPE_WITHIN_US(draw(self, 3000)));
        disturbs(self, grove);
    }
    for (unsigned i = 0; i < ROOTS; i++) {
        (void) (draw(self, 2) == 0 ? troupe_cancel(self, roots[i]) : troupe_stop(self, roots[i]));
    }
    for (unsigned i = 0;
         i < 100 && error == TROUPE_OK &&
         (!is_all_down(grove) || atomic_load(&grove->begun) != atomic_load(&grove->ended));
         i++) {
        error = hears_for(self, grove, TROUPE_WITHIN_MS(100));
    }
    error = error ? error : hears_for(self, grove, TROUPE_WITHIN_MS(50)); /* no second DOWN comes */
    grove->is_clear = atomic_load(&grove->begun) == atomic_load(&grove->ended);
    probe_say(grove->seen, "over");
    return error;
}

void grove_begin(struct grove *grove, struct probe *seen, int32_t bodies, uint32_t steps)
{
    grove->seen = seen;
    grove->steps = steps;
    atomic_store(&grove->left, bodies);
    for (uint32_t i = 0; i <= GROVE_DEPTH; i++) {
        struct grove_level *level = &grove->levels[i];
        level->grove = grove;
        level->depth = i;
        level->leaf =
            *TROUPE_SPAWN(.body = lives_as_actor, .argument = level, .place = TROUPE_PLACE_ANY);
        for (unsigned j = 0; j < 2; j++) {
            level->children[j] =
                (troupe_child_spec) TROUPE_CHILD(.id = "leaf", .actor = &level->leaf,
                                                 .backoff_start = TROUPE_NOW,
                                                 .stop_timeout = TROUPE_WITHIN_MS(20),
                                                 .kind =
                                                     j == 0 ? TROUPE_PERMANENT : TROUPE_TRANSIENT);
        }
        level->supervisor =
            (troupe_supervisor_spec) TROUPE_SUPERVISOR(.children = level->children,
                                                       .child_count = 2,
                                                       .strategy = (troupe_strategy) (i % 4),
                                                       .restarts_max = 3);
    }
}

const char *grove_fault(const struct grove *grove)
{
    if (!grove->is_clear || atomic_load(&grove->begun) != atomic_load(&grove->ended)) {
        return "something is left over";
    }
    if (grove->strangers > 0) {
        return "a DOWN of no monitor";
    }
    for (uint32_t i = 0; i < grove->watched; i++) {
        if (grove->downs[i] != 1) {
            return grove->downs[i] == 0 ? "a DOWN did not come" : "a DOWN came twice";
        }
    }
    const uint32_t count = atomic_load(&grove->note_count);
    for (uint32_t i = 0; i < count && i < GROVE_NOTES; i++) {
        const struct grove_note *note = &grove->notes[i];
        if (atomic_load(&note->ran) != (atomic_load(&note->is_deferred) ? 1 : 0)) {
            return "a clean-up did not run once";
        }
    }
    return NULL;
}
