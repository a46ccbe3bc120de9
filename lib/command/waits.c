/* SPDX-License-Identifier: MIT */
/* `troupe waits`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/actors.h"
#include "command/table.h"

#define LABEL_SIZE 128
#define NONE SIZE_MAX

/* Where each actor's wait leads, and in which ring it stands, if it does. */
struct graph {
    const tr_actors *actors;
    size_t *to;    /* NONE: it waits for nobody in the list */
    size_t *ring;  /* by number, from 1; 0: none */
    size_t *visit; /* the walk in which it was seen first, from 1 */
    size_t rings;
};

static bool waits(const tr_actor_row *row)
{
    return !troupe_ref_is_none(row->waits_for) || row->waits_for.node != 0;
}

static bool make(struct graph *graph, const tr_actors *actors)
{
    const size_t count = actors->count + 1;
    *graph = (struct graph) {.actors = actors,
                             .to = calloc(count, sizeof *graph->to),
                             .ring = calloc(count, sizeof *graph->ring),
                             .visit = calloc(count, sizeof *graph->visit)};
    if (graph->to == NULL || graph->ring == NULL || graph->visit == NULL) {
        return false;
    }
    for (size_t i = 0; i < actors->count; i++) {
        const tr_actor_row *row = &actors->rows[i];
        const tr_actor_row *next =
            troupe_ref_is_none(row->waits_for) ? NULL : tr_actors_find(actors, row->waits_for);
        graph->to[i] = next != NULL ? (size_t) (next - actors->rows) : NONE;
    }
    return true;
}

static void drop(struct graph *graph)
{
    free(graph->to);
    free(graph->ring);
    free(graph->visit);
}

/* Each actor has one edge at most: a walk that comes to where it has been has found a ring. */
static void find_rings(struct graph *graph)
{
    for (size_t i = 0; i < graph->actors->count; i++) {
        size_t at = i;
        while (at != NONE && graph->visit[at] == 0) {
            graph->visit[at] = i + 1;
            at = graph->to[at];
        }
        if (at == NONE || graph->visit[at] != i + 1) {
            continue;
        }
        graph->rings++;
        while (graph->ring[at] == 0) {
            graph->ring[at] = graph->rings;
            at = graph->to[at];
        }
    }
}

static void print(const struct graph *graph)
{
    static const char *const titles[] = {"ACTOR", "BEHAVIOR", "FOR", "OF", ">SECONDS", "RING"};
    tr_table table = {.titles = titles, .columns = sizeof titles / sizeof titles[0]};
    char label[LABEL_SIZE];
    for (size_t i = 0; i < graph->actors->count; i++) {
        const tr_actor_row *row = &graph->actors->rows[i];
        if (!waits(row)) {
            continue;
        }
        tr_actors_label(graph->actors, row->ref, label, sizeof label);
        tr_table_add(&table, "%s", label);
        tr_table_add(&table, "%s", row->behavior);
        tr_table_add(&table, "%s", tr_actors_wait_name(row->wait));
        tr_actors_label(graph->actors, row->waits_for, label, sizeof label);
        tr_table_add(&table, "%s", label);
        tr_table_add(&table, "%.3f", (double) row->waiting_ns / 1e9);
        tr_table_add(&table, graph->ring[i] != 0 ? "%zu" : "-", graph->ring[i]);
    }
    tr_table_print(&table);
    tr_table_free(&table);
    if (graph->rings > 0) {
        (void) printf("%zu ring%s: those in it wait for each other\n", graph->rings,
                      graph->rings > 1 ? "s" : "");
    }
    tr_actors_print_silent(graph->actors);
}

static void write(const struct graph *graph)
{
    tr_json json = {0};
    tr_json_open(&json, NULL, '{');
    tr_actors_write_head(&json, graph->actors);
    tr_json_number(&json, "rings", graph->rings);
    tr_json_open(&json, "waits", '[');
    for (size_t i = 0; i < graph->actors->count; i++) {
        if (waits(&graph->actors->rows[i])) {
            tr_json_open(&json, NULL, '{');
            tr_actors_write(&json, "actor", &graph->actors->rows[i]);
            tr_json_number(&json, "ring", graph->ring[i]);
            tr_json_close(&json, '}');
        }
    }
    tr_json_close(&json, ']');
    tr_json_close(&json, '}');
}

static int show(tr_client *client, void *argument)
{
    tr_actors actors = {0};
    struct graph graph;
    int status = TR_EXIT_FAILED;
    (void) argument;
    if (!tr_actors_fetch(client, &actors)) {
        return TR_EXIT_FAILED;
    }
    if (!make(&graph, &actors)) {
        (void) tr_client_fail(client, "out of memory", NULL);
    } else {
        find_rings(&graph);
        if (client->reach->is_json) {
            write(&graph);
        } else {
            print(&graph);
        }
        status = tr_command_written();
    }
    drop(&graph);
    tr_actors_free(&actors);
    return status;
}

static int run(int argc, char **argv)
{
    tr_reach reach;
    const int status = tr_options_take(&tr_command_waits, &argc, argv, NULL, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    if (argc > 1) {
        return tr_command_misused(&tr_command_waits, "there are only options");
    }
    return tr_client_run(&tr_command_waits, &reach, show, NULL);
}

const tr_command tr_command_waits = {
    .name = "waits",
    .arguments = "[OPTION]...",
    .summary = "show which actors wait for which others",
    .details =
        "Shows each actor that waits for another: for room in its mailbox, for its reply, or\n"
        "for its start; and for how long. Those that wait for each other in a ring, none of\n"
        "which can go on, have the ring's number.\n\n" TR_REACH_HELP,
    .run = run,
};
