/* SPDX-License-Identifier: MIT */
/* Messages of 32 MiB between nodes over tcp: they come whole, and what is small does not wait for
 * them. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "core/sanitizers.h"
#include "support/node_fixture.h"

#define LARGE ((size_t) 32 << 20)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LARGES 2 /* they take ten times as long */
#else
#define LARGES 4
#endif
/* In the time of each large one; if they waited for it, it would be one or two. ThreadSanitizer
 * makes the small ones slow themselves. */
#define SMALLS_LEAST ((TR_THREAD_SANITIZER ? 2 : 5) * LARGES)

static const troupe_type much_type = TROUPE_SIGNAL("much");
static const troupe_type tick_type = TROUPE_SIGNAL("tick");

struct hall {
    uint64_t node;
    struct probe *probe;
    _Atomic uint32_t is_over;
    uint32_t smalls;
};

static troupe_error learn(troupe_self *self)
{
    const troupe_error error = troupe_learn_type(self, &much_type);
    return error ? error : troupe_learn_type(self, &tick_type);
}

/* The byte at this place of the large message of this number. */
static unsigned char byte_at(size_t place, uint32_t number)
{
    return (unsigned char) (place % 251 + number);
}

static bool is_whole(const unsigned char *bytes, size_t size, uint32_t number)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != byte_at(i, number)) {
            return false;
        }
    }
    return size == LARGE - number;
}

/* Answers all, and the large ones only if they are what they should be. */
static troupe_error answers(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint32_t number = 0;
    troupe_error error = learn(self);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error && troupe_message_is(message, &much_type)) {
            size_t size = 0;
            const unsigned char *bytes = troupe_message_bytes(message, &size);
            error = is_whole(bytes, size, number++) ? TROUPE_OK : TROUPE_ERROR_FAILED;
        }
        error = error ? error : troupe_reply_struct(self, message, &tick_type, NULL);
    }
    return error;
}

static void free_much(void *context, const void *data, size_t size)
{
    (void) context;
    (void) size;
    free((void *) (uintptr_t) data);
}

static troupe_error ask_with_much(troupe_self *self, troupe_ref to, uint32_t number)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    unsigned char *much = malloc(LARGE);
    assert_non_null(much);
    for (size_t i = 0; i < LARGE; i++) {
        much[i] = byte_at(i, number);
    }
    const troupe_bytes bytes = {.data = much, .size = LARGE - number, .free = free_much};
    const troupe_error error = troupe_message_create_bytes(self, &much_type, &bytes, &message);
    return error ? error : troupe_ask_message(self, to, &message, TROUPE_WITHIN_S(60), &reply);
}

static troupe_error find(troupe_self *self, const struct hall *hall, const char *name,
                         troupe_ref *out_actor)
{
    troupe_error error = learn(self);
    while (!error) {
        error = troupe_lookup_on(self, hall->node, name, TROUPE_WITHIN_S(10), out_actor);
        if (error != TROUPE_ERROR_UNREACHABLE && error != TROUPE_ERROR_NO_SUCH_ACTOR) {
            break;
        }
        error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    return error;
}

static troupe_error sends_much(troupe_self *self, void *argument)
{
    struct hall *hall = argument;
    troupe_ref to;
    troupe_error error = find(self, hall, "much", &to);
    for (uint32_t i = 0; i < LARGES && !error; i++) {
        error = ask_with_much(self, to, i);
    }
    atomic_store(&hall->is_over, 1);
    probe_say(hall->probe, "much %s", troupe_error_name(error));
    return TROUPE_OK;
}

static troupe_error sends_little(troupe_self *self, void *argument)
{
    struct hall *hall = argument;
    troupe_ref to;
    troupe_error error = find(self, hall, "little", &to);
    while (!error && atomic_load(&hall->is_over) == 0) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_ask_struct(self, to, &tick_type, NULL, TROUPE_WITHIN_S(60), &reply);
        hall->smalls++;
    }
    probe_say(hall->probe, "little %s", troupe_error_name(error));
    return TROUPE_OK;
}

static void exchange(bool compresses)
{
    char endpoint[64];
    struct hall hall = {.probe = a_probe()};
    troupe_node *taker =
        a_node(TROUPE_NODE_OPTIONS(.name = "taker", .workers = 2, .listen = "tcp://127.0.0.1:*",
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    (void) a_root_of(
        taker, TROUPE_SPAWN(.name = "much", .body = answers, .mailbox_bytes = UINT64_C(64) << 20));
    (void) a_root_of(taker, TROUPE_SPAWN(.name = "little", .body = answers));
    assert_ok(troupe_node_endpoint(taker, endpoint, sizeof endpoint));
    hall.node = troupe_node_id(taker);
    const troupe_peer peer = {.endpoint = endpoint};
    troupe_node *giver = a_node(TROUPE_NODE_OPTIONS(.name = "giver", .workers = 2, .peers = &peer,
                                                    .peer_count = 1, .compress = compresses ? 1 : 0,
                                                    .plain = TROUPE_PLAIN_ON_LOOPBACK));
    (void) a_root_of(giver, TROUPE_SPAWN(.body = sends_much, .argument = &hall));
    (void) a_root_of(giver, TROUPE_SPAWN(.body = sends_little, .argument = &hall));
    assert_true(probe_wait(hall.probe, 2));
    assert_int_equal(probe_count_of(hall.probe, "much OK"), 1);
    assert_int_equal(probe_count_of(hall.probe, "little OK"), 1);
    assert_true(hall.smalls >= SMALLS_LEAST);
    drop_node(&giver);
    drop_node(&taker);
    drop_probe(&hall.probe);
}

/* Promise: HOSTS-LARGE */
static void much_does_not_hold_up_what_is_little(void **state)
{
    (void) state;
    exchange(false);
}

/* Promise: SQUEEZE-WHOLE */
static void much_comes_whole_when_it_is_compressed(void **state)
{
    (void) state;
    exchange(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(much_does_not_hold_up_what_is_little),
        cmocka_unit_test(much_comes_whole_when_it_is_compressed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
