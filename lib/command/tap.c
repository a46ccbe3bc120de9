/* SPDX-License-Identifier: MIT */
/* `troupe tap`. */
#include <inttypes.h>
#include <stdio.h>

#include "command/client.h"
#include "command/json_writer.h"
#include "command/plain.h"

/* What an answer waits for a message; and Ctrl-C at most. */
#define WITHIN_NS UINT64_C(300000000)

struct wish {
    const char *actor;
    uint64_t one_in;
    uint64_t most;   /* 0: no limit */
    uint64_t for_ns; /* 0: likewise */
};

/* What has been shown so far. */
struct progress {
    uint64_t number;
    uint64_t shown;
    uint64_t seen;
    uint64_t missed;
    bool is_over;
};

static troupe_ref sender_of(const Troupe__Inspect__TappedMessage *message)
{
    const Troupe__Ref *ref = message->sender;
    return ref == NULL ? troupe_ref_none()
                       : (troupe_ref) {.node = ref->node,
                                       .slot = ref->slot,
                                       .generation = ref->generation,
                                       .seal = ref->seal};
}

static void print(const Troupe__Inspect__TappedMessage *message)
{
    char sender[TROUPE_REF_TEXT_SIZE] = "nobody";
    if (message->sender != NULL) {
        troupe_ref_print(sender_of(message), sender);
    }
    (void) printf("+%.6f ", (double) message->at_ns / 1e9);
    tr_plain_print(stdout, message->type);
    (void) printf(" from %s, %" PRIu64 " bytes%s", sender, message->size,
                  message->json[0] != '\0' ? ": " : "");
    tr_plain_print(stdout, message->json);
    (void) putchar('\n');
}

static void write_message(const Troupe__Inspect__TappedMessage *message)
{
    tr_json json = {0};
    tr_json_open(&json, NULL, '{');
    tr_json_real(&json, "seconds", (double) message->at_ns / 1e9);
    tr_json_text(&json, "type", message->type);
    tr_json_ref(&json, "sender", sender_of(message));
    tr_json_number(&json, "size", message->size);
    if (message->json[0] != '\0') {
        tr_json_raw(&json, "message", message->json);
    } else {
        tr_json_null(&json, "message");
    }
    tr_json_close(&json, '}');
}

static void show(const tr_client *client, const struct wish *wish,
                 const Troupe__Inspect__Tapped *tapped, struct progress *progress)
{
    progress->number = tapped->number;
    progress->seen = tapped->seen;
    progress->missed = tapped->missed;
    progress->is_over = tapped->is_over;
    for (size_t i = 0; i < tapped->n_messages; i++) {
        if (wish->most != 0 && progress->shown == wish->most) {
            return;
        }
        progress->shown++;
        if (client->reach->is_json) {
            write_message(tapped->messages[i]);
        } else {
            print(tapped->messages[i]);
        }
    }
}

/* It would end by itself, but later. */
static void end(tr_client *client, const struct progress *progress)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Inspect__Tap request = TROUPE__INSPECT__TAP__INIT;
    request.number = progress->number;
    request.ends = true;
    (void) !troupe_ask(client->self, client->inspector, &request.base, TROUPE_WITHIN_S(1), &reply);
}

/* Ctrl-C was: what comes otherwise is not for this actor. */
static bool is_told_to_stop(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_NOW);
    }
    return error != TROUPE_ERROR_TIMED_OUT;
}

static bool is_done(const struct wish *wish, const struct progress *progress, uint64_t until_ns,
                    uint64_t now_ns)
{
    return progress->is_over || (wish->most != 0 && progress->shown >= wish->most) ||
           now_ns >= until_ns;
}

static int listen_on(tr_client *client, void *argument)
{
    const struct wish *wish = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Inspect__Target target;
    Troupe__Ref ref;
    Troupe__Inspect__Tap request = TROUPE__INSPECT__TAP__INIT;
    struct progress progress = {0};
    const uint64_t begun_ns = troupe_self_now_ns(client->self);
    const uint64_t until_ns = wish->for_ns != 0 ? begun_ns + wish->for_ns : UINT64_MAX;
    int status = TR_EXIT_OK;
    tr_client_target(client, wish->actor, &target, &ref);
    request.target = &target;
    request.one_in = (uint32_t) wish->one_in;
    while (status == TR_EXIT_OK &&
           !is_done(wish, &progress, until_ns, troupe_self_now_ns(client->self)) &&
           !is_told_to_stop(client->self)) {
        const uint64_t left_ns = until_ns - troupe_self_now_ns(client->self);
        request.number = progress.number;
        request.within_ns = left_ns < WITHIN_NS ? left_ns : WITHIN_NS;
        const Troupe__Inspect__Tapped *tapped = tr_client_ask_for(
            client, &request.base, &troupe__inspect__tapped__descriptor, WITHIN_NS, &reply);
        if (tapped == NULL) {
            return TR_EXIT_FAILED;
        }
        show(client, wish, tapped, &progress);
        status = tr_command_written();
    }
    if (!progress.is_over) {
        end(client, &progress);
    }
    if (!client->reach->is_json) {
        (void) printf("%" PRIu64 " of %" PRIu64 " messages%s", progress.shown, progress.seen,
                      progress.is_over ? "; the actor has ended" : "");
        (void) (progress.missed > 0 ? printf(", %" PRIu64 " missed\n", progress.missed)
                                    : printf("\n"));
        status = status == TR_EXIT_OK ? tr_command_written() : status;
    }
    return status;
}

static int run(int argc, char **argv)
{
    struct wish wish = {.one_in = 1};
    tr_reach reach;
    const tr_option options[] = {
        {"--one-in", TR_OPTION_NUMBER, &wish.one_in},
        {"--count", TR_OPTION_NUMBER, &wish.most},
        {"--for", TR_OPTION_SECONDS, &wish.for_ns},
        {NULL, TR_OPTION_FLAG, NULL},
    };
    const int status = tr_options_take(&tr_command_tap, &argc, argv, options, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    if (argc != 2 || argv[1][0] == '\0') {
        return tr_command_misused(&tr_command_tap, "it takes one ACTOR");
    }
    if (wish.one_in == 0 || wish.one_in > UINT32_MAX) {
        return tr_command_misused(&tr_command_tap, "--one-in takes 1 to 4294967295");
    }
    wish.actor = argv[1];
    return tr_client_run(&tr_command_tap, &reach, listen_on, &wish);
}

const tr_command tr_command_tap = {
    .name = "tap",
    .arguments = "[OPTION]... ACTOR",
    .summary = "print copies of what an actor is sent",
    .details =
        "Prints what comes into the mailbox of an actor from now on: when, what type, from\n"
        "whom, how large, and the message as JSON where it is of protobuf. The actor is not\n"
        "slowed down: what is too much is left out, and counted. ACTOR is a name, or what the\n"
        "first column of 'troupe ps' shows. Ends when the actor does, or at "
        "Ctrl-C.\n\n" TR_REACH_HELP
        "  --one-in N        one of N messages; 1 if not given\n"
        "  --count N         ends after so many\n"
        "  --for SECONDS     ends after so long\n",
    .run = run,
};
