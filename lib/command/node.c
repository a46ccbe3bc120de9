/* SPDX-License-Identifier: MIT */
/* Runs a node, with what modules bring, until it is told to stop; docs/node.md. */
#include <inttypes.h>
#include <stdio.h>
#include <troupe/troupe.h>

#include "command/command.h"
#include "command/modules.h"
#include "command/node_options.h"
#include "command/notify.h"
#include "command/warden.h"

#define SPARES_DEFAULT 8

/* There until the program ends: some threads may have been left behind with it. */
struct service {
    tr_node_wishes wishes;
    tr_notify notify;
    tr_warden warden;
    _Atomic bool has_complained; /* its log, of an error */
    bool is_explained;           /* why it has not started, which says more than its error */
};

static void write_for_people(void *context, troupe_log_level level, const char *text)
{
    struct service *service = context;
    service->has_complained = service->has_complained || level == TROUPE_LOG_ERROR;
    troupe_log_to_stderr(NULL, level, text);
}

/* As the journal reads it. */
static void write_to_journal(void *context, troupe_log_level level, const char *text)
{
    static const char *const priorities[] = {
        [TROUPE_LOG_ERROR] = "<3>", [TROUPE_LOG_WARNING] = "<4>", [TROUPE_LOG_NOTICE] = "<5>",
        [TROUPE_LOG_INFO] = "<6>",  [TROUPE_LOG_DEBUG] = "<7>",
    };
    struct service *service = context;
    service->has_complained = service->has_complained || level == TROUPE_LOG_ERROR;
    (void) fprintf(stderr, "%s%s\n", priorities[level], text); /* there is no other place */
}

/* What is to be seen of the service while all is well. */
static void describe(const tr_node_wishes *wishes, const troupe_node *node, char *text, size_t size)
{
    char endpoint[128];
    const bool is_listening = troupe_node_endpoint(node, endpoint, sizeof endpoint) == TROUPE_OK;
    const unsigned modules = wishes->modules.count;
    const unsigned nodes = wishes->arguments->options->peer_count;
    (void) snprintf(text, size, "node %016" PRIx64 ", %s%s, %u module%s, %u node%s to join",
                    troupe_node_id(node), is_listening ? "listening on " : "not listening",
                    is_listening ? endpoint : "", modules, modules == 1 ? "" : "s", nodes,
                    nodes == 1 ? "" : "s");
}

static troupe_error start(struct service *service, troupe_node *node)
{
    tr_warden *warden = &service->warden;
    troupe_error error = troupe_node_start(node);
    if (error) {
        return error;
    }
    describe(&service->wishes, node, warden->status, sizeof warden->status);
    error = tr_warden_start(warden, node);
    if (!error) {
        error = tr_modules_start(&service->wishes.modules, node);
        service->has_complained = service->has_complained || error;
    }
    if (!error) {
        tr_notify_say(&service->notify, "READY=1\nSTATUS=%s", warden->status);
        const troupe_log *log = service->warden.log;
        if (log->level >= TROUPE_LOG_NOTICE) {
            log->write(log->context, TROUPE_LOG_NOTICE, warden->status);
        }
    }
    return error;
}

/* Until it has ended. A start ends with STOPPING when the node is told to stop meanwhile. */
static troupe_error serve(struct service *service)
{
    troupe_node *node = NULL;
    const troupe_node_options *options = service->wishes.arguments->options;
    service->warden = (tr_warden) {
        .notify = &service->notify, .log = options->log, .watchdog_ns = tr_notify_watchdog_ns()};
    troupe_error error = troupe_node_create(options, &node);
    if (error) {
        service->is_explained = service->has_complained;
        return error;
    }
    error = start(service, node);
    if (error) {
        service->is_explained = service->has_complained;
        troupe_node_stop(node);
    }
    const troupe_error end = troupe_node_join(node);
    error = !error || error == TROUPE_ERROR_STOPPING ? end : error;
    tr_notify_say(&service->notify, "STATUS=%s", error ? troupe_error_text(error) : "stopped");
    troupe_node_destroy(&node);
    return error;
}

static int run(int argc, char **argv)
{
    static struct service service;
    const troupe_log log = {.write = tr_notify_is_journal() ? write_to_journal : write_for_people,
                            .context = &service};
    if (!tr_node_options_read(
            &service.wishes, argc, argv,
            TROUPE_NODE_OPTIONS(.log = &log, .stop_on_signals = 1,
                                .on_root_failure = TROUPE_ROOT_STOP, .watchdog = TROUPE_WATCHDOG_ON,
                                .fault_signals = 1, .spares_max = SPARES_DEFAULT))) {
        return tr_command_misused(&tr_command_node, NULL);
    }
    if (!tr_modules_load(&service.wishes.modules) || !tr_notify_open(&service.notify)) {
        return TR_EXIT_FAILED;
    }
    const troupe_error error = serve(&service);
    if (error && !service.is_explained) {
        (void) fprintf(stderr, "troupe node: %s\n", troupe_error_text(error));
    }
    return error ? TR_EXIT_FAILED : TR_EXIT_OK;
}

const tr_command tr_command_node = {
    .name = "node",
    .arguments = "[OPTION]...",
    .summary = "run a node",
    .details =
        "Runs a node until SIGTERM or SIGINT. Then what is queued is handled, actors are\n"
        "stopped, and the other nodes are told that it leaves; a second signal cancels what\n"
        "has not ended. As a service of systemd it says when it is ready, and that its\n"
        "workers live; see troupe@.service. Status 0: told to stop, and in order; 1: it\n"
        "could not start, failed, or left actors behind that would not end. At SIGHUP\n"
        "--allowed-file is read again.\n"
        "\n",
    .options = tr_node_options_help,
    .run = run,
};
