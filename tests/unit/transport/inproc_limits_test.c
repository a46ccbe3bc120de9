/* SPDX-License-Identifier: MIT */
/* What the carrier promises where memory and descriptors are scarce. */
#include "transport/inproc.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit/transport/inproc_fixture.h"

static int set_descriptors_limit(rlim_t count)
{
    struct rlimit limit;
    (void) getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
    limit.rlim_cur = count;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

static int allow_1024_descriptors(void **state)
{
    (void) state;
    return set_descriptors_limit(1024);
}

/* A worker that never sleeps and is sent nothing lets go of what closed ends have left. ZeroMQ's
 * thread frees it in its own time; if it never did, there would be no descriptors in the end. */
static void frees_closed_ends_while_a_peer_is_busy(void **state)
{
    struct world *world = *state;
    for (uint32_t round = 0; round < 3000; round++) {
        tr_inproc_end *guest = NULL;
        troupe_error error = TROUPE_ERROR_LIMIT_REACHED;
        for (int tries = 0; error == TROUPE_ERROR_LIMIT_REACHED && tries < 100000; tries++) {
            for (int looks = 0; looks < 1024; looks++) {
                assert_receives_nothing(world->left);
            }
            error = tr_inproc_open(world->inproc, 7, &guest);
        }
        assert_ok(error);
        assert_ok(send_number(world->left, 7, round));
        close_end(&guest);
    }
}

static void sixty_four_ends_send_to_all_with_1024_descriptors(void **state)
{
    struct world *world = *state;
    tr_inproc_end *ends[64];
    for (uint32_t i = 0; i < 64; i++) {
        ends[i] = open_end(world->inproc, 100 + i);
    }

    for (uint32_t number = 0; number < 3; number++) {
        for (uint32_t pair = 0; pair < 64 * 64; pair++) {
            if (pair / 64 != pair % 64) {
                assert_ok(send_number(ends[pair / 64], 100 + pair % 64, pair * 4 + number));
            }
        }
    }

    for (uint32_t to = 0; to < 64; to++) {
        uint32_t next[64] = {0};
        tr_inproc_arrival arrival;
        for (uint32_t i = 0; i < 63 * 3; i++) {
            assert_true(tr_inproc_receive(ends[to], &arrival));
            const uint32_t from = arrival.from - 100;
            assert_ptr_equal(arrival.batch.head, a_message((from * 64 + to) * 4 + next[from]++));
        }
        assert_false(tr_inproc_receive(ends[to], &arrival));
    }
    for (uint32_t i = 0; i < 64; i++) {
        close_end(&ends[i]);
    }
}

static void out_of_memory_changes_nothing(void **state)
{
    struct world *world = *state;
    const tr_inproc_options options = options_of(world);
    tr_inproc *inproc = NULL;
    tr_inproc_end *end = NULL;

    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    for (int allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_failing_allocator_fail_after(&world->memory, allowed);
        error = tr_inproc_create(&options, &inproc);
        assert_true(error == TROUPE_OK || inproc == NULL);
    }
    assert_ok(error);
    assert_fails(tr_inproc_open(inproc, 1, &end), NO_MEMORY);
    assert_null(end);
    tr_failing_allocator_fail_never(&world->memory);

    end = open_end(inproc, 1);
    close_end(&end);
    tr_inproc_destroy(&inproc);
}

/* Lets the process have `more` descriptors besides those it has. */
static void allow_descriptors(unsigned more)
{
    assert_int_equal(set_descriptors_limit(1024), 0);
    const int lowest_free = fcntl(0, F_DUPFD, 0);
    assert_true(lowest_free >= 0);
    assert_int_equal(close(lowest_free), 0);
    assert_int_equal(set_descriptors_limit((rlim_t) lowest_free + more), 0);
}

static void out_of_descriptors_is_an_error(void **state)
{
    struct world *world = *state;
    const tr_inproc_options options = options_of(world);
    tr_inproc *inproc = NULL;

    troupe_error error = TROUPE_ERROR_LIMIT_REACHED;
    for (unsigned more = 0; error == TROUPE_ERROR_LIMIT_REACHED; more++) {
        allow_descriptors(more);
        error = tr_inproc_create(&options, &inproc);
        assert_true(error == TROUPE_OK || inproc == NULL);
    }
    assert_ok(error);

    tr_inproc_end *ends[64];
    uint32_t count = 0;
    while (count < 64 && (error = tr_inproc_open(inproc, count, &ends[count])) == TROUPE_OK) {
        count++;
    }
    assert_int_equal(error, TROUPE_ERROR_LIMIT_REACHED);
    assert_int_equal(allow_1024_descriptors(state), 0);
    ends[count] = open_end(inproc, count);
    for (uint32_t i = 0; i <= count; i++) {
        close_end(&ends[i]);
    }
    tr_inproc_destroy(&inproc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(frees_closed_ends_while_a_peer_is_busy),
        WITH_WORLD(sixty_four_ends_send_to_all_with_1024_descriptors),
        WITH_WORLD(out_of_memory_changes_nothing),
        WITH_WORLD(out_of_descriptors_is_an_error),
    };
    return cmocka_run_group_tests(tests, allow_1024_descriptors, NULL);
}
