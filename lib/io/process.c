/* SPDX-License-Identifier: MIT */
/* The keeper of a process is a behavior: it is told of the end by its watch of the pidfd. */
#include <troupe/process.h>

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <troupe/actor.h>
#include <troupe/ask.h>
#include <troupe/behavior.h>
#include <troupe/io.h>
#include <troupe/send.h>
#include <troupe/spawn.h>
#include <troupe/timer.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/options.h"
#include "io/errors.h"
#include "io/launch.h"

#define WAITS_MAX 16
#define GRACE_DEFAULT TROUPE_WITHIN_S(5)
/* Where the kernel has no pidfds: how often it is looked whether the process has ended. */
#define LOOK_EVERY TROUPE_WITHIN_MS(10)

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_process_options, is_in_our_group);

/* What is said to a keeper. */
struct begin {
    tr_launch *launch; /* goes with the message */
};
struct begun {
    troupe_process process;
    int system_error; /* not 0: there is no process */
};
struct order {
    int signal;           /* 0: close its input */
    troupe_timeout grace; /* given: kill it after that */
};

static void end_begin(void *body)
{
    tr_launch_destroy(&((struct begin *) body)->launch);
}

static const troupe_type begin_type = TROUPE_TYPE_WITH(struct begin, .fini = end_begin);
static const troupe_type begun_type = TROUPE_TYPE(struct begun);
static const troupe_type order_type = TROUPE_TYPE(struct order);
static const troupe_type wait_type = TROUPE_SIGNAL("process wait");
static const troupe_type status_type = TROUPE_TYPE(troupe_process_status);

/* The keeper. */

struct keeper {
    tr_launched launched;
    bool runs; /* begun, and its status not taken */
    bool has_own_group;
    bool was_begun;
    int pidfd; /* -1: none */
    troupe_process_status status;
    troupe_message *waits[WAITS_MAX]; /* to be answered when it has ended */
    unsigned wait_count;
};

static void signal_process(const struct keeper *keeper, int number)
{
    if (!keeper->runs) {
        return;
    }
    /* Not reaped: the number is still its own. Fails if the group is empty. */
    const bool is_sent = keeper->has_own_group && kill(-keeper->launched.id, number) == 0;
    if (!is_sent || number == SIGKILL) { /* it may have gone over to another group */
        (void) kill(keeper->launched.id, number);
    }
}

/* Takes the status if it has ended. */
static void look(struct keeper *keeper, int options)
{
    int raw = 0;
    pid_t result = -1;
    do {
        result = waitpid(keeper->launched.id, &raw, options);
    } while (result < 0 && errno == EINTR);
    if (result == 0) {
        return;
    }
    keeper->runs = false;
    const bool is_known = result > 0; /* else the program ignores SIGCHLD, or has taken it */
    keeper->status.signal = is_known && WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;
    keeper->status.code = is_known && WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
}

static void close_ends(troupe_self *self, struct keeper *keeper)
{
    for (unsigned i = 0; i < 3; i++) {
        troupe_close_fd(self, keeper->launched.ends[i]);
        keeper->launched.ends[i] = -1;
    }
}

static troupe_error answer(troupe_self *self, const struct keeper *keeper, troupe_message **wait)
{
    const troupe_error error = troupe_reply_struct(self, *wait, &status_type, &keeper->status);
    troupe_message_destroy(wait);
    /* Only memory can be wanting; then the asker is told NO_REPLY. */
    return error == TROUPE_ERROR_NO_MEMORY ? TROUPE_OK : error;
}

static troupe_error look_and_tell(troupe_self *self, struct keeper *keeper)
{
    if (keeper->runs) {
        look(keeper, WNOHANG);
    }
    if (keeper->runs) {
        return TROUPE_OK;
    }
    troupe_error error = TROUPE_OK;
    while (keeper->wait_count > 0 && error == TROUPE_OK) {
        error = answer(self, keeper, &keeper->waits[--keeper->wait_count]);
    }
    return error;
}

/* Has itself told of the end. */
static troupe_error watch(troupe_self *self, struct keeper *keeper)
{
    troupe_watch watch_id;
    troupe_timer timer;
    keeper->pidfd = pidfd_open(keeper->launched.id, 0);
    return keeper->pidfd >= 0
               ? troupe_watch_fd(self, TROUPE_WATCH(.fd = keeper->pidfd, .events = TROUPE_READABLE),
                                 &watch_id)
               : troupe_timer_start(self, TROUPE_TIMER(.every = LOOK_EVERY), &timer);
}

static troupe_error handle_begin(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    const struct begin *begin = troupe_message_struct(*message, &begin_type);
    TR_REQUIRE(!keeper->was_begun, BAD_ARGUMENT);
    keeper->was_begun = true;
    keeper->has_own_group = begin->launch->has_own_group;
    struct begun begun = {.system_error = tr_launch_run(begin->launch, &keeper->launched)};
    if (begun.system_error == 0) {
        keeper->runs = true;
        const troupe_error error = watch(self, keeper);
        if (error) {
            return error; /* the stop kills it */
        }
        begun.process = (troupe_process) {.actor = troupe_self_ref(self),
                                          .id = keeper->launched.id,
                                          .input = keeper->launched.ends[0],
                                          .output = keeper->launched.ends[1],
                                          .errors = keeper->launched.ends[2]};
    }
    return troupe_reply_struct(self, *message, &begun_type, &begun);
}

static troupe_error handle_wait(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    if (!keeper->runs) {
        return answer(self, keeper, message);
    }
    if (troupe_message_is_given_up(*message)) {
        return troupe_reply_error(self, *message, TROUPE_ERROR_CANCELLED);
    }
    if (keeper->wait_count == WAITS_MAX) {
        return troupe_reply_error(self, *message, TROUPE_ERROR_LIMIT_REACHED);
    }
    keeper->waits[keeper->wait_count++] = *message;
    *message = NULL;
    return TROUPE_OK;
}

/* Whose time is over does not keep its place from others. */
static troupe_error given_up(troupe_self *self, void *state, troupe_message *request)
{
    struct keeper *keeper = state;
    for (unsigned i = 0; i < keeper->wait_count; i++) {
        if (keeper->waits[i] == request) {
            keeper->waits[i] = keeper->waits[--keeper->wait_count];
            (void) troupe_reply_error(self, request, TROUPE_ERROR_CANCELLED); /* cannot fail here */
            troupe_message_destroy(&request);
            break;
        }
    }
    return TROUPE_OK;
}

static troupe_error handle_order(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    const struct order *order = troupe_message_struct(*message, &order_type);
    if (order->signal == 0) {
        troupe_close_fd(self, keeper->launched.ends[0]);
        keeper->launched.ends[0] = -1;
        return TROUPE_OK;
    }
    signal_process(keeper, order->signal);
    if (order->grace.ns == 0 || order->grace.ns == UINT64_MAX) {
        return TROUPE_OK;
    }
    troupe_timer timer;
    return troupe_timer_start(self, TROUPE_TIMER(.after = order->grace, .key = SIGKILL), &timer);
}

static troupe_error handle_tick(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    const troupe_tick *tick = troupe_message_struct(*message, &troupe_tick_type);
    if (tick->key != 0) {
        signal_process(keeper, (int) tick->key);
    } else if (!keeper->runs) {
        (void) troupe_timer_cancel(self, tick->timer); /* it has been seen to end */
    }
    return look_and_tell(self, keeper);
}

static troupe_error handle_ready(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    const troupe_fd_ready *ready = troupe_message_struct(*message, &troupe_fd_ready_type);
    const troupe_error error = look_and_tell(self, keeper);
    if (!keeper->runs) {
        (void) troupe_unwatch_fd(self, ready->watch);
        troupe_close_fd(self, keeper->pidfd);
        keeper->pidfd = -1;
    }
    return error;
}

/* A process that was killed ends as soon as it leaves the kernel. */
static void stop(troupe_self *self, void *state, troupe_error reason)
{
    struct keeper *keeper = state;
    (void) reason;
    if (!keeper->was_begun) {
        return;
    }
    signal_process(keeper, SIGKILL);
    if (keeper->runs) {
        look(keeper, 0);
    }
    while (keeper->wait_count > 0) {
        (void) answer(self, keeper, &keeper->waits[--keeper->wait_count]);
    }
    close_ends(self, keeper);
    troupe_close_fd(self, keeper->pidfd);
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    struct keeper *keeper = state;
    (void) self;
    (void) argument;
    keeper->pidfd = -1;
    for (unsigned i = 0; i < 3; i++) {
        keeper->launched.ends[i] = -1;
    }
    return TROUPE_OK;
}

static const troupe_handles handles[] = {{.type = &begin_type, .handler = handle_begin},
                                         {.type = &wait_type, .handler = handle_wait},
                                         {.type = &order_type, .handler = handle_order},
                                         {.type = &troupe_tick_type, .handler = handle_tick},
                                         {.type = &troupe_fd_ready_type, .handler = handle_ready},
                                         {0}};
static const troupe_behavior keeper_behavior =
    TROUPE_BEHAVIOR(.name = "process", .state_size = sizeof(struct keeper), .start = start,
                    .handlers = handles, .given_up = given_up, .stop = stop);

/* The public calls. */

static bool read_options(const troupe_process_options *given, troupe_process_options *options)
{
    return given != NULL && tr_options_read(options, sizeof *options, given) &&
           options->program != NULL && options->program[0] != '\0' &&
           (options->arguments == NULL || options->arguments[0] != NULL) &&
           (unsigned) options->input <= TROUPE_STREAM_SHARED &&
           (unsigned) options->output <= TROUPE_STREAM_SHARED &&
           (unsigned) options->errors <= TROUPE_STREAM_WITH_OUTPUT;
}

static troupe_error make_begin(troupe_self *self, const troupe_process_options *options,
                               troupe_message **out_message)
{
    struct begin begin = {NULL};
    troupe_error error = tr_launch_create(troupe_self_allocator(self), options, &begin.launch);
    if (!error) {
        error = troupe_message_create(self, &begin_type, &begin, out_message);
        if (error) {
            tr_launch_destroy(&begin.launch);
        }
    }
    return error;
}

static troupe_error begin_process(troupe_self *self, troupe_message **message,
                                  troupe_timeout timeout, troupe_process *out_process,
                                  int *system_error)
{
    troupe_ref ref = troupe_ref_none();
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error =
        troupe_spawn_nowait(self, TROUPE_SPAWN(.behavior = &keeper_behavior, .pinned = 1), &ref);
    if (error) {
        return error;
    }
    error =
        troupe_ask_message(self, ref, message, timeout.ns != 0 ? timeout : TROUPE_FOREVER, &reply);
    if (error == TROUPE_ERROR_HANDLER_FAILED) { /* it could not be watched */
        error = TROUPE_ERROR_SYSTEM;
    }
    const struct begun *begun = NULL;
    if (!error) {
        begun = troupe_message_struct(reply, &begun_type);
        *system_error = begun->system_error;
        error = begun->system_error != 0 ? tr_io_error(begun->system_error) : TROUPE_OK;
    }
    if (error) {
        (void) troupe_stop(self, ref); /* kills what it may have begun */
        return error;
    }
    *out_process = begun->process;
    return TROUPE_OK;
}

troupe_error troupe_process_start(troupe_self *self, const troupe_process_options *given,
                                  troupe_timeout timeout, troupe_process *out_process,
                                  int *out_system_error)
{
    troupe_process_options options;
    TROUPE_AUTO(troupe_message) *message = NULL;
    int system_error = 0;
    troupe_error error = TROUPE_ERROR_BAD_ARGUMENT;
    if (self != NULL && out_process != NULL && read_options(given, &options)) {
        error = troupe_yield(self); /* what is cancelled, or cannot wait, does not begin */
        if (!error) {
            error = make_begin(self, &options, &message);
        }
        if (!error) {
            error = begin_process(self, &message, timeout, out_process, &system_error);
        }
    }
    if (out_system_error != NULL) {
        *out_system_error = system_error;
    }
    return error;
}

troupe_error troupe_process_wait(troupe_self *self, const troupe_process *process,
                                 troupe_timeout timeout, troupe_process_status *out_status)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    TR_REQUIRE(self != NULL && process != NULL && out_status != NULL, BAD_ARGUMENT);
    troupe_error error = troupe_message_create(self, &wait_type, NULL, &message);
    if (!error) {
        error = troupe_ask_settled(self, process->actor, &message,
                                   timeout.ns != 0 ? timeout : TROUPE_FOREVER, &reply);
    }
    if (!error) {
        *out_status = *(const troupe_process_status *) troupe_message_struct(reply, &status_type);
    }
    return error;
}

static troupe_error send_order(troupe_self *self, const troupe_process *process, int number,
                               troupe_timeout grace)
{
    const struct order order = {.signal = number, .grace = grace};
    return troupe_send_struct(self, process->actor, &order_type, &order);
}

troupe_error troupe_process_signal(troupe_self *self, const troupe_process *process, int number)
{
    TR_REQUIRE(self != NULL && process != NULL && number > 0 && number < NSIG, BAD_ARGUMENT);
    return send_order(self, process, number, troupe_timeout_of_ns(0));
}

troupe_error troupe_process_terminate(troupe_self *self, const troupe_process *process,
                                      troupe_timeout grace)
{
    TR_REQUIRE(self != NULL && process != NULL, BAD_ARGUMENT);
    return send_order(self, process, SIGTERM, grace.ns != 0 ? grace : GRACE_DEFAULT);
}

troupe_error troupe_process_close_input(troupe_self *self, troupe_process *process)
{
    TR_REQUIRE(self != NULL && process != NULL && process->input >= 0, BAD_ARGUMENT);
    const troupe_error error = send_order(self, process, 0, troupe_timeout_of_ns(0));
    if (!error) {
        process->input = -1;
    }
    return error;
}

void troupe_process_destroy(troupe_self *self, troupe_process *process)
{
    if (self == NULL || process == NULL || troupe_ref_is_none(process->actor)) {
        return;
    }
    (void) troupe_stop(self, process->actor); /* fails only for one that has ended */
    *process = (troupe_process) {.input = -1, .output = -1, .errors = -1};
}
