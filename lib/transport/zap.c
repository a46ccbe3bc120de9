/* SPDX-License-Identifier: MIT */
#include "transport/zap.h"

#include <string.h>

#include "base/assert.h"

/* A request: who asked, and nothing; then version, request id, domain, address, routing id,
 * mechanism, key. */
enum {
    PART_ASKER,
    PART_NOTHING,
    PART_VERSION,
    PART_REQUEST,
    PART_DOMAIN,
    PART_ADDRESS,
    PART_ROUTING_ID,
    PART_MECHANISM,
    PART_KEY,
    PARTS
};

#define KEY_BYTES 32

struct request {
    zmq_msg_t parts[PARTS];
    unsigned count; /* of those that came, be they more than there is room for */
};

/* All parts of the next request. False: there is none. */
static bool take(tr_zmq_socket *socket, struct request *request)
{
    bool is_more = true;
    request->count = 0;
    while (is_more) {
        zmq_msg_t part;
        (void) zmq_msg_init(&part); /* cannot fail */
        if (!tr_zmq_receive(socket, &part)) {
            break;
        }
        is_more = zmq_msg_more(&part) != 0;
        if (request->count < PARTS) {
            (void) zmq_msg_move(&request->parts[request->count], &part); /* both are good */
        }
        (void) zmq_msg_close(&part);
        request->count++;
    }
    return request->count > 0;
}

static bool is_text(zmq_msg_t *part, const char *text)
{
    return zmq_msg_size(part) == strlen(text) &&
           memcmp(zmq_msg_data(part), text, zmq_msg_size(part)) == 0;
}

static bool may_enter(const tr_zap *zap, struct request *request, char *out_key)
{
    char address[64] = {0};
    zmq_msg_t *key = &request->parts[PART_KEY];
    const size_t length = zmq_msg_size(&request->parts[PART_ADDRESS]);
    if (!is_text(&request->parts[PART_MECHANISM], "CURVE") || zmq_msg_size(key) != KEY_BYTES ||
        zmq_z85_encode(out_key, zmq_msg_data(key), KEY_BYTES) == NULL) {
        return false;
    }
    memcpy(address, zmq_msg_data(&request->parts[PART_ADDRESS]),
           length < sizeof address ? length : sizeof address - 1);
    return zap->judge.admits(zap->judge.context, out_key, tr_zmq_plain_address(address));
}

static void answer(tr_zap *zap, tr_zmq_socket *socket, struct request *request)
{
    char key[TR_ZMQ_KEY_BYTES] = "";
    const bool is_admitted = may_enter(zap, request, key);
    const char *user = is_admitted ? key : "";
    const tr_zmq_part parts[] = {
        {zmq_msg_data(&request->parts[PART_ASKER]), zmq_msg_size(&request->parts[PART_ASKER])},
        {"", 0},
        {"1.0", 3},
        {zmq_msg_data(&request->parts[PART_REQUEST]), zmq_msg_size(&request->parts[PART_REQUEST])},
        {is_admitted ? "200" : "400", 3},
        {is_admitted ? "OK" : "unknown key", is_admitted ? 2 : 11},
        {user, strlen(user)},
        {"", 0},
    };
    zap->admitted += is_admitted ? 1 : 0;
    zap->refused += is_admitted ? 0 : 1;
    /* Who does not wait for it any more does not get it. */
    (void) !tr_zmq_send(socket, parts, sizeof parts / sizeof parts[0]);
}

static void asked(void *context, tr_zmq_socket *socket)
{
    tr_zap *zap = context;
    struct request request;
    for (unsigned i = 0; i < PARTS; i++) {
        (void) zmq_msg_init(&request.parts[i]);
    }
    while (take(socket, &request)) {
        if (request.count == PARTS && is_text(&request.parts[PART_VERSION], "1.0")) {
            answer(zap, socket, &request);
        } /* else it is none of ZeroMQ's, which would wait until its own time is over */
    }
    for (unsigned i = 0; i < PARTS; i++) {
        (void) zmq_msg_close(&request.parts[i]);
    }
}

static void happened(void *context, tr_zmq_socket *socket, tr_zmq_event event, int number)
{
    (void) context;
    (void) socket;
    (void) event;
    (void) number;
}

troupe_error tr_zap_open(tr_zap *zap, tr_zmq_set *set, const tr_zap_judge *judge)
{
    const tr_zmq_options options = {.type = ZMQ_ROUTER,
                                    .queue_max = 1000,
                                    .message_bytes_max = 4096,
                                    .heartbeat_ms = 1000,
                                    .handshake_ms = 1000};
    *zap = (tr_zap) {.judge = *judge};
    zap->owner = (tr_zmq_owner) {.context = zap, .readable = asked, .happened = happened};
    troupe_error error = tr_zmq_open(set, &options, &zap->owner, &zap->socket);
    error = error ? error : tr_zmq_listen(zap->socket, "inproc://zeromq.zap.01");
    if (error) {
        tr_zap_close(zap);
    }
    return error;
}

void tr_zap_close(tr_zap *zap)
{
    tr_zmq_close(&zap->socket);
}
