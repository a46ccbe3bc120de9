/* SPDX-License-Identifier: MIT */
/* Sessions over links on which everything happens that a seed can think of. */
#include <inttypes.h>
#include <stdlib.h>

#include "support/fixtures.h"
#include "support/session_pair.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 60
#else
#define SEEDS 400
#endif

static uint64_t seeds(void)
{
    const char *given = getenv("TROUPE_SEEDS"); /* NOLINT(concurrency-mt-unsafe) */
    return given != NULL ? strtoul(given, NULL, 10) : SEEDS;
}

static uint64_t draw(struct session_pair *pair, uint64_t limit)
{
    return tr_random_below(&pair->random, limit);
}

static struct session_pair *a_bad_pair(uint64_t seed)
{
    struct session_pair *pair = a_session_pair(seed);
    pair->delay_ns_max = 1 + draw(pair, 20 * PAIR_MS);
    pair->lose_percent = draw(pair, 2) == 0 ? (uint32_t) draw(pair, 30) : 0;
    pair->repeat_percent = draw(pair, 2) == 0 ? (uint32_t) draw(pair, 30) : 0;
    pair->overtake_percent = draw(pair, 2) == 0 ? (uint32_t) draw(pair, 30) : 0;
    pair->late_percent = draw(pair, 2) == 0 ? (uint32_t) draw(pair, 100) : 0;
    pair->refuse_percent = draw(pair, 2) == 0 ? (uint32_t) draw(pair, 60) : 0;
    pair->room = 2 + (uint32_t) draw(pair, 200);
    pair->frame_size_max = draw(pair, 10) == 0 ? 400000 : 100;
    return pair;
}

static void do_something(struct session_pair *pair, uint64_t longest_ns, bool may_restart)
{
    const uint32_t end = (uint32_t) draw(pair, 2);
    switch (draw(pair, 8)) {
    case 0:
        pair_break(pair);
        break;
    case 1:
    case 2:
        pair_cut(pair, end, true);
        break;
    case 3:
        pair_stall(pair, end, draw(pair, longest_ns));
        break;
    case 4:
        if (may_restart) {
            pair_restart(pair, end);
        }
        break;
    default:
        pair_cut(pair, end, false);
        break;
    }
    pair_send(pair, end, draw(pair, 20) == 0 ? draw(pair, 2500) : draw(pair, 40));
    pair_run(pair, draw(pair, longest_ns));
}

static void fail_seed(const struct session_pair *pair, uint64_t seed, const char *what)
{
    print_error("seed %" PRIu64 ": %s\n", seed, pair->wrong[0] != '\0' ? pair->wrong : what);
    for (uint32_t i = 0; i < 2; i++) {
        const struct pair_end *end = &pair->ends[i];
        print_error(
            "end %u: begun %" PRIu64 " lost %" PRIu64 " sent %" PRIu64 " taken %" PRIu64
            " number %" PRIu64 " bound %" PRIu64 " open %d up %d ready %d to send %" PRIu64 "\n",
            i, end->begun, end->lost, end->sent, end->taken, end->session.number,
            end->session.bound, end->is_open, end->is_up, end->session.is_ready, end->to_send);
    }
    _fail(__FILE__, __LINE__);
}

static void settle(struct session_pair *pair, uint64_t seed)
{
    pair_calm(pair);
    pair_send(pair, 0, 3);
    pair_send(pair, 1, 3);
    for (uint32_t i = 0; i < 300 && !pair_is_one(pair) && pair->wrong[0] == '\0'; i++) {
        pair_run(pair, 100 * PAIR_MS);
    }
    if (pair->wrong[0] != '\0' || !pair_is_one(pair)) {
        fail_seed(pair, seed, "they have not come together when nothing was in the way any more");
    }
}

/* Promise: SESSION-ORDER */
static void lose_repeat_and_reorder_nothing_while_both_live(void **state)
{
    (void) state;
    for (uint64_t seed = 0; seed < seeds(); seed++) {
        struct session_pair *pair = a_bad_pair(seed);
        pair_send(pair, 0, 1);
        for (uint32_t acts = 0; acts < 12 && pair->wrong[0] == '\0'; acts++) {
            do_something(pair, 800 * PAIR_MS, false);
            pair->ends[0].stalled_until_ns = 0;
            pair->ends[1].stalled_until_ns = 0;
        }
        settle(pair, seed);
        if (pair->ends[0].lost + pair->ends[1].lost != 0) {
            fail_seed(pair, seed, "a session was lost though both lived");
        }
        drop_session_pair(&pair);
    }
}

/* Promise: SESSION-TOLD */
static void tell_both_once_when_one_is_taken_for_dead_or_is_over(void **state)
{
    (void) state;
    uint64_t lost = 0;
    for (uint64_t seed = 0; seed < seeds(); seed++) {
        struct session_pair *pair = a_bad_pair(seed);
        pair_send(pair, 0, 1);
        for (uint32_t acts = 0; acts < 12 && pair->wrong[0] == '\0'; acts++) {
            do_something(pair, UINT64_C(20000) * PAIR_MS, true);
        }
        settle(pair, seed);
        lost += pair->ends[0].lost;
        for (uint32_t i = 0; i < 2; i++) {
            const struct pair_end *end = &pair->ends[i];
            if (end->begun != end->lost + 1) {
                fail_seed(pair, seed, "begun and lost do not go together");
            }
        }
        drop_session_pair(&pair);
    }
    assert_true(lost > seeds() / 10); /* it does happen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lose_repeat_and_reorder_nothing_while_both_live),
        cmocka_unit_test(tell_both_once_when_one_is_taken_for_dead_or_is_over),
    };
    return cmocka_run_group_tests_name("Sessions", tests, NULL, NULL);
}
