/* SPDX-License-Identifier: MIT */
/* What a test demands of a probe, and what it is told if that does not come. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/options.h"
#include "core/park.h"
#include "simulation/kit.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_expected, skips);

/* Not given. */
#define EXPECT_NS UINT64_C(1000000000)
/* Of what is in a probe. */
#define DESCRIBED_MAX 8

/* Words. */

__attribute__((format(printf, 3, 4))) static void add_text(char *out, size_t size,
                                                           const char *format, ...)
{
    const size_t length = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(out + length, size - length, format, arguments); /* cut if long */
    va_end(arguments);
}

static void add_message(const troupe_message *message, char *out, size_t size)
{
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    const troupe_no_answer *no_answer = troupe_message_struct(message, &troupe_no_answer_type);
    add_text(out, size, "'%s'", troupe_message_type_name(message));
    if (down != NULL) {
        add_text(out, size, " of %" PRIu32 ": %s", down->actor.slot,
                 troupe_error_name(down->reason));
    } else if (no_answer != NULL) {
        add_text(out, size, ": %s", troupe_error_name(no_answer->error));
    }
}

/* What it has sent stands in line, and it takes nothing in meanwhile. */
static bool is_parked(const troupe_probe *probe)
{
    uint32_t node = 0;
    tr_worker *worker = NULL;
    const tr_actor *actor = tr_kit_find(probe->kit, probe->ref, &node, &worker);
    return actor != NULL && tr_park_count(actor) > 0;
}

void tr_probe_describe(const troupe_probe *probe, char *out, size_t size)
{
    const size_t count = probe->caught.count;
    (void) snprintf(out, size, "%s", probe->has_ended ? "the probe has ended" : "in the probe is ");
    for (size_t i = 0; i < count && i < DESCRIBED_MAX; i++) {
        add_text(out, size, "%s", i > 0 ? ", " : "");
        add_message(tr_catch_at(&probe->caught, i), out, size);
    }
    if (count > DESCRIBED_MAX) {
        add_text(out, size, " and %zu more", count - DESCRIBED_MAX);
    } else if (count == 0 && !probe->has_ended) {
        add_text(out, size, "nothing");
    }
    if (is_parked(probe)) {
        add_text(out, size, "; it waits for room in a mailbox and takes nothing in until then");
    }
}

static const char *name_of(const troupe_expected *expected)
{
    return expected->protobuf != NULL ? expected->protobuf->name
           : expected->type != NULL   ? expected->type->name
                                      : "message";
}

static void fail(troupe_probe *probe, const char *what, const char *name, troupe_timeout time,
                 const char *file, int line)
{
    char there[320];
    char within[64] = "without time going on";
    tr_probe_describe(probe, there, sizeof there);
    if (time.ns == TROUPE_FOREVER.ns) {
        (void) snprintf(within, sizeof within, "ever");
    } else if (time.ns != TROUPE_NOW.ns) {
        (void) snprintf(within, sizeof within, "within %" PRIu64 ".%03" PRIu64 " ms",
                        time.ns / 1000000, time.ns / 1000 % 1000);
    }
    tr_kit_fail(probe->kit, file, line, "%s: expected %s'%s' %s; %s", probe->name, what, name,
                within, there);
}

/* Expecting. */

struct wait {
    troupe_probe *probe;
    troupe_expected expected;
};

static bool is_right(const troupe_expected *expected, const troupe_message *message)
{
    return (expected->protobuf == NULL || troupe_message_as(message, expected->protobuf) != NULL) &&
           (expected->type == NULL || troupe_message_is(message, expected->type)) &&
           (expected->is_right == NULL || expected->is_right(message, expected->context));
}

/* What comes first and is not wanted goes. */
static bool is_decided(void *context)
{
    struct wait *wait = context;
    tr_catch *caught = &wait->probe->caught;
    tr_probe_look(wait->probe);
    while (wait->expected.skips && caught->count > 0 &&
           !is_right(&wait->expected, tr_catch_at(caught, 0))) {
        troupe_message *message = tr_catch_take(caught, 0);
        wait->probe->has_lent = true;
        troupe_message_destroy(&message);
    }
    return caught->count > 0 || wait->probe->has_ended;
}

static bool may_go_on(troupe_probe *probe, const char *file, int line)
{
    if (!tr_kit_is_unbroken(probe->kit, file, line)) {
        return false;
    }
    tr_probe_look(probe);
    return true;
}

troupe_message *troupe_probe_expect(troupe_probe *probe, const troupe_expected *expected,
                                    troupe_timeout time, const char *file, int line)
{
    struct wait wait = {.probe = probe};
    if (!may_go_on(probe, file, line)) {
        return NULL;
    }
    if (!tr_options_read(&wait.expected, sizeof wait.expected, expected)) {
        tr_kit_fail(probe->kit, file, line, "what is expected has another size or is unknown");
        return NULL;
    }
    time = time.ns != 0 ? time : troupe_timeout_of_ns(EXPECT_NS);
    if (!is_decided(&wait)) {
        (void) tr_kit_run(probe->kit, is_decided, &wait, time); /* looked at below */
    }
    if (!tr_kit_is_unbroken(probe->kit, file, line)) {
        return NULL;
    }
    if (probe->caught.count == 0 || !is_right(&wait.expected, tr_catch_at(&probe->caught, 0))) {
        fail(probe, "", name_of(&wait.expected), time, file, line);
        return NULL;
    }
    probe->has_lent = true;
    return tr_catch_take(&probe->caught, 0);
}

bool troupe_probe_expect_none(troupe_probe *probe, troupe_timeout time, const char *file, int line)
{
    struct wait wait = {.probe = probe};
    if (!may_go_on(probe, file, line)) {
        return false;
    }
    time = time.ns != 0 ? time : troupe_timeout_of_ns(EXPECT_NS);
    if (probe->caught.count == 0) {
        (void) tr_kit_run(probe->kit, is_decided, &wait, time); /* looked at below */
    }
    if (!tr_kit_is_unbroken(probe->kit, file, line)) {
        return false;
    }
    if (is_decided(&wait)) {
        fail(probe, "no ", "message", time, file, line);
        return false;
    }
    return true;
}

troupe_down troupe_probe_expect_down(troupe_probe *probe, troupe_ref actor, troupe_timeout time,
                                     const char *file, int line)
{
    const troupe_expected expected = {.size = sizeof expected, .type = &troupe_down_type};
    troupe_message *message = troupe_probe_expect(probe, &expected, time, file, line);
    if (message == NULL) {
        return (troupe_down) {0};
    }
    const troupe_down down =
        *(const troupe_down *) troupe_message_struct(message, &troupe_down_type);
    troupe_message_destroy(&message);
    if (!troupe_ref_is_same(down.actor, actor)) {
        tr_kit_fail(probe->kit, file, line,
                    "%s: expected the end of %" PRIu32 ", but %" PRIu32 " has ended: %s",
                    probe->name, actor.slot, down.actor.slot, troupe_error_name(down.reason));
        return (troupe_down) {0};
    }
    return down;
}
