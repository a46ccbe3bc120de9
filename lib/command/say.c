/* SPDX-License-Identifier: MIT */
/* `troupe send`, `troupe ask` and `troupe stop`: what is done by the node for who asks it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/client.h"
#include "command/json_writer.h"
#include "command/plain.h"

struct wish {
    const char *actor; /* NULL: the node */
    const char *type;
    const char *body;
    bool is_ask;
    bool cancels;
    bool kills;
    bool is_whole;
    const char *text;
};

static void write_said(const Troupe__Inspect__Said *said, bool has_answer)
{
    tr_json json = {0};
    tr_json_open(&json, NULL, '{');
    tr_json_text(&json, "error", troupe_error_name(said->error));
    tr_json_text(&json, "what", said->what);
    if (has_answer) {
        tr_json_text(&json, "type", said->type);
        tr_json_number(&json, "size", said->size);
        if (said->json[0] != '\0') {
            tr_json_raw(&json, "answer", said->json);
        } else {
            tr_json_null(&json, "answer");
        }
        if (said->data.len > 0) {
            char text[4096];
            (void) snprintf(text, sizeof text, "%.*s", (int) said->data.len,
                            (const char *) said->data.data);
            tr_json_text(&json, "text", text);
        } else {
            tr_json_null(&json, "text");
        }
    }
    tr_json_close(&json, '}');
}

/* An answer for people. */
static void print_answer(const Troupe__Inspect__Said *said)
{
    if (said->json[0] != '\0') {
        tr_plain_print(stdout, said->json);
        (void) putchar('\n');
    } else if (said->data.len > 0 && isatty(STDOUT_FILENO) == 1) {
        tr_plain_print_lines(stdout, (const char *) said->data.data, said->data.len);
        (void) putchar('\n');
    } else if (said->data.len > 0) {
        (void) fwrite(said->data.data, 1, said->data.len, stdout);
        (void) putchar('\n');
    } else {
        tr_plain_print(stdout, said->type[0] != '\0' ? said->type : "raw");
        (void) printf(", %llu bytes\n", (unsigned long long) said->size);
    }
}

/* What the node says of it, and how the command ends. */
static int tell(const tr_client *client, const Troupe__Inspect__Said *said, bool has_answer)
{
    if (client->reach->is_json) {
        write_said(said, has_answer && said->error == TROUPE_OK);
    }
    if (said->error != TROUPE_OK) {
        return tr_client_fail(client, troupe_error_name(said->error), said->what);
    }
    if (has_answer && !client->reach->is_json) {
        print_answer(said);
    }
    return tr_command_written();
}

static int say(tr_client *client, void *argument)
{
    const struct wish *wish = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Inspect__Target target;
    Troupe__Ref ref;
    Troupe__Inspect__Say request = TROUPE__INSPECT__SAY__INIT;
    tr_client_target(client, wish->actor, &target, &ref);
    request.to = &target;
    if (wish->type != NULL) {
        request.type = (char *) (uintptr_t) wish->type; /* read only, as all here */
    }
    if (wish->text != NULL || wish->body != NULL) {
        request.json = (char *) (uintptr_t) (wish->text != NULL ? wish->text : wish->body);
    }
    request.is_ask = wish->is_ask;
    request.within_ns = client->reach->timeout_ns;
    const Troupe__Inspect__Said *said =
        tr_client_ask_for(client, &request.base, &troupe__inspect__said__descriptor,
                          client->reach->timeout_ns, &reply);
    return said != NULL ? tell(client, said, wish->is_ask) : TR_EXIT_FAILED;
}

static int run_say(const tr_command *command, bool is_ask, int argc, char **argv)
{
    struct wish wish = {.is_ask = is_ask};
    tr_reach reach;
    const tr_option options[] = {
        {"--text", TR_OPTION_TEXT, &wish.text},
        {NULL, TR_OPTION_FLAG, NULL},
    };
    const int status = tr_options_take(command, &argc, argv, options, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    wish.actor = argc > 1 ? argv[1] : NULL;
    wish.type = argc > 2 ? argv[2] : NULL;
    wish.body = argc > 3 ? argv[3] : NULL;
    if (wish.actor == NULL || wish.actor[0] == '\0') {
        return tr_command_misused(command, "ACTOR is missing");
    }
    if (argc > 4) {
        return tr_command_misused(command, "there is something behind the JSON: is it quoted?");
    }
    if ((wish.type == NULL) == (wish.text == NULL)) {
        return tr_command_misused(command, "it takes a TYPE, or else --text");
    }
    return tr_client_run(command, &reach, say, &wish);
}

static int run_send(int argc, char **argv)
{
    return run_say(&tr_command_send, false, argc, argv);
}

static int run_ask(int argc, char **argv)
{
    return run_say(&tr_command_ask, true, argc, argv);
}

static int stop(tr_client *client, void *argument)
{
    const struct wish *wish = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Inspect__Target target;
    Troupe__Ref ref;
    Troupe__Inspect__Stop request = TROUPE__INSPECT__STOP__INIT;
    if (wish->actor != NULL) {
        tr_client_target(client, wish->actor, &target, &ref);
        request.target = &target;
    }
    request.how = wish->kills ? 2 : wish->cancels ? 1 : 0;
    const Troupe__Inspect__Said *said =
        tr_client_ask(client, &request.base, &troupe__inspect__said__descriptor, &reply);
    return said != NULL ? tell(client, said, false) : TR_EXIT_FAILED;
}

static int run_stop(int argc, char **argv)
{
    struct wish wish = {.actor = NULL};
    tr_reach reach;
    const tr_option options[] = {
        {"--cancel", TR_OPTION_FLAG, &wish.cancels},
        {"--kill", TR_OPTION_FLAG, &wish.kills},
        {"--whole-node", TR_OPTION_FLAG, &wish.is_whole},
        {NULL, TR_OPTION_FLAG, NULL},
    };
    const int status = tr_options_take(&tr_command_stop, &argc, argv, options, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    wish.actor = argc > 1 ? argv[1] : NULL;
    if (argc > 2 || (wish.actor == NULL) != wish.is_whole) {
        return tr_command_misused(&tr_command_stop, "it takes one ACTOR, or else --whole-node");
    }
    if (wish.cancels + wish.kills + wish.is_whole > 1) {
        return tr_command_misused(&tr_command_stop,
                                  "--cancel, --kill and --whole-node do not go together");
    }
    return tr_client_run(&tr_command_stop, &reach, stop, &wish);
}

#define SAY_HELP                                                                                   \
    "ACTOR is a name, or what the first column of 'troupe ps' shows. TYPE is the full name\n"      \
    "of a protobuf message that the node has learned (troupe_learn), as shop.Order, and JSON\n"    \
    "the message in proto3's form; '{}' if it is left out. Takes the role "                        \
    "'send'.\n\n" TR_REACH_HELP "  --text TEXT       the message is these bytes, without a type\n"

const tr_command tr_command_send = {
    .name = "send",
    .arguments = "[OPTION]... ACTOR [TYPE [JSON]]",
    .summary = "have a message sent to an actor",
    .details =
        "Has the node send a message to one of its actors, and waits until that is in its\n"
        "mailbox, at most as long as --timeout says.\n\n" SAY_HELP,
    .run = run_send,
};

const tr_command tr_command_ask = {
    .name = "ask",
    .arguments = "[OPTION]... ACTOR [TYPE [JSON]]",
    .summary = "have an actor asked, and print its answer",
    .details =
        "Has the node ask one of its actors, and prints the answer as JSON; it waits for it\n"
        "at most as long as --timeout says.\n\n" SAY_HELP,
    .run = run_ask,
};

const tr_command tr_command_stop = {
    .name = "stop",
    .arguments = "[OPTION]... [ACTOR]",
    .summary = "stop an actor, or the node",
    .details =
        "Tells an actor to stop: it finishes what it is at, its children are stopped, and it\n"
        "ends. Or tells the whole node, which then ends in order. ACTOR is a name, or what the\n"
        "first column of 'troupe ps' shows. Takes the role 'spawn'.\n\n" TR_REACH_HELP
        "  --cancel          the actor's waits are cut short\n"
        "  --kill            the same, and nothing can hold it off\n"
        "  --whole-node      the node, instead of an actor\n",
    .run = run_stop,
};
