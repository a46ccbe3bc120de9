/* SPDX-License-Identifier: MIT */
/* A ref whose actor has ended, used while others, with other rules, follow in its slot. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"

#define LIVES 100000

struct stage {
    troupe_ref first; /* who has ended */
    _Atomic int has_first;
    _Atomic int is_over;
    _Atomic uint64_t refused;
    uint64_t reused;
};

/* Ends at once. */
static troupe_error die(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

/* Has children one after the other, every second with rules. */
static troupe_error bear(troupe_self *self, void *argument)
{
    static const troupe_type_rule rules[] = {
        {.type = &other_figure_type, .on_full = TROUPE_ON_FULL_FAIL},
        {.type = &figure_type, .on_full = TROUPE_ON_FULL_DROP_OLDEST}};
    struct stage *stage = argument;
    unsigned born = 0;
    while (born < LIVES && troupe_yield(self) == TROUPE_OK) {
        troupe_ref ref;
        born += troupe_spawn_nowait(self,
                                    TROUPE_SPAWN(.body = die,
                                                 .type_rules = born % 2 == 0 ? rules : NULL,
                                                 .type_rule_count = born % 2 == 0 ? 2 : 0),
                                    &ref) == TROUPE_OK
                    ? 1
                    : 0;
        if (atomic_load(&stage->has_first) == 0) {
            stage->first = ref;
            atomic_store(&stage->has_first, 1);
        }
        stage->reused += ref.slot == stage->first.slot ? 1 : 0;
    }
    atomic_store(&stage->is_over, 1);
    return TROUPE_OK;
}

static troupe_error send_to_the_first(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    while (atomic_load(&stage->has_first) == 0) {
        (void) troupe_yield(self);
    }
    while (atomic_load(&stage->is_over) == 0) {
        const uint64_t number = 1;
        const troupe_error error = troupe_send_struct(self, stage->first, &figure_type, &number);
        stage->refused += error == TROUPE_ERROR_STALE ? 1 : 0;
        if (stage->refused % 1024 == 0) {
            (void) troupe_yield(self);
        }
    }
    return TROUPE_OK;
}

/* Promise: ACTOR-STALE */
static void is_refused_whatever_rules_those_have_who_follow(void **state)
{
    (void) state;
    struct stage stage = {.refused = 0};
    troupe_node *node = a_node_of(3);
    a_root_of(node, TROUPE_SPAWN(.body = send_to_the_first, .argument = &stage,
                                 .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    a_root_of(node, TROUPE_SPAWN(.body = bear, .argument = &stage, .place = TROUPE_PLACE_WORKER,
                                 .place_worker = 2));
    while (atomic_load(&stage.is_over) == 0) {
        /* as long as it lasts */
    }
    drop_node(&node);
    assert_true(stage.refused > 0);
    assert_true(stage.reused > LIVES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_refused_whatever_rules_those_have_who_follow),
    };
    return cmocka_run_group_tests_name("stale", tests, NULL, NULL);
}
