/* SPDX-License-Identifier: MIT */
/* `troupe tree`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/actors.h"
#include "command/plain.h"

#define NONE SIZE_MAX
/* Columns that are indented at most. */
#define DEPTH_SHOWN 40

/* The actors by their places in the list: each after its older siblings. */
struct tree {
    const tr_actors *actors;
    size_t *parent;
    size_t *first;
    size_t *next;
    size_t root; /* the first of those without a parent in the list */
};

static size_t place_of(const tr_actors *actors, troupe_ref ref)
{
    const tr_actor_row *row = troupe_ref_is_none(ref) ? NULL : tr_actors_find(actors, ref);
    return row != NULL ? (size_t) (row - actors->rows) : NONE;
}

static bool plant(struct tree *tree, const tr_actors *actors)
{
    const size_t count = actors->count + 1;
    *tree = (struct tree) {.actors = actors,
                           .parent = calloc(count, sizeof *tree->parent),
                           .first = calloc(count, sizeof *tree->first),
                           .next = calloc(count, sizeof *tree->next),
                           .root = NONE};
    if (tree->parent == NULL || tree->first == NULL || tree->next == NULL) {
        return false;
    }
    for (size_t i = 0; i < actors->count; i++) {
        tree->first[i] = NONE;
    }
    for (size_t i = actors->count; i-- > 0;) { /* so that each list begins with the lowest */
        tree->parent[i] = place_of(actors, actors->rows[i].parent);
        size_t *list = tree->parent[i] != NONE ? &tree->first[tree->parent[i]] : &tree->root;
        tree->next[i] = *list;
        *list = i;
    }
    return true;
}

static void fell(struct tree *tree)
{
    free(tree->parent);
    free(tree->first);
    free(tree->next);
}

/* The one after this in the order of the tree, and how deep it lies. */
static size_t after(const struct tree *tree, size_t at, int *depth)
{
    if (tree->first[at] != NONE) {
        (*depth)++;
        return tree->first[at];
    }
    while (at != NONE && tree->next[at] == NONE) {
        at = tree->parent[at];
        (*depth)--;
    }
    return at != NONE ? tree->next[at] : NONE;
}

static void print_actor(const struct tree *tree, size_t at, int depth)
{
    const tr_actor_row *row = &tree->actors->rows[at];
    const int shown = depth < DEPTH_SHOWN ? depth : DEPTH_SHOWN;
    char title[TR_ACTORS_TITLE_SIZE];
    tr_actors_title(row, title, sizeof title);
    (void) printf("%*s", 2 * shown, "");
    tr_plain_print(stdout, title);
    (void) printf("%s%" PRIu32 ".%" PRIu32 " (", title[0] != '\0' ? " " : "", row->ref.slot,
                  row->ref.generation);
    tr_plain_print(stdout, row->behavior[0] != '\0' ? row->behavior : "?");
    (void) printf(")%s", row->is_supervisor ? " supervisor" : "");
    if (row->restarts > 0) {
        (void) printf(", restarted %" PRIu64 " time%s", row->restarts,
                      row->restarts == 1 ? "" : "s");
    }
    if (tree->parent[at] == NONE && !troupe_ref_is_none(row->parent)) {
        (void) printf(", its parent is ending");
    }
    (void) printf("\n");
}

static void print_tree(const struct tree *tree)
{
    int depth = 0;
    for (size_t at = tree->root; at != NONE; at = after(tree, at, &depth)) {
        print_actor(tree, at, depth);
    }
    tr_actors_print_silent(tree->actors);
}

/* An actor with its children within it. */
static void write_tree(const struct tree *tree)
{
    tr_json json = {0};
    int depth = 0;
    tr_json_open(&json, NULL, '{');
    tr_actors_write_head(&json, tree->actors);
    tr_json_open(&json, "roots", '[');
    for (size_t at = tree->root; at != NONE;) {
        int next_depth = depth;
        const size_t next = after(tree, at, &next_depth);
        tr_json_open(&json, NULL, '{');
        tr_actors_write(&json, "actor", &tree->actors->rows[at]);
        tr_json_open(&json, "children", '[');
        for (int closed = next != NONE ? next_depth : 0; closed <= depth; closed++) {
            tr_json_close(&json, ']');
            tr_json_close(&json, '}');
        }
        at = next;
        depth = next_depth;
    }
    tr_json_close(&json, ']');
    tr_json_close(&json, '}');
}

static int show(tr_client *client, void *argument)
{
    tr_actors actors = {0};
    struct tree tree;
    int status = TR_EXIT_FAILED;
    const bool *is_for_all = argument;
    if (!tr_actors_fetch(client, &actors)) {
        return TR_EXIT_FAILED;
    }
    if (!*is_for_all) {
        tr_actors_hide_own(&actors);
    }
    if (!plant(&tree, &actors)) {
        (void) tr_client_fail(client, "out of memory", NULL);
    } else if (client->reach->is_json) {
        write_tree(&tree);
        status = tr_command_written();
    } else {
        print_tree(&tree);
        status = tr_command_written();
    }
    fell(&tree);
    tr_actors_free(&actors);
    return status;
}

static int run(int argc, char **argv)
{
    bool is_for_all = false;
    const tr_option options[] = {{"--all", TR_OPTION_FLAG, &is_for_all},
                                 {NULL, TR_OPTION_FLAG, NULL}};
    tr_reach reach;
    const int status = tr_options_take(&tr_command_tree, &argc, argv, options, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    if (argc > 1) {
        return tr_command_misused(&tr_command_tree, "there are only options");
    }
    return tr_client_run(&tr_command_tree, &reach, show, &is_for_all);
}

const tr_command tr_command_tree = {
    .name = "tree",
    .arguments = "[OPTION]...",
    .summary = "show who has spawned and who supervises whom",
    .details =
        "Shows the actors of a node's program, each below its parent, which stops it when it\n"
        "ends; which of them are supervisors, and how often they have restarted whom. With\n"
        "--all those of the node's own, too.\n\n" TR_REACH_HELP TR_ALL_HELP,
    .run = run,
};
