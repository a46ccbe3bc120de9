/* SPDX-License-Identifier: MIT */
/* What the calls that make messages promise to actors. */
#include <string.h>
#include <troupe/troupe.h>

#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static troupe_error make_badly(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    static const troupe_type empty = {0};
    static const troupe_type nameless = {.size = sizeof(troupe_type)};
    const uint64_t number = 1;
    troupe_message *message = NULL;
    say_error(seen, "self", troupe_message_create(NULL, &item_type, NULL, &message));
    say_error(seen, "type", troupe_message_create(self, NULL, NULL, &message));
    say_error(seen, "type", troupe_message_create(self, &empty, NULL, &message));
    say_error(seen, "type", troupe_message_create(self, &nameless, NULL, &message));
    say_error(seen, "body", troupe_message_create(self, &bulk_type, &number, &message));
    say_error(seen, "out", troupe_message_create(self, &item_type, NULL, NULL));
    const troupe_bytes lost = {.size = 3};
    const troupe_bytes none = {.size = 0};
    say_error(seen, "lost bytes", troupe_message_create_bytes(self, NULL, &lost, &message));
    say_error(seen, "no bytes", troupe_message_create_bytes(self, NULL, NULL, &message));
    say_error(seen, "struct type", troupe_message_create_bytes(self, &item_type, &none, &message));
    say_error(seen, "out", troupe_message_create_bytes(self, NULL, &none, NULL));
    say_error(seen, "self", troupe_message_create_bytes(NULL, NULL, &none, &message));
    probe_say(seen, "%s", message == NULL ? "untouched" : "made");
    return TROUPE_OK;
}

/* Promise: MESSAGE-ARGUMENTS */
static void refuses_bad_arguments(void **state)
{
    struct probe *seen = a_probe();
    (void) a_root(*state, TROUPE_SPAWN(.body = make_badly, .argument = seen));
    assert_said(seen, "self BAD_ARGUMENT", "type BAD_ARGUMENT", "type BAD_ARGUMENT",
                "type BAD_ARGUMENT", "body BAD_ARGUMENT", "out BAD_ARGUMENT",
                "lost bytes BAD_ARGUMENT", "no bytes BAD_ARGUMENT", "struct type BAD_ARGUMENT",
                "out BAD_ARGUMENT", "self BAD_ARGUMENT", "untouched");
    drop_probe(&seen);
}

static troupe_error make_protobuf_badly(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    ProtobufCMessageDescriptor forged = shop__receipt__descriptor;
    forged.magic = 0;
    Shop__Receipt unknown = receipt;
    unknown.base.descriptor = &forged;
    troupe_message *message = NULL;
    say_error(seen, "self", troupe_message_create_protobuf(NULL, &receipt.base, &message));
    say_error(seen, "body", troupe_message_create_protobuf(self, NULL, &message));
    say_error(seen, "out", troupe_message_create_protobuf(self, &receipt.base, NULL));
    say_error(seen, "forged", troupe_message_create_protobuf(self, &unknown.base, &message));
    say_error(seen, "build self",
              troupe_message_build(NULL, &shop__receipt__descriptor, 0, &message));
    say_error(seen, "build nothing", troupe_message_build(self, NULL, 0, &message));
    say_error(seen, "build forged", troupe_message_build(self, &forged, 0, &message));
    say_error(seen, "build out", troupe_message_build(self, &shop__receipt__descriptor, 0, NULL));
    say_error(seen, "copy nothing", troupe_message_copy(self, NULL, &message));
    probe_say(seen, "%s", message == NULL ? "untouched" : "made");
    return TROUPE_OK;
}

/* Promise: MESSAGE-ARGUMENTS */
static void refuses_bad_protobuf_arguments(void **state)
{
    struct probe *seen = a_probe();
    (void) a_root(*state, TROUPE_SPAWN(.body = make_protobuf_badly, .argument = seen));
    assert_said(seen, "self BAD_ARGUMENT", "body BAD_ARGUMENT", "out BAD_ARGUMENT",
                "forged BAD_ARGUMENT", "build self BAD_ARGUMENT", "build nothing BAD_ARGUMENT",
                "build forged BAD_ARGUMENT", "build out BAD_ARGUMENT", "copy nothing BAD_ARGUMENT",
                "untouched");
    drop_probe(&seen);
}

static troupe_error build_and_send(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_message_build(self, &shop__order__descriptor, 16, &message);
    if (error) {
        return error;
    }
    Shop__Order *order = troupe_message_body(message);
    order->id = 5;
    order->note = memcpy(troupe_message_room(message, 5), "fast", 5);
    TROUPE_AUTO(troupe_message) *copy = NULL;
    error = troupe_message_copy(self, message, &copy);
    if (error == TROUPE_OK) {
        error = troupe_send_message(self, script->to, &message);
    }
    return error ? error : troupe_send_message(self, script->to, &copy);
}

static troupe_error read_orders(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_WITHIN_S(1)) == TROUPE_OK) {
        const Shop__Order *order = troupe_message_as(message, &shop__order__descriptor);
        probe_say(seen, "%llu %s, %s", (unsigned long long) order->id, order->note,
                  troupe_message_body(message) == NULL ? "sealed" : "open");
    }
    return TROUPE_OK;
}

/* Promise: MESSAGE-BUILD, MESSAGE-COPY, MESSAGE-SEALED */
static void sends_what_was_built_in_place_to_more_than_one(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    script.to = a_root(
        *state, TROUPE_SPAWN(.body = read_orders, .argument = seen, .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = build_and_send, .argument = &script));
    tr_world_advance(*state, 100 * MS);
    assert_said(seen, "5 fast, sealed", "5 fast, sealed");
    drop_probe(&seen);
}

static void count_free(void *context, const void *data, size_t size)
{
    (void) data;
    (void) size;
    ++*(unsigned *) context;
}

static troupe_error send_bytes(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    static const char text[] = "text";
    const troupe_bytes bytes = {
        .data = text, .size = 4, .free = count_free, .context = (void *) (uintptr_t) script->count};
    TROUPE_AUTO(troupe_message) *sent = NULL;
    TROUPE_AUTO(troupe_message) *unsent = NULL;
    troupe_error error = troupe_message_create_bytes(self, &bulk_type, &bytes, &sent);
    if (error == TROUPE_OK) {
        error = troupe_message_create_bytes(self, &bulk_type, &bytes, &unsent);
    }
    return error ? error : troupe_send_message(self, script->to, &sent);
}

/* Promise: MESSAGE-BYTES, MESSAGE-ENDS */
static void frees_bytes_that_were_sent_and_that_were_not(void **state)
{
    struct receiver receiver = {.seen = NULL};
    unsigned freed = 0;
    struct script script = {.count = (uint64_t) (uintptr_t) &freed};
    script.to = a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                            .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_bytes, .argument = &script));
    assert_true(tr_world_stop(*state));
    assert_int_equal(freed, 2);
}

/* Makes one message of each form, of a size that needs a block of its own. */
static troupe_error make_each(troupe_self *self, void *argument)
{
    tr_failing_allocator *failing = argument;
    Shop__Order order = SHOP__ORDER__INIT;
    char note[900];
    memset(note, 'n', sizeof note - 1);
    note[sizeof note - 1] = '\0';
    order.note = note;
    const troupe_bytes bytes = {.data = note, .size = 3};
    unsigned failed = 0;
    for (int64_t form = 0; form < 6; form++) {
        troupe_message *message = NULL;
        tr_failing_allocator_fail_after(failing, form % 2);
        const troupe_error error =
            form < 2   ? troupe_message_create_protobuf(self, &order.base, &message)
            : form < 4 ? troupe_message_build(self, &shop__order__descriptor, 900, &message)
                       : troupe_message_create_bytes(self, NULL, &bytes, &message);
        failed += error == TROUPE_ERROR_NO_MEMORY && message == NULL ? 1 : 0;
        tr_failing_allocator_fail_never(failing);
        troupe_message_destroy(&message);
    }
    return failed >= 3 ? TROUPE_OK : TROUPE_ERROR_FAILED;
}

static void makes_nothing_when_memory_is_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_world *world = a_world_of(&(const tr_world_options) {.allocator = &allocator});
    (void) a_root(world, TROUPE_SPAWN(.body = make_each, .argument = &memory));
    assert_int_equal(tr_world_root_error(world), TROUPE_OK);
    drop_world(&world);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(refuses_bad_arguments),
        WITH_WORLD(refuses_bad_protobuf_arguments),
        WITH_WORLD(sends_what_was_built_in_place_to_more_than_one),
        WITH_WORLD_OF_TWO(sends_what_was_built_in_place_to_more_than_one),
        WITH_WORLD_OF_TWO(frees_bytes_that_were_sent_and_that_were_not),
        cmocka_unit_test(makes_nothing_when_memory_is_out),
    };
    return cmocka_run_group_tests_name("create", tests, NULL, NULL);
}
