/* SPDX-License-Identifier: MIT */
/* What groups actors tell each other, byte by byte, and what is taken for it. */
#include "cluster/groups_word.h"

#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static struct {
    unsigned char packed[256];
    size_t size;
    troupe_error error;
    bool is_read;
} made;

/* Made of two changes, and read as one of its own node. */
static troupe_error makes(troupe_self *self, void *argument)
{
    const bool is_wrong = argument != NULL;
    const tr_group_change changes[] = {
        {.ref = {.node = is_wrong ? 7 : 0, .slot = 3, .generation = 2},
         .group = "ab",
         .has_joined = true},
        {.ref = {.node = 0, .slot = 4, .generation = 1}, .group = "c"},
    };
    TROUPE_AUTO(troupe_message) *message = NULL;
    made.error = tr_groups_word_make(self, changes, 2, true, false, &message);
    if (made.error == TROUPE_OK) {
        const ProtobufCMessage *body = troupe_message_body(message);
        made.size = protobuf_c_message_get_packed_size(body);
        (void) protobuf_c_message_pack(body, made.packed);
        tr_groups_word word;
        made.is_read = tr_groups_word_read(message, &word) && word.is_first && !word.is_last &&
                       word.count == 2 && word.changes[0].has_joined &&
                       strcmp(word.changes[1].group, "c") == 0 && word.changes[1].ref.slot == 4;
    }
    return TROUPE_OK;
}

/* Promise: GROUPS-WIRE */
static void is_these_bytes(void **state)
{
    static const unsigned char expected[] = {
        0x08, 1,                                                       /* first */
        0x1a, 10, 0x0a, 2, 'a', 'b',  0x12, 4,    0x10, 3,    0x18, 2, /* joined */
        0x22, 9,  0x0a, 1, 'c', 0x12, 4,    0x10, 4,    0x18, 1};      /* left */
    (void) a_root(*state, TROUPE_SPAWN(.body = makes));
    tr_world_run(*state);
    assert_ok(made.error);
    assert_int_equal(made.size, sizeof expected);
    assert_memory_equal(made.packed, expected, sizeof expected);
    assert_true(made.is_read);
    (void) a_root(*state, TROUPE_SPAWN(.body = makes, .argument = &made));
    tr_world_run(*state);
    assert_false(made.is_read); /* a member of another node than who says so */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(is_these_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
