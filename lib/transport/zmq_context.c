/* SPDX-License-Identifier: MIT */
#include "transport/zmq_context.h"

#include "base/assert.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

/* A context takes 4, one of them with its first socket. */
#define DESCRIPTORS_AT_START 8

/* Returns 0 or an errno, like the other helpers here. */
static int result_of(int rc)
{
    return rc < 0 ? errno : 0;
}

/* The first socket of a context ends the process if descriptors run out in the middle of it. */
static int check_descriptors(void)
{
    int spare[DESCRIPTORS_AT_START];
    int number = 0;
    int count = 0;
    while (count < DESCRIPTORS_AT_START && number == 0) {
        spare[count] = eventfd(0, EFD_CLOEXEC);
        number = result_of(spare[count]);
        count += number == 0;
    }
    while (count > 0) {
        (void) close(spare[--count]); /* nothing was written */
    }
    return number;
}

static int set_options(void *context, uint32_t sockets_max, uint32_t io_threads)
{
    const struct {
        int option;
        int value;
    } options[] = {
        {ZMQ_IO_THREADS, (int) io_threads},
        {ZMQ_MAX_SOCKETS, (int) sockets_max},
        {ZMQ_BLOCKY, 0}, /* ending the context waits for no peer */
    };
    int number = 0;
    for (size_t i = 0; number == 0 && i < sizeof options / sizeof options[0]; i++) {
        number = result_of(zmq_ctx_set(context, options[i].option, options[i].value));
    }
    return number;
}

/* ZeroMQ makes the rest of the context with its first socket; from then on a lack of descriptors is
 * an error. */
static int start(void *context)
{
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    if (socket == NULL) {
        return errno;
    }
    return result_of(zmq_close(socket));
}

troupe_error tr_zmq_context_create(uint32_t sockets_max, uint32_t io_threads,
                                   const tr_zmq_report *report, void **out_context)
{
    int number = check_descriptors();
    if (number != 0) {
        return tr_zmq_failed(report, "make a ZeroMQ context", number);
    }
    void *context = zmq_ctx_new();
    if (context == NULL) {
        return tr_zmq_failed(report, "make a ZeroMQ context", errno);
    }

    number = set_options(context, sockets_max, io_threads);
    if (number == 0) {
        number = start(context);
    }
    if (number != 0) {
        tr_zmq_context_destroy(&context);
        return tr_zmq_failed(report, "make a ZeroMQ context", number);
    }
    *out_context = context;
    return TROUPE_OK;
}

void tr_zmq_context_destroy(void **context)
{
    if (*context == NULL) {
        return;
    }
    int number = 0;
    do {
        number = result_of(zmq_ctx_term(*context));
    } while (number == EINTR);
    TR_ASSERT(number == 0);
    *context = NULL;
}
