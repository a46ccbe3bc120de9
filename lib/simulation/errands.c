/* SPDX-License-Identifier: MIT */
/* What a test has a probe do: each is an errand, run by the probe's actor. */
#include <troupe/actor.h>
#include <troupe/ask.h>
#include <troupe/send.h>
#include <troupe/spawn.h>

#include "base/assert.h"
#include "base/options.h"
#include "core/actor.h"
#include "simulation/kit.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_content, reserved);

const troupe_type troupe_no_answer_type = TROUPE_TYPE(troupe_no_answer);

struct errand {
    troupe_probe *probe;
    troupe_content content;
    troupe_ref to;
    troupe_timeout timeout;
    troupe_message **message;
    troupe_down_kind how;
};

static troupe_error run(troupe_probe *probe, struct errand *errand, troupe_errand *function)
{
    errand->probe = probe;
    return troupe_probe_do(probe, function, errand);
}

static const char *name_of(const troupe_content *content)
{
    return content->protobuf != NULL ? content->protobuf->descriptor->name
           : content->type != NULL   ? content->type->name
                                     : troupe_error_name(content->error);
}

static troupe_error run_with(troupe_probe *probe, struct errand *errand, const char *what,
                             const troupe_content *content, troupe_errand *function)
{
    TR_REQUIRE(content != NULL &&
                   tr_options_read(&errand->content, sizeof errand->content, content),
               BAD_ARGUMENT);
    tr_probe_note(probe, "%s '%s'", what, name_of(&errand->content));
    return run(probe, errand, function);
}

static troupe_error make(troupe_self *self, const troupe_content *content,
                         troupe_message **out_message)
{
    return content->protobuf != NULL
               ? troupe_message_create_protobuf(self, content->protobuf, out_message)
               : troupe_message_create(self, content->type, content->body, out_message);
}

static troupe_error send(troupe_self *self, void *context)
{
    const struct errand *errand = context;
    troupe_message *message = NULL;
    troupe_error error = make(self, &errand->content, &message);
    error = error ? error : troupe_send_message(self, errand->to, &message);
    troupe_message_destroy(&message);
    return error;
}

troupe_error troupe_probe_send(troupe_probe *probe, troupe_ref to, const troupe_content *content)
{
    struct errand errand = {.to = to};
    return run_with(probe, &errand, "sends", content, send);
}

/* An answer is a message to the probe as any other. */
static troupe_error hear(troupe_self *self, void *state, troupe_error error, troupe_message **reply,
                         void *context)
{
    troupe_probe *probe = context;
    troupe_message *message = *reply;
    (void) state;
    if (error) {
        const troupe_no_answer why = {.error = error};
        error = troupe_message_create(self, &troupe_no_answer_type, &why, &message);
    }
    if (!error && tr_catch_add(&probe->caught, message)) {
        tr_probe_note(probe, "is answered '%s'", troupe_message_type_name(message));
        *reply = NULL;
        return TROUPE_OK;
    }
    return error ? error : TROUPE_ERROR_NO_MEMORY;
}

static troupe_error ask(troupe_self *self, void *context)
{
    const struct errand *errand = context;
    troupe_message *message = NULL;
    troupe_error error = make(self, &errand->content, &message);
    error = error ? error
                  : troupe_ask_message_then(self, errand->to, &message, errand->timeout, hear,
                                            errand->probe);
    troupe_message_destroy(&message);
    return error;
}

troupe_error troupe_probe_ask(troupe_probe *probe, troupe_ref to, const troupe_content *content,
                              troupe_timeout timeout)
{
    struct errand errand = {.to = to, .timeout = timeout};
    return run_with(probe, &errand, "asks", content, ask);
}

static troupe_error reply(troupe_self *self, void *context)
{
    const struct errand *errand = context;
    troupe_message *message = NULL;
    troupe_error error = TROUPE_OK;
    if (errand->content.error) {
        error = troupe_reply_error(self, *errand->message, errand->content.error);
    } else {
        error = make(self, &errand->content, &message);
        error = error ? error : troupe_reply_message(self, *errand->message, &message);
        troupe_message_destroy(&message);
    }
    if (!error) {
        troupe_message_destroy(errand->message);
    }
    return error;
}

troupe_error troupe_probe_reply(troupe_probe *probe, troupe_message **request,
                                const troupe_content *content)
{
    struct errand errand = {.message = request};
    TR_REQUIRE(request != NULL && *request != NULL, BAD_ARGUMENT);
    return run_with(probe, &errand, "answers", content, reply);
}

static troupe_error forward(troupe_self *self, void *context)
{
    const struct errand *errand = context;
    return troupe_forward(self, errand->to, errand->message);
}

troupe_error troupe_probe_forward(troupe_probe *probe, troupe_ref to, troupe_message **message)
{
    struct errand errand = {.to = to, .message = message};
    TR_REQUIRE(message != NULL && *message != NULL, BAD_ARGUMENT);
    return run(probe, &errand, forward);
}

static troupe_error watch(troupe_self *self, void *context)
{
    const struct errand *errand = context;
    troupe_monitor_id monitor = {0};
    return troupe_monitor(self, errand->to, &monitor);
}

troupe_error troupe_probe_watch(troupe_probe *probe, troupe_ref actor)
{
    struct errand errand = {.to = actor};
    return run(probe, &errand, watch);
}

static troupe_error end(troupe_self *self, void *context)
{
    const struct errand *errand = context;
    if (errand->how == TROUPE_DOWN_STOPPED) {
        return troupe_stop(self, errand->to);
    }
    return errand->how == TROUPE_DOWN_KILLED ? troupe_kill(self, errand->to)
                                             : troupe_cancel(self, errand->to);
}

troupe_error troupe_probe_end(troupe_probe *probe, troupe_ref actor, troupe_down_kind how)
{
    struct errand errand = {.to = actor, .how = how};
    TR_REQUIRE(how == TROUPE_DOWN_STOPPED || how == TROUPE_DOWN_CANCELLED ||
                   how == TROUPE_DOWN_KILLED,
               BAD_ARGUMENT);
    return run(probe, &errand, end);
}

/* Spawning. */

struct child {
    troupe_probe *probe;
    troupe_spawn_options options;
    troupe_monitor_id monitor;
    troupe_ref ref;
};

static troupe_error spawn(troupe_self *self, void *context)
{
    struct child *child = context;
    return troupe_spawn_nowait(self, &child->options, &child->ref);
}

static bool has_ended(const struct child *child)
{
    const tr_catch *caught = &child->probe->caught;
    for (size_t i = caught->count; i > 0; i--) {
        const troupe_down *down =
            troupe_message_struct(tr_catch_at(caught, i - 1), &troupe_down_type);
        if (down != NULL && down->monitor.id == child->monitor.id) {
            return true;
        }
    }
    return child->probe->has_ended;
}

/* Or was moved on its first day, and is on the way: then it is ready soon. */
static bool is_ready(const struct child *child)
{
    uint32_t node = 0;
    tr_worker *worker = NULL;
    const tr_actor *actor = tr_kit_find(child->probe->kit, child->ref, &node, &worker);
    return actor != NULL && actor->is_ready;
}

static bool has_begun(void *context)
{
    tr_probe_look(((const struct child *) context)->probe);
    return is_ready(context) || has_ended(context);
}

troupe_error troupe_probe_spawn(troupe_probe *probe, const troupe_spawn_options *options,
                                troupe_ref *out_ref)
{
    struct child child = {.probe = probe, .ref = troupe_ref_none()};
    TR_REQUIRE(tr_options_read(&child.options, sizeof child.options, options), BAD_ARGUMENT);
    TR_REQUIRE(child.options.scope == NULL && child.options.out_monitor == NULL, BAD_ARGUMENT);
    child.options.size = sizeof child.options;
    child.options.out_monitor = &child.monitor;
    const troupe_error error = troupe_probe_do(probe, spawn, &child);
    if (error) {
        return error;
    }
    const troupe_timeout limit = child.options.start_timeout.ns != 0
                                     ? child.options.start_timeout
                                     : troupe_timeout_of_ns(TR_START_TIMEOUT_NS);
    if (!tr_kit_run(probe->kit, has_begun, &child, limit)) {
        TR_REQUIRE(tr_kit_is_well(probe->kit), FAILED);
        const troupe_error ended = troupe_probe_end(probe, child.ref, TROUPE_DOWN_STOPPED);
        return ended ? ended : TROUPE_ERROR_TIMED_OUT;
    }
    *out_ref = child.ref;
    return TROUPE_OK;
}
