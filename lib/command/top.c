/* SPDX-License-Identifier: MIT */
/* `troupe top`. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command/ps.h"

#define EVERY_DEFAULT_NS UINT64_C(1000000000)
#define MOST_DEFAULT 20

struct wish {
    const char *sort;
    uint64_t most;
    uint64_t every_ns;
    uint64_t times; /* 0: until it is stopped */
    tr_order order;
    bool is_for_all;
};

/* What the node has counted, at one moment. */
struct totals {
    uint64_t now_ns;
    uint64_t handled;
    uint64_t dead_letters;
    uint64_t refused;
    size_t actors;
    double rate;
};

static bool fetch_totals(tr_client *client, struct totals *totals)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Inspect__GetStatistics request = TROUPE__INSPECT__GET_STATISTICS__INIT;
    const Troupe__Inspect__Statistics *answer =
        tr_client_ask(client, &request.base, &troupe__inspect__statistics__descriptor, &reply);
    if (answer == NULL || answer->total == NULL) {
        return false;
    }
    const struct totals before = *totals;
    *totals = (struct totals) {.now_ns = answer->now_ns,
                               .handled = answer->total->handled,
                               .dead_letters = answer->total->dead_letters,
                               .refused = answer->total->refused};
    if (before.now_ns != 0 && totals->now_ns > before.now_ns) {
        totals->rate = (double) (totals->handled - before.handled) * 1e9 /
                       (double) (totals->now_ns - before.now_ns);
    }
    return true;
}

static void print(const tr_client *client, const tr_actors *actors, const struct totals *totals,
                  bool is_screen)
{
    if (is_screen) {
        (void) fputs("\033[H\033[2J\033[?7l", stdout); /* home, clear, and cut long lines */
    }
    (void) printf("node '%s' %" PRIx64 ": %zu actors, %.1f messages/s, %" PRIu64
                  " handled, %" PRIu64 " dead letters, %" PRIu64 " refused\n",
                  client->node_name, actors->node, totals->actors, totals->rate, totals->handled,
                  totals->dead_letters, totals->refused);
    tr_ps_print(actors);
    (void) fputs(is_screen ? "\033[?7h" : "\n", stdout); /* lines are as they were */
}

static void write_all(const tr_actors *actors, const struct totals *totals)
{
    tr_json json = {0};
    tr_json_open(&json, NULL, '{');
    tr_actors_write_head(&json, actors);
    tr_json_number(&json, "actor_count", totals->actors);
    tr_json_real(&json, "rate", totals->rate);
    tr_json_number(&json, "handled", totals->handled);
    tr_json_number(&json, "dead_letters", totals->dead_letters);
    tr_json_number(&json, "refused", totals->refused);
    tr_json_open(&json, "actors", '[');
    for (size_t i = 0; i < actors->count; i++) {
        tr_actors_write(&json, NULL, &actors->rows[i]);
    }
    tr_json_close(&json, ']');
    tr_json_close(&json, '}');
}

/* How many actors a terminal has room for, beside the lines around them, which go first; 0: nobody
 * knows. */
static uint64_t room_for_actors(const tr_actors *actors)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) {
        return 0;
    }
    const size_t others = 3 + actors->silent_count; /* with the one that the cursor is in */
    return size.ws_row > others ? size.ws_row - others : 1;
}

/* What is shown once: of those that are sorted nothing can be found any more, so it is a copy. */
static int show_once(tr_client *client, const struct wish *wish, const tr_actors *now,
                     struct totals *totals)
{
    tr_actors shown = {0};
    if (!fetch_totals(client, totals)) {
        return TR_EXIT_FAILED;
    }
    if (!tr_actors_copy(now, &shown)) {
        return tr_client_fail(client, "out of memory", NULL);
    }
    if (!wish->is_for_all) {
        tr_actors_hide_own(&shown);
    }
    totals->actors = shown.count;
    const bool is_screen = !client->reach->is_json && isatty(STDOUT_FILENO) == 1;
    const uint64_t room = is_screen ? room_for_actors(now) : 0;
    const bool is_cut = room != 0 && (wish->most == 0 || room < wish->most);
    tr_order_apply(&shown, wish->order, is_cut ? room : wish->most);
    if (client->reach->is_json) {
        write_all(&shown, totals);
    } else {
        print(client, &shown, totals, is_screen);
    }
    tr_actors_free(&shown);
    return tr_command_written();
}

static int show(tr_client *client, void *argument)
{
    const struct wish *wish = argument;
    struct totals totals = {0};
    tr_actors before = {0};
    tr_actors now = {0};
    int status = tr_actors_fetch(client, &before) && fetch_totals(client, &totals) ? TR_EXIT_OK
                                                                                   : TR_EXIT_FAILED;
    for (uint64_t i = 0; status == TR_EXIT_OK && (wish->times == 0 || i < wish->times); i++) {
        if (troupe_sleep(client->self, troupe_timeout_of_ns(wish->every_ns)) != TROUPE_OK) {
            break; /* it is told to stop */
        }
        if (!tr_actors_fetch(client, &now)) {
            status = TR_EXIT_FAILED;
            break;
        }
        tr_actors_set_rates(&now, &before);
        status = show_once(client, wish, &now, &totals);
        const tr_actors other = before;
        before = now;
        now = other;
    }
    tr_actors_free(&before);
    tr_actors_free(&now);
    return status;
}

static int run(int argc, char **argv)
{
    struct wish wish = {.sort = "rate", .most = MOST_DEFAULT, .every_ns = EVERY_DEFAULT_NS};
    tr_reach reach;
    const tr_option options[] = {
        {"--sort", TR_OPTION_TEXT, &wish.sort},         {"--top", TR_OPTION_NUMBER, &wish.most},
        {"--every", TR_OPTION_SECONDS, &wish.every_ns}, {"--count", TR_OPTION_NUMBER, &wish.times},
        {"--all", TR_OPTION_FLAG, &wish.is_for_all},    {NULL, TR_OPTION_FLAG, NULL},
    };
    const int status = tr_options_take(&tr_command_top, &argc, argv, options, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    if (argc > 1) {
        return tr_command_misused(&tr_command_top, "there are only options");
    }
    if (!tr_order_read(wish.sort, &wish.order)) {
        return tr_command_misused(&tr_command_top,
                                  "--sort takes id, depth, rate, handled, bytes or name");
    }
    return tr_client_run(&tr_command_top, &reach, show, &wish);
}

const tr_command tr_command_top = {
    .name = "top",
    .arguments = "[OPTION]...",
    .summary = "watch the busiest actors of a node",
    .details =
        "Shows again and again what the node is at, and the actors that handle most messages.\n"
        "On a terminal each table takes the place of the one before, and is cut to its size. Ends\n"
        "at Ctrl-C.\n\n" TR_REACH_HELP TR_ALL_HELP
        "  --sort BY         id, depth, rate, handled, bytes or name; rate if not given\n"
        "  --top N           so many actors; 20 if not given, 0: all there is room for\n"
        "  --every SECONDS   1 if not given\n"
        "  --count N         ends after so many tables\n",
    .run = run,
};
