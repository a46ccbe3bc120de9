/* SPDX-License-Identifier: MIT */
/* One ROUTER socket per end, bound to a name of its own. The first send from one end to another
 * connects the two, and that pipe carries batches in this direction only; what comes back has a
 * pipe of its own. Were both ways to share one, two ends that connect to each other at the same
 * time would each have two pipes to the other, and order would be lost between them. So a ROUTER
 * knows a peer by two routing ids, '>' for the pipe to it and '<' for the pipe from it.
 *
 *     end 1   ---- ">" ==================> "<" ----   end 2
 *             ---- "<" <================== ">" ----
 *
 * Routing ids and names hold the incarnation, a number that each opening of an end has for itself
 * in the node: what belongs to an earlier end with the same index is not mistaken for the new
 * one's.
 *
 * A slot's arrivals word is all that ends share. A sender adds an arrival before anything else and
 * learns in the same step whether the end is open; only if it is does it send, and otherwise it
 * takes the arrival back. So when an end that refuses has received as many as its word counts,
 * nothing is under way to it and nobody is in the middle of a send. */
#include "transport/inproc.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/limits.h"
#include "transport/tsan.h"
#include "transport/zmq_context.h"
#include "transport/zmq_errors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

/* Two cache lines: processors fetch them in pairs. */
#define SLOT_BYTES 128
/* A receive that finds nothing under way asks ZeroMQ all the same, once in so many: a peer's socket
 * that has been closed is not freed before. */
#define LOOKS_PER_VISIT 1024
/* A socket that was closed counts until its peers have noticed; one that sleeps or is busy may take
 * a while. So many for each index. */
#define SOCKETS_PER_END 8
/* How long drain waits before it looks again: a batch wakes it, a send that was given up does
 * not. */
#define DRAIN_LOOK_MS 1

/* The low bits of an arrivals word; the rest counts and may wrap around. */
enum {
    CLAIMED = 1, /* an end exists */
    OPEN = 2,    /* others may send to it */
    ARRIVAL = 4
};
#define ARRIVALS_MASK (~(uint64_t) (ARRIVAL - 1))

struct slot {
    alignas(SLOT_BYTES) _Atomic uint64_t arrivals;
    _Atomic uint64_t incarnation; /* of the end that is open; changes only while none is */
    uint64_t received; /* when the last end was closed; by whoever has claimed the slot */
};

struct tr_inproc {
    const troupe_allocator *allocator; /* borrowed */
    tr_zmq_report report;
    void *context;      /* NULL until made */
    struct slot *slots; /* in `block`, aligned; NULL until made */
    void *block;
    size_t block_size;
    uint32_t ends_max;
    _Atomic uint64_t incarnations; /* given out so far */
};

struct tr_inproc_end {
    tr_inproc *inproc; /* borrowed */
    struct slot *slot; /* its own; borrowed from inproc */
    void *socket;
    uint64_t received; /* in the form of an arrivals word, without the low bits */
    uint32_t index;
    uint32_t looks; /* since ZeroMQ was last asked */
    int fd;
    bool is_drained;
    bool has_next;
    tr_inproc_arrival next; /* received on the way to sleep */
    uint64_t connected[];   /* by index: the incarnation connected to, or 0 */
};

/* What travels: at most 33 bytes, which ZeroMQ keeps inside its own message. */
struct parcel {
    troupe_message *head;
    troupe_message *tail;
    uint32_t count;
    uint32_t from;
};
_Static_assert(sizeof(struct parcel) == 24, "a parcel has no padding and fits into 33 bytes");

/* Unique in the node, as are the sockets it names. The first byte is not 0: such ids are
 * ZeroMQ's. */
struct routing_id {
    char bytes[1 + sizeof(uint64_t)];
};

struct endpoint {
    char text[40];
};

static struct routing_id routing_id_of(char direction, uint64_t incarnation)
{
    struct routing_id id = {{direction}};
    memcpy(id.bytes + 1, &incarnation, sizeof incarnation);
    return id;
}

static struct endpoint endpoint_of(uint64_t incarnation)
{
    struct endpoint endpoint;
    (void) snprintf(endpoint.text, sizeof endpoint.text, "inproc://%" PRIu64,
                    incarnation); /* fits */
    return endpoint;
}

/* Returns 0 or an errno, like the other helpers that call ZeroMQ. */
static int result_of(int rc)
{
    return rc < 0 ? errno : 0;
}

static bool make_slots(tr_inproc *inproc)
{
    inproc->block_size = sizeof(struct slot) * inproc->ends_max + SLOT_BYTES;
    inproc->block = tr_allocate(inproc->allocator, inproc->block_size);
    if (inproc->block == NULL) {
        return false;
    }
    const size_t misaligned = (uintptr_t) inproc->block % SLOT_BYTES;
    inproc->slots = (void *) ((char *) inproc->block + (SLOT_BYTES - misaligned));
    for (uint32_t i = 0; i < inproc->ends_max; i++) {
        atomic_init(&inproc->slots[i].arrivals, 0);
        atomic_init(&inproc->slots[i].incarnation, 0);
    }
    return true;
}

troupe_error tr_inproc_create(const tr_inproc_options *options, tr_inproc **out_inproc)
{
    const troupe_allocator *allocator =
        options->allocator != NULL ? options->allocator : tr_allocator_default();
    tr_inproc *inproc = tr_allocate(allocator, sizeof *inproc);
    TR_REQUIRE(inproc != NULL, NO_MEMORY);
    inproc->allocator = allocator;
    inproc->report = (tr_zmq_report) {.log = options->log, .node_name = options->name};
    inproc->ends_max = options->ends_max != 0 ? options->ends_max : TR_ENDS_MAX;
    TR_ASSERT(inproc->ends_max <= TR_ENDS_MAX);
    atomic_init(&inproc->incarnations, 0);

    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    if (!make_slots(inproc)) {
        goto fail;
    }
    error = tr_zmq_context_create(inproc->ends_max * SOCKETS_PER_END + options->sockets_max,
                                  options->io_threads, &inproc->report, &inproc->context);
    if (error) {
        goto fail;
    }
    *out_inproc = inproc;
    return TROUPE_OK;

fail:
    tr_inproc_destroy(&inproc);
    return error;
}

void *tr_inproc_context(const tr_inproc *inproc)
{
    return inproc->context;
}

void tr_inproc_destroy(tr_inproc **inproc)
{
    tr_inproc *own = *inproc;
    if (own == NULL) {
        return;
    }
    for (uint32_t i = 0; own->slots != NULL && i < own->ends_max; i++) {
        TR_ASSERT((atomic_load(&own->slots[i].arrivals) & CLAIMED) == 0);
    }
    tr_zmq_context_destroy(&own->context);
    tr_free(own->allocator, own->block, own->block_size);
    tr_free(own->allocator, own, sizeof *own);
    *inproc = NULL;
}

static int set_socket_options(void *socket, uint64_t incarnation)
{
    const struct {
        int option;
        int value;
    } options[] = {
        {ZMQ_LINGER, 0}, /* inproc keeps what was sent for the receiver all the same */
        {ZMQ_SNDHWM, 0}, /* what is under way has been admitted to a bounded mailbox */
        {ZMQ_RCVHWM, 0},
        {ZMQ_ROUTER_MANDATORY, 1}, /* a batch to nobody is an error, not lost */
        {ZMQ_ROUTER_HANDOVER, 0},  /* no two ends have the same routing id */
    };
    int number = 0;
    for (size_t i = 0; number == 0 && i < sizeof options / sizeof options[0]; i++) {
        number = result_of(
            zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof options[i].value));
    }
    if (number == 0) {
        const struct routing_id id = routing_id_of('<', incarnation);
        number = result_of(zmq_setsockopt(socket, ZMQ_ROUTING_ID, &id, sizeof id));
    }
    return number;
}

static int open_socket(tr_inproc_end *end, uint64_t incarnation)
{
    end->socket = zmq_socket(end->inproc->context, ZMQ_ROUTER);
    if (end->socket == NULL) {
        return errno;
    }
    int number = set_socket_options(end->socket, incarnation);
    if (number == 0) {
        const struct endpoint endpoint = endpoint_of(incarnation);
        number = result_of(zmq_bind(end->socket, endpoint.text));
    }
    if (number == 0) {
        size_t size = sizeof end->fd;
        number = result_of(zmq_getsockopt(end->socket, ZMQ_FD, &end->fd, &size));
    }
    return number;
}

/* Frees the end, half-built ones too, but not its index. */
static void dispose(tr_inproc_end *end)
{
    if (end->socket != NULL) {
        const int number = result_of(zmq_close(end->socket));
        TR_ASSERT(number == 0);
    }
    const size_t size = sizeof *end + sizeof end->connected[0] * end->inproc->ends_max;
    tr_free(end->inproc->allocator, end, size);
}

/* The index is claimed. */
static troupe_error open_claimed(tr_inproc *inproc, uint32_t index, tr_inproc_end **out_end)
{
    const size_t size = sizeof(tr_inproc_end) + sizeof(uint64_t) * inproc->ends_max;
    tr_inproc_end *end = tr_allocate(inproc->allocator, size);
    TR_REQUIRE(end != NULL, NO_MEMORY);
    end->inproc = inproc;
    end->slot = &inproc->slots[index];
    end->index = index;
    end->received = end->slot->received;

    const uint64_t incarnation = atomic_fetch_add(&inproc->incarnations, 1) + 1;
    const int number = open_socket(end, incarnation);
    if (number != 0) {
        dispose(end);
        return tr_zmq_failed(&inproc->report, "open a ZeroMQ socket", number);
    }

    /* Pairs with the load in tr_inproc_send, through the OPEN bit. */
    atomic_store(&end->slot->incarnation, incarnation);
    atomic_fetch_or(&end->slot->arrivals, OPEN);
    *out_end = end;
    return TROUPE_OK;
}

troupe_error tr_inproc_open(tr_inproc *inproc, uint32_t index, tr_inproc_end **out_end)
{
    TR_REQUIRE(index < inproc->ends_max, BAD_ARGUMENT);
    /* Pairs with the release in tr_inproc_close: slot->received is visible. */
    const uint64_t before = atomic_fetch_or(&inproc->slots[index].arrivals, CLAIMED);
    TR_REQUIRE((before & CLAIMED) == 0, BAD_ARGUMENT);

    const troupe_error error = open_claimed(inproc, index, out_end);
    if (error) {
        atomic_fetch_and(&inproc->slots[index].arrivals, ~(uint64_t) CLAIMED);
    }
    return error;
}

uint32_t tr_inproc_index(const tr_inproc_end *end)
{
    return end->index;
}

int tr_inproc_fd(const tr_inproc_end *end)
{
    return end->fd;
}

/* The first part of what ZeroMQ takes or gives in two: all or nothing. EAGAIN: not now. */
static int send_part(void *socket, const void *data, size_t size, int flags)
{
    int number = 0;
    do {
        number = result_of(zmq_send(socket, data, size, flags | ZMQ_DONTWAIT));
    } while (number == EINTR);
    return number;
}

static int receive_part(void *socket, void *data, size_t size)
{
    int rc = 0;
    do {
        rc = zmq_recv(socket, data, size, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    TR_ASSERT(rc < 0 || (size_t) rc == size);
    return result_of(rc);
}

/* Makes the pipe to the end of this incarnation, which is open and stays so meanwhile: ZeroMQ would
 * wait for a name that nobody has bound, with all that is sent there. */
static int connect_to(tr_inproc_end *end, uint32_t to, uint64_t incarnation)
{
    const struct routing_id id = routing_id_of('>', incarnation);
    int number = result_of(zmq_setsockopt(end->socket, ZMQ_CONNECT_ROUTING_ID, &id, sizeof id));
    if (number == 0) {
        const struct endpoint endpoint = endpoint_of(incarnation);
        number = result_of(zmq_connect(end->socket, endpoint.text));
    }
    if (number == 0) {
        end->connected[to] = incarnation;
    }
    return number;
}

static int send_parcel(tr_inproc_end *end, uint32_t to, const tr_batch *batch)
{
    const uint64_t incarnation = atomic_load(&end->inproc->slots[to].incarnation);
    int number = 0;
    if (end->connected[to] != incarnation) {
        number = connect_to(end, to, incarnation);
    }
    if (number == 0) {
        const struct routing_id id = routing_id_of('>', incarnation);
        number = send_part(end->socket, &id, sizeof id, ZMQ_SNDMORE);
    }
    if (number != 0) {
        return number;
    }

    const struct parcel parcel = {batch->head, batch->tail, batch->count, end->index};
    tr_tsan_release(batch->head);
    number = send_part(end->socket, &parcel, sizeof parcel, 0);
    TR_ASSERT(number == 0); /* the pipe took the first part and stays while the other end is open */
    return 0;
}

troupe_error tr_inproc_send(tr_inproc_end *end, uint32_t to, const tr_batch *batch)
{
    TR_ASSERT(to < end->inproc->ends_max && to != end->index);
    TR_ASSERT(batch->count > 0);
    /* Before the send, so that the receiver never counts more than have arrived; pairs with the
     * load in tr_inproc_receive. If OPEN was set, the end and its incarnation stay until the
     * arrival has been received or taken back: pairs with the loads in tr_inproc_drain. */
    struct slot *slot = &end->inproc->slots[to];
    const uint64_t before = atomic_fetch_add(&slot->arrivals, ARRIVAL);
    if ((before & OPEN) == 0) {
        atomic_fetch_sub(&slot->arrivals, ARRIVAL);
        return TROUPE_ERROR_NO_SUCH_ACTOR;
    }

    const int number = send_parcel(end, to, batch);
    if (number != 0) {
        atomic_fetch_sub(&slot->arrivals, ARRIVAL);
        return tr_zmq_failed(&end->inproc->report, "send to another worker", number);
    }
    return TROUPE_OK;
}

/* Asks ZeroMQ, whatever the counters say. */
static bool take(tr_inproc_end *end, tr_inproc_arrival *out_arrival)
{
    end->looks = 0;
    struct routing_id id;
    int number = receive_part(end->socket, &id, sizeof id);
    if (number != 0) {
        TR_ASSERT(number == EAGAIN);
        return false;
    }
    struct parcel parcel;
    number = receive_part(end->socket, &parcel, sizeof parcel);
    TR_ASSERT(number == 0);

    tr_tsan_acquire(parcel.head);
    end->received += ARRIVAL;
    out_arrival->batch = (tr_batch) {parcel.head, parcel.tail, parcel.count};
    out_arrival->from = parcel.from;
    return true;
}

/* What was received on the way to sleep comes first. */
static bool take_next(tr_inproc_end *end, tr_inproc_arrival *out_arrival)
{
    if (end->has_next) {
        *out_arrival = end->next;
        end->has_next = false;
        return true;
    }
    return take(end, out_arrival);
}

static bool has_received_all(const tr_inproc_end *end)
{
    return (atomic_load(&end->slot->arrivals) & ARRIVALS_MASK) == end->received;
}

bool tr_inproc_has_arrivals(const tr_inproc_end *end)
{
    return end->has_next || !has_received_all(end);
}

bool tr_inproc_receive(tr_inproc_end *end, tr_inproc_arrival *out_arrival)
{
    if (!end->has_next && has_received_all(end) && ++end->looks < LOOKS_PER_VISIT) {
        return false;
    }
    return take_next(end, out_arrival);
}

bool tr_inproc_prepare_sleep(tr_inproc_end *end)
{
    if (end->has_next) {
        return false;
    }
    end->has_next = take(end, &end->next);
    if (end->has_next) {
        return false;
    }
    /* The descriptor reports only what comes after ZeroMQ has been asked for its events. */
    int events = 0;
    size_t size = sizeof events;
    const int number = result_of(zmq_getsockopt(end->socket, ZMQ_EVENTS, &events, &size));
    TR_ASSERT(number == 0 || number == EINTR);
    return number == 0 && (events & ZMQ_POLLIN) == 0;
}

bool tr_inproc_drain(tr_inproc_end *end, tr_inproc_arrival *out_arrival)
{
    atomic_fetch_and(&end->slot->arrivals, ~(uint64_t) OPEN);
    while (end->has_next || !has_received_all(end)) {
        if (take_next(end, out_arrival)) {
            return true;
        }
        zmq_pollitem_t item = {.socket = end->socket, .events = ZMQ_POLLIN};
        (void) zmq_poll(&item, 1, DRAIN_LOOK_MS); /* whatever it says, the next look shows */
    }
    end->is_drained = true;
    return false;
}

void tr_inproc_close(tr_inproc_end **end)
{
    if (*end == NULL) {
        return;
    }
    if (!(*end)->is_drained) {
        tr_inproc_arrival arrival;
        const bool has_batch = tr_inproc_drain(*end, &arrival);
        TR_ASSERT(!has_batch); /* it would be lost */
    }
    struct slot *slot = (*end)->slot;
    slot->received = (*end)->received;
    dispose(*end);
    *end = NULL;
    atomic_fetch_and(&slot->arrivals, ~(uint64_t) CLAIMED); /* pairs with tr_inproc_open */
}
