/* SPDX-License-Identifier: MIT */
#include "support/found.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixtures.h"

static const char *const names[] = {"TROUPE_SEED", "TROUPE_FAULTS", "TROUPE_NODES", "TROUPE_COURSE",
                                    "TROUPE_END_MS"};

int forget_repetition(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(unsetenv(names[i]), 0); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
    return 0;
}

/* Puts NAME=value of the line into the environment, if it is there. */
static void set_from(const char *line, const char *name)
{
    char value[4096];
    const char *at = strstr(line, name);
    if (at != NULL && at[strlen(name)] == '=') {
        at += strlen(name) + 1;
        (void) snprintf(value, sizeof value, "%.*s", (int) strcspn(at, " "), at);
        assert_int_equal(setenv(name, value, 1), 0); /* NOLINT(concurrency-mt-unsafe) */
    }
}

static void hear(void *context, troupe_log_level level, const char *text)
{
    struct found *found = context;
    (void) level;
    found->fault_lines += strncmp(text, "fault ", 6) == 0 ? 1 : 0;
    (void) snprintf(found->line, sizeof found->line, "%s", text);
}

/* What is found behind `label` in the line, a number. */
static uint64_t number_after(const char *line, const char *label)
{
    const char *at = strstr(line, label);
    assert_non_null(at);
    return strtoull(at + strlen(label), NULL, 10);
}

/* "N of M what": what is left, and what there was. */
static void read_share(const char *line, const char *what, uint32_t *out_left, uint32_t *out_before)
{
    const char *at = strstr(line, what);
    assert_non_null(at);
    while (at > line &&
           (at[-1] == ' ' || at[-1] == 'o' || at[-1] == 'f' || (at[-1] >= '0' && at[-1] <= '9'))) {
        at--;
    }
    char *end = NULL;
    *out_left = (uint32_t) strtoul(at, &end, 10);
    assert_int_equal(strncmp(end, " of ", 4), 0);
    *out_before = (uint32_t) strtoul(end + 4, NULL, 10);
}

/* The line without where it was found and how it is repeated. */
static void read_line(struct found *found)
{
    const char *how = strstr(found->line, " (shrunk in ");
    const char *why = strstr(found->line, " ms: ");
    print_message("%s\n", found->line);
    assert_non_null(how);
    assert_non_null(why);
    (void) snprintf(found->why, sizeof found->why, "%.*s", (int) (how - why - 5), why + 5);
    found->seed = number_after(found->line, "seed ");
    found->after.steps = number_after(found->line, " at step ");
    found->before.steps = number_after(how, "; at step ");
    read_share(how, " faults", &found->after.faults, &found->before.faults);
    if (strstr(how, " nodes asked for") != NULL) {
        read_share(how, " nodes asked for", &found->after.nodes, &found->before.nodes);
    }
}

static void assert_less(const struct found *found)
{
    const bool is_shorter = strstr(found->line, "TROUPE_END_MS=") != NULL;
    assert_true(found->after.faults <= found->before.faults);
    assert_true(found->after.nodes <= found->before.nodes);
    assert_true(is_shorter || found->after.faults < found->before.faults ||
                found->after.nodes < found->before.nodes);
    assert_int_equal(found->fault_lines, found->after.faults);
}

void find_and_repeat(const troupe_simulate_options *options, troupe_scenario *scenario,
                     void *context, struct found *out_found)
{
    static struct found again;
    const troupe_log log = {.write = hear, .context = out_found};
    const troupe_log log_again = {.write = hear, .context = &again};
    troupe_simulate_options own = *options;
    *out_found = (struct found) {0};
    again = (struct found) {0};
    own.log = &log;
    assert_fails(troupe_simulate(&own, scenario, context), FAILED);
    read_line(out_found);
    assert_less(out_found);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        set_from(strstr(out_found->line, "to repeat it: "), names[i]);
    }
    own.log = &log_again;
    assert_fails(troupe_simulate(&own, scenario, context), FAILED);
    (void) forget_repetition(NULL);
    const size_t same = (size_t) (strstr(out_found->line, " (shrunk in ") - out_found->line);
    assert_int_equal(strncmp(out_found->line, again.line, same), 0);
    assert_int_equal(strncmp(again.line + same, "; to repeat it: ", 16), 0);
    assert_int_equal(again.fault_lines, out_found->after.faults);
}

void print_found(const char *bug, const struct found *found)
{
    print_message("| %s | %s | %" PRIu64 " | %" PRIu64 ", %" PRIu32 ", %" PRIu32 " | %" PRIu64
                  ", %" PRIu32 ", %" PRIu32 " |\n",
                  bug, found->why, found->seed, found->before.steps, found->before.nodes,
                  found->before.faults, found->after.steps, found->after.nodes,
                  found->after.faults);
}
