/* SPDX-License-Identifier: MIT */
#include "support/races.h"

#include <stdlib.h>

#include "support/world_fixture.h"

#define DELAY_NS 3
#define MS UINT64_C(1000000)

enum way {
    BY_SCOPE,    /* its scope is cancelled by another task */
    BY_DEADLINE, /* its scope's deadline comes */
    BY_ASKER,    /* the asker of the message that it handles gives up */
    WAYS
};

struct game {
    struct race race;
    enum way way;
    uint64_t asked; /* rounds that the asker has asked for */
    bool is_over;
};

struct tally {
    const struct race_kind *kind;
    uint64_t completed;
    uint64_t ended;
    uint64_t met;
};

troupe_timeout a_moment(troupe_self *self)
{
    return troupe_timeout_of_ns(2 + troupe_self_random(self) % 8);
}

void race_expect(struct race *race, bool is_so, const char *what)
{
    race->fault = is_so || race->fault != NULL ? race->fault : what;
}

void race_order(troupe_self *self, struct race *race)
{
    race_expect(race, send_figure(self, race->helper, race->round) == TROUPE_OK,
                "the helper was not told");
}

static troupe_error help(troupe_self *self, void *argument)
{
    struct race *race = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        (void) troupe_sleep(self, a_moment(self)); /* or the asker has given up: all the same */
        race->kind->help(self, race, &message);
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return TROUPE_OK;
}

/* A task that cancels the scope that the call is in. */
static troupe_error cancel_scope(troupe_self *self, void *argument)
{
    struct race *race = argument;
    const troupe_error error = troupe_sleep(self, a_moment(self));
    if (error == TROUPE_OK && race->inner != NULL) {
        return troupe_scope_cancel(self, race->inner, TROUPE_ERROR_USER, "race");
    }
    return TROUPE_OK;
}

/* Says how the call has ended, while what is cancelled has not. */
static void note(troupe_self *self, struct race *race, enum way way, troupe_error error)
{
    const bool is_ended =
        error == TROUPE_ERROR_CANCELLED || (way == BY_DEADLINE && error == TROUPE_ERROR_TIMED_OUT);
    race->completed += error == TROUPE_OK ? 1 : 0;
    race->met += error == TROUPE_OK && troupe_scope_reason(self, NULL) != TROUPE_OK ? 1 : 0;
    race->ended += is_ended ? 1 : 0;
    race_expect(race, error == TROUPE_OK || is_ended || race->kind->may_fail,
                troupe_error_name(error));
}

static void attempt_in_scope(troupe_self *self, struct game *game)
{
    struct race *race = &game->race;
    troupe_scope *around = NULL;
    const bool has_deadline = game->way == BY_DEADLINE;
    troupe_error error = troupe_scope_enter(self, NULL, &around);
    if (error == TROUPE_OK && !has_deadline) {
        error = troupe_task_start(self, around, TROUPE_TASK(.body = cancel_scope, .argument = race),
                                  NULL);
    }
    if (error == TROUPE_OK) {
        error = troupe_scope_enter(
            self, TROUPE_SCOPE(.timeout = has_deadline ? a_moment(self) : TROUPE_FOREVER),
            &race->inner);
    }
    race_expect(race, error == TROUPE_OK, "no scopes");
    note(self, race, game->way, race->kind->attempt(self, race));
    troupe_scope *inner = race->inner;
    race->inner = NULL;
    (void) troupe_scope_leave(self, &inner); /* cancelled or not */
    (void) troupe_scope_leave(self, &around);
}

static void attempt_with_request(troupe_self *self, struct game *game)
{
    TROUPE_AUTO(troupe_message) *request = NULL;
    struct race *race = &game->race;
    game->asked = race->round; /* says that the player is ready: the asker looks */
    if (troupe_receive(self, &request, TROUPE_WITHIN_MS(5)) == TROUPE_OK) {
        note(self, race, game->way, race->kind->attempt(self, race));
        TROUPE_AUTO(troupe_message) *none = NULL;
        troupe_message_destroy(&request);
        (void) troupe_receive(self, &none, TROUPE_NOW); /* ends the handling */
    }                                                   /* else the asker had given up before */
}

static void call(void (*part)(troupe_self *self, struct race *race), troupe_self *self,
                 struct race *race)
{
    if (part != NULL) {
        part(self, race);
    }
}

static troupe_error play(troupe_self *self, void *argument)
{
    struct game *game = argument;
    struct race *race = &game->race;
    race->player = troupe_self_ref(self);
    call(race->kind->begin, self, race);
    for (race->round = 1; race->round <= RACE_ROUNDS && race->fault == NULL; race->round++) {
        race->is_done = false;
        race_expect(race,
                    troupe_scope_enter(self,
                                       TROUPE_SCOPE(.on_failure = TROUPE_COLLECT_ALL,
                                                    .tasks_max = race->kind->tasks_max),
                                       &race->outer) == TROUPE_OK,
                    "no scope");
        call(race->kind->prepare, self, race);
        if (game->way == BY_ASKER) {
            attempt_with_request(self, game);
        } else {
            attempt_in_scope(self, game);
        }
        call(race->kind->settle, self, race);
        (void) troupe_scope_leave(self, &race->outer);
    }
    call(race->kind->end, self, race);
    game->is_over = true;
    return TROUPE_OK;
}

/* Asks the player in each round, and gives up in a moment. */
static troupe_error ask(troupe_self *self, void *argument)
{
    struct game *game = argument;
    uint64_t asked = 0;
    while (!game->is_over) {
        if (game->asked == asked) {
            if (troupe_sleep(self, TROUPE_WITHIN_US(1)) != TROUPE_OK) {
                return TROUPE_OK;
            }
            continue;
        }
        asked = game->asked;
        struct race of_mine = {.round = 0};
        troupe_scope *around = NULL;
        (void) troupe_scope_enter(self, NULL, &around);
        (void) troupe_task_start(self, around,
                                 TROUPE_TASK(.body = cancel_scope, .argument = &of_mine), NULL);
        (void) troupe_scope_enter(self, NULL, &of_mine.inner);
        (void) ask_figure(self, game->race.player, 1, TROUPE_FOREVER, NULL);
        troupe_scope *inner = of_mine.inner;
        of_mine.inner = NULL;
        (void) troupe_scope_leave(self, &inner);
        (void) troupe_scope_leave(self, &around);
    }
    return TROUPE_OK;
}

static void spawn_all(tr_world *world, struct game *game)
{
    struct race *race = &game->race;
    if (race->kind->help != NULL) {
        race->helper = a_root(world, TROUPE_SPAWN(.body = help, .argument = race,
                                                  .mailbox_capacity = race->kind->helper_capacity,
                                                  .place = TROUPE_PLACE_ANY));
    }
    race->player = a_root(world, TROUPE_SPAWN(.body = play, .argument = game,
                                              .place = TROUPE_PLACE_ANY, .mailbox_capacity = 64));
    if (game->way == BY_ASKER) {
        (void) a_root(world,
                      TROUPE_SPAWN(.body = ask, .argument = game, .place = TROUPE_PLACE_ANY));
    }
}

static void assert_no_fault(const struct race *race)
{
    if (race->fault != NULL) {
        fail_msg("round %llu: %s", (unsigned long long) race->round, race->fault);
    }
}

static void run(uint64_t seed, void *context)
{
    struct tally *tally = context;
    struct game game = {.race = {.kind = tally->kind}, .way = (enum way)(seed % WAYS)};
    if (game.way == BY_ASKER && tally->kind->is_receive) {
        game.way = BY_SCOPE;
    }
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 1 + (uint32_t) (seed % 4),
                                                            .delay_ns_max = DELAY_NS,
                                                            .job_ns_max = 2 * DELAY_NS});
    spawn_all(world, &game);
    tr_world_advance(world, 10000 * MS);
    assert_no_fault(&game.race);
    assert_true(game.is_over);
    assert_sound(world);
    assert_true(tr_world_stop(world));
    if (tally->kind->check != NULL) {
        troupe_counts counts;
        tr_world_counts(world, &counts);
        tally->kind->check(&game.race, &counts);
        assert_no_fault(&game.race);
    }
    drop_world(&world);
    tally->completed += game.race.completed;
    tally->ended += game.race.ended;
    tally->met += game.race.met;
}

void run_races(const struct race_kind *kind, uint64_t seeds)
{
    struct tally tally = {.kind = kind};
    for_each_seed(seeds, run, &tally);
    if (getenv("TROUPE_SEED") == NULL) {
        assert_true(tally.completed > 0 && tally.ended > 0);
        assert_true(kind->never_meets || tally.met > 0);
    }
}
