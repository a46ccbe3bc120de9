/* SPDX-License-Identifier: MIT */
/* What a link does: the failure of one is that of the other, an orderly end is not. */
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)

/* Two actors "left" and "right", of which the left one makes the link. */
struct pair {
    struct probe *seen;
    troupe_ref refs[2];
    uint32_t traps;  /* bit per actor */
    bool unlinks[2]; /* once linked, this one ends the link */
    bool links_twice;
    uint64_t orders[2]; /* what each gets then, as below; 0: nothing */
};

enum {
    FAIL = 1,
    RETURN,
    STOP,
    CANCEL
};

struct side {
    struct pair *pair;
    int index;
};

static const char *const names[] = {"left", "right"};

static troupe_error obey(troupe_self *self, const struct side *side, const troupe_message *message)
{
    struct pair *pair = side->pair;
    const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
    if (exit != NULL) {
        probe_say(pair->seen, "%s exit %s of %s, kind %d", names[side->index],
                  troupe_error_name(exit->reason),
                  troupe_ref_is_same(exit->actor, pair->refs[1 - side->index]) ? "the other" : "?",
                  (int) exit->kind);
        return TROUPE_OK;
    }
    const uint64_t figure = figure_of(message);
    if (figure >= 100) {
        probe_say(pair->seen, "%s got %llu", names[side->index], (unsigned long long) figure);
    }
    if (figure == FAIL) {
        if (pair->traps == 0 && !pair->unlinks[0] && !pair->unlinks[1]) {
            return TROUPE_ERROR_PROTOCOL; /* a cancel stands behind nothing */
        }
        /* Its last words come before its exit. */
        (void) send_figure(self, pair->refs[1 - side->index], 100);
        return TROUPE_ERROR_PROTOCOL;
    }
    return figure == RETURN ? TROUPE_ERROR_END : TROUPE_OK;
}

static troupe_error plays_a_side(troupe_self *self, void *argument)
{
    const struct side *side = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && figure_of(message) == 50) {
            error = troupe_link(self, side->pair->refs[1 - side->index]);
        } else if (error == TROUPE_OK && figure_of(message) == 51) {
            probe_say(side->pair->seen, "unlink %d",
                      troupe_unlink(self, side->pair->refs[1 - side->index]));
        } else if (error == TROUPE_OK) {
            error = obey(self, side, message);
        }
    }
    return error == TROUPE_ERROR_END ? TROUPE_OK : error;
}

static troupe_error quietly(troupe_self *self)
{
    return troupe_sleep(self, TROUPE_WITHIN_MS(50));
}

static void tell_end(struct pair *pair, const troupe_message *message)
{
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    if (down != NULL) {
        const bool is_left = troupe_ref_is_same(down->actor, pair->refs[0]);
        probe_say(pair->seen, "%s down %s", is_left ? "left" : "right",
                  troupe_error_name(down->reason));
    }
}

static troupe_error order(troupe_self *self, struct pair *pair, int index, uint64_t what)
{
    switch (what) {
    case 0:
        return TROUPE_OK;
    case STOP:
        return troupe_stop(self, pair->refs[index]);
    case CANCEL:
        return troupe_cancel(self, pair->refs[index]);
    default:
        return send_figure(self, pair->refs[index], what);
    }
}

static troupe_error directs(troupe_self *self, void *argument)
{
    struct pair *pair = argument;
    struct side sides[] = {{pair, 0}, {pair, 1}};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitors[2];
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < 2 && error == TROUPE_OK; i++) {
        error = troupe_spawn(
            self,
            TROUPE_SPAWN(.body = plays_a_side, .argument = &sides[i], .out_monitor = &monitors[i],
                         .trap_exits = pair->traps >> i & 1, .place = TROUPE_PLACE_ANY),
            &pair->refs[i]);
    }
    error = error ? error : send_figure(self, pair->refs[0], 50);
    error = error ? error : quietly(self);
    if (pair->links_twice) {
        error = error ? error : send_figure(self, pair->refs[1], 50);
        error = error ? error : quietly(self);
    }
    for (int i = 0; i < 2; i++) {
        if (pair->unlinks[i]) {
            error = error ? error : send_figure(self, pair->refs[i], 51);
            error = error ? error : quietly(self);
        }
    }
    for (int i = 0; i < 2; i++) {
        error = error ? error : order(self, pair, i, pair->orders[i]);
        error = error ? error : quietly(self);
    }
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(100));
        if (error == TROUPE_OK) {
            tell_end(pair, message);
        }
    }
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

static void play(tr_world *world, struct pair *pair)
{
    pair->seen = a_probe();
    (void) a_root(world, TROUPE_SPAWN(.body = directs, .argument = pair));
    tr_world_advance(world, 10 * SECOND);
}

/* Promise: LINK-FAILS */
static void strikes_the_one_that_was_linked_to(void **state)
{
    struct pair pair = {.orders = {FAIL, 0}};
    play(*state, &pair);
    assert_int_equal(probe_count_of(pair.seen, "left down PROTOCOL"), 1);
    assert_int_equal(probe_count_of(pair.seen, "right down LINKED"), 1);
    assert_int_equal(probe_count(pair.seen), 2); /* in any order */
    drop_probe(&pair.seen);
}

/* Promise: LINK-FAILS */
static void strikes_the_one_that_made_it(void **state)
{
    struct pair pair = {.orders = {0, FAIL}};
    play(*state, &pair);
    assert_int_equal(probe_count_of(pair.seen, "right down PROTOCOL"), 1);
    assert_int_equal(probe_count_of(pair.seen, "left down LINKED"), 1);
    assert_int_equal(probe_count(pair.seen), 2); /* in any order */
    drop_probe(&pair.seen);
}

/* Promise: LINK-FAILS */
static void strikes_when_the_other_is_cancelled(void **state)
{
    struct pair pair = {.orders = {0, CANCEL}};
    play(*state, &pair);
    assert_int_equal(probe_count_of(pair.seen, "right down CANCELLED"), 1);
    assert_int_equal(probe_count_of(pair.seen, "left down LINKED"), 1);
    assert_int_equal(probe_count(pair.seen), 2); /* in any order */
    drop_probe(&pair.seen);
}

/* Promise: LINK-NORMAL */
static void is_gone_after_an_orderly_end(void **state)
{
    struct pair pair = {.orders = {RETURN, 0}};
    play(*state, &pair);
    assert_said(pair.seen, "left down OK");
    drop_probe(&pair.seen);
    pair = (struct pair) {.orders = {0, STOP}};
    play(*state, &pair);
    assert_said(pair.seen, "right down OK");
    drop_probe(&pair.seen);
}

/* Promise: LINK-TRAP */
static void tells_one_that_traps_exits_after_the_last_words(void **state)
{
    struct pair pair = {.traps = 1, .orders = {0, FAIL}};
    play(*state, &pair);
    assert_string_equal(probe_line(pair.seen, 0), "left got 100");
    assert_int_equal(probe_count_of(pair.seen, "left exit PROTOCOL of the other, kind 2"), 1);
    assert_int_equal(probe_count(pair.seen), 3);
    drop_probe(&pair.seen);
}

/* Promise: LINK-TRAP */
static void does_not_keep_one_that_traps_from_being_cancelled(void **state)
{
    struct pair pair = {.traps = 3, .orders = {CANCEL, 0}};
    play(*state, &pair);
    assert_said(pair.seen, "right exit CANCELLED of the other, kind 3", "left down CANCELLED");
    drop_probe(&pair.seen);
}

/* Promise: LINK-UNLINK */
static void is_ended_by_either(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct pair pair = {.orders = {FAIL, 0}};
        pair.unlinks[i] = true;
        play(*state, &pair);
        assert_said(pair.seen, "unlink 1", "right got 100", "left down PROTOCOL");
        drop_probe(&pair.seen);
    }
    struct pair pair = {.unlinks = {true, true}, .orders = {0, FAIL}};
    play(*state, &pair);
    assert_said(pair.seen, "unlink 1", "unlink 0", "left got 100", "right down PROTOCOL");
    drop_probe(&pair.seen);
}

/* Promise: LINK-ONE */
static void is_one_if_made_twice(void **state)
{
    struct pair pair = {.traps = 2, .links_twice = true, .orders = {FAIL, 0}};
    play(*state, &pair);
    assert_said(pair.seen, "right got 100", "right exit PROTOCOL of the other, kind 2",
                "left down PROTOCOL");
    drop_probe(&pair.seen);
}

static troupe_error fails_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_ERROR_PROTOCOL;
}

static troupe_error fails_later(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    return error ? error : TROUPE_ERROR_PROTOCOL;
}

static troupe_error spawns_linked(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    (void) tell(
        cast, "spawn",
        troupe_spawn(
            self, TROUPE_SPAWN(.body = fails_at_once, .link = 1, .place = TROUPE_PLACE_ANY), &ref));
    (void) tell(cast, "alive", quietly(self));
    (void) tell(
        cast, "spawn",
        troupe_spawn(self, TROUPE_SPAWN(.body = fails_later, .link = 1, .place = TROUPE_PLACE_ANY),
                     &ref));
    (void) tell(cast, "struck", quietly(self));
    return TROUPE_OK;
}

/* Promise: LINK-SPAWN */
static void begins_with_the_spawn_of_one_that_starts(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = spawns_linked, .argument = &cast));
    tr_world_advance(*state, SECOND);
    assert_said(cast.seen, "spawn PROTOCOL", "alive OK", "spawn OK", "struck CANCELLED");
    assert_int_equal(tr_world_root_error(*state), TROUPE_ERROR_LINKED);
    drop_probe(&cast.seen);
}

static troupe_error spawns_linked_blindly(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    (void) tell(cast, "spawn",
                troupe_spawn_nowait(self, TROUPE_SPAWN(.body = fails_at_once, .link = 1), &ref));
    return tell(cast, "struck", quietly(self));
}

/* Promise: LINK-SPAWN */
static void strikes_for_a_start_that_nobody_waits_for(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = spawns_linked_blindly, .argument = &cast));
    tr_world_advance(*state, SECOND);
    assert_said(cast.seen, "spawn OK", "struck CANCELLED");
    drop_probe(&cast.seen);
}

static troupe_error links_to_the_dead(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref;
    troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = fails_later, .place = TROUPE_PLACE_ANY), &ref);
    error = error ? error : quietly(self);
    error = error ? error : troupe_link(self, ref);
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_MS(10));
    const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
    return tell(cast, "exit", exit != NULL ? exit->reason : error);
}

/* Promise: LINK-DEAD */
static void is_an_exit_if_the_other_has_ended(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = links_to_the_dead, .argument = &cast, .trap_exits = 1));
    tr_world_advance(*state, SECOND);
    assert_said(cast.seen, "exit STALE");
    drop_probe(&cast.seen);
}

static troupe_error links_to_a_supervised_one(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_spawn_options options = *TROUPE_SPAWN(.name = "fails", .body = fails_later);
    const troupe_child_spec child = TROUPE_CHILD(.actor = &options, .backoff_start = TROUPE_NOW);
    const troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.children = &child, .child_count = 1, .restarts_max = 5);
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref;
    troupe_error error = troupe_supervise(self, &spec, &ref);
    error = error ? error : troupe_lookup(self, "fails", &ref);
    error = error ? error : troupe_link(self, ref);
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(10));
    const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
    (void) tell(cast, "exit", exit != NULL ? exit->reason : error);
    return tell(cast, "then", troupe_receive(self, &message, TROUPE_WITHIN_S(1)));
}

/* Promise: LINK-RESTART */
static void stays_when_the_other_is_restarted(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = links_to_a_supervised_one, .argument = &cast,
                                       .trap_exits = 1));
    tr_world_advance(*state, 20 * SECOND);
    assert_said(cast.seen, "exit PROTOCOL", "then TIMED_OUT"); /* once, for six failures */
    drop_probe(&cast.seen);
}

static troupe_error watches_for_a_while(troupe_self *self, void *argument)
{
    const struct pair *pair = argument;
    troupe_monitor_id id;
    troupe_error error = troupe_monitor(self, pair->refs[0], &id);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(100)); /* it is linked now */
    probe_say(pair->seen, "demonitor %d", troupe_demonitor(self, id));
    error = error ? error : quietly(self);
    return error ? error : TROUPE_ERROR_PROTOCOL;
}

static troupe_error links_and_waits(troupe_self *self, void *argument)
{
    struct pair *pair = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    pair->refs[0] = troupe_self_ref(self);
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = watches_for_a_while, .argument = pair), &pair->refs[1]);
    error = error ? error : quietly(self);
    error = error ? error : troupe_link(self, pair->refs[1]);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
    probe_say(pair->seen, "exit %s", exit != NULL ? troupe_error_name(exit->reason) : "none");
    return TROUPE_OK;
}

/* The first of each has the same number at either.
 * Promise: LINK-UNLINK */
static void stays_when_a_monitor_ends(void **state)
{
    struct pair pair = {.seen = a_probe()};
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = links_and_waits, .argument = &pair, .trap_exits = 1));
    tr_world_advance(*state, SECOND);

    assert_said(pair.seen, "demonitor 1", "exit PROTOCOL");
    drop_probe(&pair.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_THREE(strikes_the_one_that_was_linked_to),
        WITH_WORLD_OF_THREE(strikes_the_one_that_made_it),
        WITH_WORLD_OF_THREE(strikes_when_the_other_is_cancelled),
        WITH_WORLD_OF_THREE(is_gone_after_an_orderly_end),
        WITH_WORLD_OF_THREE(tells_one_that_traps_exits_after_the_last_words),
        WITH_WORLD_OF_THREE(does_not_keep_one_that_traps_from_being_cancelled),
        WITH_WORLD_OF_THREE(is_ended_by_either),
        WITH_WORLD_OF_THREE(is_one_if_made_twice),
        WITH_WORLD_OF_TWO(begins_with_the_spawn_of_one_that_starts),
        WITH_WORLD_OF_TWO(strikes_for_a_start_that_nobody_waits_for),
        WITH_WORLD_OF_TWO(is_an_exit_if_the_other_has_ended),
        WITH_WORLD_OF_TWO(stays_when_the_other_is_restarted),
        WITH_WORLD_OF_TWO(stays_when_a_monitor_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
