/* SPDX-License-Identifier: MIT */
/* `troupe ps`. */
#include "command/ps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/table.h"

#define APART_DEFAULT_NS UINT64_C(500000000)

struct wish {
    const char *sort;
    uint64_t most;
    uint64_t apart_ns;
    tr_order order;
    bool is_for_all;
};

static const char *const orders[] = {"id", "depth", "rate", "handled", "bytes", "name"};

bool tr_order_read(const char *text, tr_order *out_order)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (strcmp(text, orders[i]) == 0) {
            *out_order = (tr_order) i;
            return true;
        }
    }
    return false;
}

/* Each is a total order, as slots differ. The highest numbers come first. */

static int by_slot(const void *left, const void *right)
{
    const tr_actor_row *one = left;
    const tr_actor_row *other = right;
    return (one->ref.slot > other->ref.slot) - (one->ref.slot < other->ref.slot);
}

#define DOWN(field)                                                                                \
    const tr_actor_row *one = left;                                                                \
    const tr_actor_row *other = right;                                                             \
    const int order = (one->field < other->field) - (one->field > other->field);                   \
    return order != 0 ? order : by_slot(left, right)

static int by_depth(const void *left, const void *right)
{
    DOWN(depth);
}

static int by_rate(const void *left, const void *right)
{
    DOWN(rate);
}

static int by_handled(const void *left, const void *right)
{
    DOWN(handled);
}

static int by_bytes(const void *left, const void *right)
{
    DOWN(bytes);
}

/* Those without one last. */
static int by_name(const void *left, const void *right)
{
    const tr_actor_row *one = left;
    const tr_actor_row *other = right;
    if ((one->name[0] == '\0') != (other->name[0] == '\0')) {
        return one->name[0] == '\0' ? 1 : -1;
    }
    const int order = strcmp(one->name, other->name);
    return order != 0 ? order : by_slot(left, right);
}

void tr_order_apply(tr_actors *actors, tr_order order, uint64_t most)
{
    static int (*const comparisons[])(const void *, const void *) = {by_slot,    by_depth, by_rate,
                                                                     by_handled, by_bytes, by_name};
    if (actors->count > 0) {
        qsort(actors->rows, actors->count, sizeof *actors->rows, comparisons[order]);
    }
    if (most != 0 && most < actors->count) {
        actors->count = (size_t) most;
    }
}

void tr_ps_print(const tr_actors *actors)
{
    static const char *const titles[] = {"ACTOR",     "NAME",  "BEHAVIOR", "STATE",  ">DEPTH",
                                         ">CAPACITY", ">RATE", ">HANDLED", ">WORKER"};
    tr_table table = {.titles = titles, .columns = sizeof titles / sizeof titles[0]};
    for (size_t i = 0; i < actors->count; i++) {
        const tr_actor_row *row = &actors->rows[i];
        char title[TR_ACTORS_TITLE_SIZE];
        tr_actors_title(row, title, sizeof title);
        tr_table_add(&table, "%" PRIu32 ".%" PRIu32, row->ref.slot, row->ref.generation);
        tr_table_add(&table, "%s", title[0] != '\0' ? title : "-");
        tr_table_add(&table, "%s", row->behavior[0] != '\0' ? row->behavior : "?");
        tr_table_add(&table, "%s", tr_actors_wait_name(row->wait));
        tr_table_add(&table, "%" PRIu32, row->depth);
        tr_table_add(&table, "%" PRIu32, row->capacity);
        tr_table_add(&table, "%.1f", row->rate);
        tr_table_add(&table, "%" PRIu64, row->handled);
        tr_table_add(&table, "%" PRIu32, row->worker);
    }
    tr_table_print(&table);
    tr_table_free(&table);
    tr_actors_print_silent(actors);
}

void tr_ps_write(const tr_actors *actors)
{
    tr_json json = {0};
    tr_json_open(&json, NULL, '{');
    tr_actors_write_head(&json, actors);
    tr_json_open(&json, "actors", '[');
    for (size_t i = 0; i < actors->count; i++) {
        tr_actors_write(&json, NULL, &actors->rows[i]);
    }
    tr_json_close(&json, ']');
    tr_json_close(&json, '}');
}

static int show(tr_client *client, void *argument)
{
    const struct wish *wish = argument;
    tr_actors actors = {0};
    const bool is_fetched = tr_actors_fetch_rates(client, wish->apart_ns, &actors);
    if (is_fetched && !wish->is_for_all) {
        tr_actors_hide_own(&actors);
    }
    if (is_fetched) {
        tr_order_apply(&actors, wish->order, wish->most);
        if (client->reach->is_json) {
            tr_ps_write(&actors);
        } else {
            tr_ps_print(&actors);
        }
    }
    tr_actors_free(&actors);
    return is_fetched ? tr_command_written() : TR_EXIT_FAILED;
}

static int run(int argc, char **argv)
{
    struct wish wish = {.sort = "id", .apart_ns = APART_DEFAULT_NS};
    tr_reach reach;
    const tr_option options[] = {
        {"--sort", TR_OPTION_TEXT, &wish.sort},
        {"--top", TR_OPTION_NUMBER, &wish.most},
        {"--over", TR_OPTION_SECONDS, &wish.apart_ns},
        {"--all", TR_OPTION_FLAG, &wish.is_for_all},
        {NULL, TR_OPTION_FLAG, NULL},
    };
    const int status = tr_options_take(&tr_command_ps, &argc, argv, options, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    if (argc > 1) {
        return tr_command_misused(&tr_command_ps, "there are only options");
    }
    if (!tr_order_read(wish.sort, &wish.order)) {
        return tr_command_misused(&tr_command_ps,
                                  "--sort takes id, depth, rate, handled, bytes or name");
    }
    return tr_client_run(&tr_command_ps, &reach, show, &wish);
}

const tr_command tr_command_ps = {
    .name = "ps",
    .arguments = "[OPTION]...",
    .summary = "list the actors of a node",
    .details =
        "Lists the actors of a node's program: what each is at ('running', or what it waits\n"
        "for), how many messages are in its mailbox, how many it handles in a second, and on\n"
        "which worker it is. With --all those of the node's own, too, by which it looks after\n"
        "other nodes and answers this command.\n\n" TR_REACH_HELP TR_ALL_HELP
        "  --sort BY         id, depth, rate, handled, bytes or name; the highest come first\n"
        "  --top N           only the first N\n"
        "  --over SECONDS    what rates are measured over; 0.5 if not given\n",
    .run = run,
};
