/* SPDX-License-Identifier: MIT */
/* Faults that a test aims at one place. */
#include <troupe/troupe.h>

#include "support/kit_fixture.h"

static const uint64_t seven = 7;

static troupe_ref spawned(const struct kit_stage *stage, const troupe_spawn_options *options)
{
    troupe_ref ref = troupe_ref_none();
    troupe_must(stage->kit, troupe_probe_spawn(stage->probe, options, &ref));
    return ref;
}

/* Sends one to refs[0] for each that comes, if it is taken at once, and else tells refs[1]. */
static troupe_error passes_on_or_tells(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_message *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (!error) {
        const troupe_error sent = troupe_send_message_with(
            self, cast->refs[0], &message, TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
        if (sent) {
            error = send_figure(self, cast->refs[1], (uint64_t) sent);
        }
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    troupe_message_destroy(&message);
    return error;
}

/* Promise: KIT-FULL */
static void fills_a_mailbox_and_drains_it(void **state)
{
    struct kit_stage *stage = *state;
    const troupe_ref idle = spawned(stage, TROUPE_SPAWN(.body = play_idle, .mailbox_capacity = 20));
    struct cast cast = {.refs = {idle, troupe_probe_ref(stage->probe)}};
    const troupe_ref sender =
        spawned(stage, TROUPE_SPAWN(.body = passes_on_or_tells, .argument = &cast));
    for (uint32_t round = 0; round < 3; round++) {
        troupe_must(stage->kit, troupe_kit_fill(stage->kit, idle));
        assert_fails(troupe_kit_fill(stage->kit, idle), MAILBOX_FULL);
        troupe_must(stage->kit,
                    troupe_probe_send(stage->probe, sender, TROUPE_STRUCT(&figure_type, &seven)));
        assert_int_equal(expect_figure(stage->probe, TROUPE_NOW), TROUPE_ERROR_MAILBOX_FULL);
        troupe_kit_drain(stage->kit, idle);
        troupe_kit_drain(stage->kit, idle);
        troupe_must(stage->kit,
                    troupe_probe_send(stage->probe, sender, TROUPE_STRUCT(&figure_type, &seven)));
        troupe_expect_none(stage->probe, TROUPE_WITHIN_MS(1));
    }
    /* Who waits for room gets it, and the end of the kit gives back what is still taken. */
    troupe_must(stage->kit, troupe_kit_fill(stage->kit, idle));
    troupe_must(stage->kit,
                troupe_probe_send(stage->probe, idle, TROUPE_STRUCT(&figure_type, &seven)));
    troupe_expect_none(stage->probe, TROUPE_WITHIN_S(1));
    troupe_kit_drain(stage->kit, idle);
    troupe_rest(stage->kit);
    troupe_must(stage->kit, troupe_kit_fill(stage->kit, idle));
}

/* Promise: KIT-FULL */
static void tells_who_waits_for_room(void **state)
{
    struct kit_stage *stage = *state;
    const troupe_ref doubler = spawned(stage, TROUPE_SPAWN(.body = play_doubler));
    troupe_must(stage->kit, troupe_kit_fill(stage->kit, doubler));
    troupe_must(stage->kit, troupe_probe_ask(stage->probe, doubler,
                                             TROUPE_STRUCT(&figure_type, &seven), TROUPE_FOREVER));
    assert_fails_test(stage, troupe_expect_any(stage->probe, TROUPE_WITHIN_S(1)),
                      "nothing; it waits for room in a mailbox and takes nothing in until then");
}

/* Promise: KIT-FULL */
static void outlives_the_end_of_who_is_full(void **state)
{
    struct kit_stage *stage = *state;
    const troupe_ref idle = spawned(stage, TROUPE_SPAWN(.body = play_idle));
    troupe_must(stage->kit, troupe_kit_fill(stage->kit, idle));
    troupe_must(stage->kit, troupe_probe_end(stage->probe, idle, TROUPE_DOWN_KILLED));
    (void) troupe_expect_down(stage->probe, idle, TROUPE_NOW);
    assert_fails(troupe_kit_fill(stage->kit, idle), STALE);
    troupe_kit_drain(stage->kit, idle);
    assert_fails(troupe_kit_fill(stage->kit, idle), STALE);
    assert_fails(troupe_kit_fill(stage->kit, troupe_ref_none()), NODE_LOST);
}

struct memory_state {
    uint64_t sum;
};

static troupe_error adds_up(troupe_self *self, void *state, troupe_message **message)
{
    struct memory_state *memory = state;
    const troupe_allocator *allocator = troupe_self_allocator(self);
    void *block = allocator->resize(allocator->context, NULL, 0, 100);
    void *other = block != NULL ? allocator->resize(allocator->context, NULL, 0, 100) : NULL;
    if (other != NULL) {
        (void) allocator->resize(allocator->context, other, 100, 0);
    }
    if (block != NULL) {
        (void) allocator->resize(allocator->context, block, 100, 0);
    }
    memory->sum += figure_of(*message);
    return other == NULL ? TROUPE_ERROR_NO_MEMORY : reply_figure(self, *message, memory->sum);
}

static const troupe_behavior adding =
    TROUPE_BEHAVIOR(.name = "adding", .state_size = sizeof(struct memory_state), .other = adds_up);

/* Promise: KIT-MEMORY */
static void fails_the_nth_allocation_of_one_actor(void **state)
{
    struct kit_stage *stage = *state;
    uint64_t failed = 0;
    bool has_come = true;
    for (uint64_t n = 1; has_come; n++) {
        const troupe_ref ref = spawned(stage, TROUPE_SPAWN(.behavior = &adding));
        const troupe_ref other = spawned(stage, TROUPE_SPAWN(.behavior = &adding));
        assert_false(troupe_kit_fail_allocation(stage->kit, ref, n));
        const troupe_ref both[] = {other, ref};
        for (uint32_t i = 0; i < 2; i++) {
            troupe_must(stage->kit,
                        troupe_probe_ask(stage->probe, both[i], TROUPE_STRUCT(&figure_type, &seven),
                                         TROUPE_WITHIN_S(1)));
            troupe_rest(stage->kit);
        }
        /* The other has not noticed. */
        assert_int_equal(expect_figure(stage->probe, TROUPE_NOW), 7);
        has_come = troupe_kit_fail_allocation(stage->kit, ref, 0);
        assert_false(troupe_kit_fail_allocation(stage->kit, ref, 0));
        if (has_come) {
            troupe_message *message =
                troupe_fish(stage->probe, TROUPE_NOW, .type = &troupe_down_type);
            const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
            assert_true(troupe_ref_is_same(down->actor, ref));
            assert_int_equal(down->reason, TROUPE_ERROR_NO_MEMORY);
            troupe_message_destroy(&message);
            failed++;
        } else {
            assert_int_equal(expect_figure(stage->probe, TROUPE_NOW), 7);
        }
    }
    assert_true(failed >= 2);
}

static const troupe_type wire_type = TROUPE_SIGNAL("wire");
static const troupe_type other_wire_type = TROUPE_SIGNAL("other wire");

static troupe_error knows_types(troupe_self *self, void *context)
{
    (void) context;
    const troupe_error error = troupe_learn_type(self, &wire_type);
    return error ? error : troupe_learn_type(self, &other_wire_type);
}

/* Promise: KIT-LOSE */
static void loses_messages_of_a_type_between_two_nodes(void **state)
{
    struct kit_stage *stage = *state;
    uint32_t far = 0;
    troupe_probe *there = NULL;
    troupe_must(stage->kit, troupe_simulation_add(troupe_kit_simulation(stage->kit),
                                                  TROUPE_SIMULATION_NODE(.name = "far"), &far));
    troupe_must(stage->kit, troupe_probe_create(stage->kit, far, NULL, &there));
    troupe_must(stage->kit, troupe_probe_do(there, knows_types, NULL));
    const troupe_ref to = troupe_probe_ref(there);
    assert_fails(troupe_probe_send(stage->probe, to, TROUPE_STRUCT(&wire_type, NULL)), UNREACHABLE);
    troupe_advance(stage->kit, TROUPE_WITHIN_S(1));

    troupe_must(stage->kit, troupe_kit_lose(stage->kit, 0, far, "wire", 3));
    for (uint32_t i = 0; i < 4; i++) {
        troupe_must(stage->kit,
                    troupe_probe_send(stage->probe, to, TROUPE_STRUCT(&wire_type, NULL)));
        troupe_must(stage->kit,
                    troupe_probe_send(stage->probe, to, TROUPE_STRUCT(&other_wire_type, NULL)));
    }
    for (uint32_t i = 0; i < 5; i++) {
        troupe_message *message = troupe_expect_any(there, TROUPE_WITHIN_S(1));
        assert_true(troupe_message_is(message, i == 3 ? &wire_type : &other_wire_type));
        troupe_message_destroy(&message);
    }
    /* A request that is lost is not answered; its answer may be, too. */
    for (uint32_t i = 0; i < 2; i++) {
        troupe_must(stage->kit,
                    troupe_kit_lose(stage->kit, i == 0 ? 0 : far, i == 0 ? far : 0, NULL, 1));
        troupe_must(stage->kit, troupe_probe_ask(stage->probe, to, TROUPE_STRUCT(&wire_type, NULL),
                                                 TROUPE_WITHIN_S(1)));
        if (i == 0) {
            troupe_expect_none(there, TROUPE_WITHIN_MS(999));
        } else {
            troupe_message *request = troupe_expect_any(there, TROUPE_WITHIN_MS(999));
            troupe_must(stage->kit,
                        troupe_probe_reply(there, &request, TROUPE_STRUCT(&wire_type, NULL)));
        }
        troupe_message *answer =
            troupe_expect(stage->probe, TROUPE_WITHIN_S(1), .type = &troupe_no_answer_type);
        troupe_message_destroy(&answer);
    }
    assert_fails(troupe_kit_lose(stage->kit, 0, 0, NULL, 1), BAD_ARGUMENT);
    assert_fails(troupe_kit_lose(stage->kit, 0, 9, NULL, 1), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(fills_a_mailbox_and_drains_it),
        WITH_KIT(tells_who_waits_for_room),
        WITH_KIT(outlives_the_end_of_who_is_full),
        WITH_KIT(fails_the_nth_allocation_of_one_actor),
        WITH_KIT(loses_messages_of_a_type_between_two_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
