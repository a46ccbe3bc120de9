/* SPDX-License-Identifier: MIT */
/* A node that compresses what is large, and a peer that has not said that it reads it. */
#include <string.h>

#include "cluster/frame.h"
#include "support/actors.h"
#include "support/town.h"

#define MUCH ((size_t) 200 << 10)

/* Sends much that is all the same to whoever sends anything. */
static troupe_error sends_much_back(troupe_self *self, void *argument)
{
    static unsigned char much[MUCH];
    (void) argument;
    troupe_error error = TROUPE_OK;
    while (!error) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        TROUPE_AUTO(troupe_message) *back = NULL;
        const troupe_bytes bytes = {.data = much, .size = sizeof much};
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : troupe_message_create_bytes(self, NULL, &bytes, &back);
        error = error ? error : troupe_send_message(self, troupe_message_sender(message), &back);
    }
    return error;
}

static void tell(const struct town *town, struct stranger *stranger, troupe_ref to)
{
    unsigned char data[256];
    tr_frame_writer writer = {.data = data, .capacity = sizeof data};
    const tr_frame_head head = {.from = stranger->node,
                                .to = troupe_node_id(town->nodes[0]),
                                .connection = 1,
                                .sequence = 1};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, &(const tr_envelope) {.kind = TR_ENVELOPE_TELL,
                                                            .form = TR_ENVELOPE_BYTES,
                                                            .to = to,
                                                            .from = {.slot = 1, .generation = 1},
                                                            .body = "x",
                                                            .body_size = 1}));
    const tr_word word = {.kind = TR_WORD_DATA,
                          .from = stranger->node,
                          .to = troupe_node_id(town->nodes[0]),
                          .session = 1,
                          .sequence = 1,
                          .frame = writer.data,
                          .frame_size = writer.size};
    stranger_says(stranger, 1, &word);
}

/* Promise: SQUEEZE-AGREED */
static void who_cannot_read_it_gets_all_as_it_is(void **state)
{
    struct town *town = *state;
    const troupe_ref teller = a_root_of(town->nodes[0], TROUPE_SPAWN(.body = sends_much_back));
    struct stranger stranger = a_stranger_in_session(town, 'a', 90);
    tr_word word = {.frame_size = 0};
    tell(town, &stranger, teller);
    while (word.kind != TR_WORD_DATA || word.frame_size < 1000) {
        stranger_hears(&stranger, 1, &word);
    }
    assert_true(word.frame_size > MUCH);
    drop_stranger(town, &stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_cannot_read_it_gets_all_as_it_is, make_town, drop_town),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
