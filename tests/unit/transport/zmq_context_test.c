/* SPDX-License-Identifier: MIT */
/* A context is there or is an error; descriptors that are out do not end the process. */
#include "transport/zmq_context.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "support/fixtures.h"

static const tr_zmq_report no_report = {.log = NULL};

static void has_the_options_that_it_needs(void **state)
{
    (void) state;
    void *context = NULL;

    assert_ok(tr_zmq_context_create(50, 0, &no_report, &context));

    assert_int_equal(zmq_ctx_get(context, ZMQ_IO_THREADS), 0);
    assert_int_equal(zmq_ctx_get(context, ZMQ_MAX_SOCKETS), 50);
    assert_int_equal(zmq_ctx_get(context, ZMQ_BLOCKY), 0);
    tr_zmq_context_destroy(&context);
    assert_null(context);
    tr_zmq_context_destroy(&context);
}

static void has_as_many_sockets_as_asked_for(void **state)
{
    (void) state;
    void *context = NULL;
    void *sockets[51];
    assert_ok(tr_zmq_context_create(50, 0, &no_report, &context));

    int count = 0;
    while (count <= 50 && (sockets[count] = zmq_socket(context, ZMQ_ROUTER)) != NULL) {
        count++;
    }

    assert_in_range(count, 49, 50); /* the first may not have been freed yet */
    assert_int_equal(errno, EMFILE);
    while (count > 0) {
        assert_int_equal(zmq_close(sockets[--count]), 0);
    }
    tr_zmq_context_destroy(&context);
}

static void out_of_descriptors_is_an_error(void **state)
{
    (void) state;
    void *context = NULL;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    const int lowest_free = fcntl(0, F_DUPFD, 0);
    assert_true(lowest_free >= 0);
    assert_int_equal(close(lowest_free), 0);

    troupe_error error = TROUPE_ERROR_LIMIT_REACHED;
    for (rlim_t more = 0; error == TROUPE_ERROR_LIMIT_REACHED; more++) {
        const struct rlimit limit = {(rlim_t) lowest_free + more, old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        error = tr_zmq_context_create(50, 0, &no_report, &context);
        assert_true(error == TROUPE_OK || context == NULL);
    }

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_ok(error);
    tr_zmq_context_destroy(&context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_options_that_it_needs),
        cmocka_unit_test(has_as_many_sockets_as_asked_for),
        cmocka_unit_test(out_of_descriptors_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
