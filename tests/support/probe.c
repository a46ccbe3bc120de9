/* SPDX-License-Identifier: MIT */
#include "support/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "support/fixtures.h"

#define WAIT_NS UINT64_C(20000000000)
#define SHOWN_MAX 4096

struct probe {
    tr_mutex mutex;
    tr_condition changed;
    char **lines;
    size_t count;
    size_t capacity;
};

static void *checked(void *block)
{
    if (block == NULL) {
        (void) fprintf(stderr, "probe: out of memory\n");
        abort();
    }
    return block;
}

struct probe *a_probe(void)
{
    struct probe *made = checked(calloc(1, sizeof *made));
    tr_mutex_init(&made->mutex);
    tr_condition_init(&made->changed);
    return made;
}

static void clear(struct probe *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        free(probe->lines[i]);
    }
    probe->count = 0;
}

void drop_probe(struct probe **in_probe)
{
    struct probe *dropped = *in_probe;
    if (dropped == NULL) {
        return;
    }
    clear(dropped);
    free(dropped->lines);
    tr_condition_fini(&dropped->changed);
    tr_mutex_fini(&dropped->mutex);
    free(dropped);
    *in_probe = NULL;
}

void probe_say(struct probe *probe, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(line, sizeof line, format, arguments); /* cut if long */
    va_end(arguments);

    tr_mutex_lock(&probe->mutex);
    if (probe->count == probe->capacity) {
        probe->capacity = probe->capacity > 0 ? 2 * probe->capacity : 64;
        probe->lines = checked(realloc(probe->lines, probe->capacity * sizeof(char *)));
    }
    probe->lines[probe->count++] = checked(strdup(line));
    tr_condition_broadcast(&probe->changed);
    tr_mutex_unlock(&probe->mutex);
}

size_t probe_count(struct probe *probe)
{
    tr_mutex_lock(&probe->mutex);
    const size_t count = probe->count;
    tr_mutex_unlock(&probe->mutex);
    return count;
}

const char *probe_line(struct probe *probe, size_t index)
{
    tr_mutex_lock(&probe->mutex);
    const char *line = index < probe->count ? probe->lines[index] : "";
    tr_mutex_unlock(&probe->mutex);
    return line;
}

void probe_clear(struct probe *probe)
{
    tr_mutex_lock(&probe->mutex);
    clear(probe);
    tr_mutex_unlock(&probe->mutex);
}

static size_t count_of(const struct probe *probe, const char *line)
{
    size_t count = 0;
    for (size_t i = 0; i < probe->count; i++) {
        count += strcmp(probe->lines[i], line) == 0 ? 1 : 0;
    }
    return count;
}

size_t probe_count_of(struct probe *probe, const char *line)
{
    tr_mutex_lock(&probe->mutex);
    const size_t count = count_of(probe, line);
    tr_mutex_unlock(&probe->mutex);
    return count;
}

static uint64_t wait_end_ns(void)
{
    const tr_clock clock = tr_clock_real();
    return clock.now_ns(clock.context) + WAIT_NS;
}

bool probe_wait(struct probe *probe, size_t count)
{
    const uint64_t end_ns = wait_end_ns();
    bool is_in_time = true;
    tr_mutex_lock(&probe->mutex);
    while (probe->count < count && is_in_time) {
        is_in_time = tr_condition_wait_until(&probe->changed, &probe->mutex, end_ns);
    }
    const bool is_there = probe->count >= count;
    tr_mutex_unlock(&probe->mutex);
    return is_there;
}

bool probe_wait_for(struct probe *probe, const char *line)
{
    const uint64_t end_ns = wait_end_ns();
    bool is_in_time = true;
    tr_mutex_lock(&probe->mutex);
    while (count_of(probe, line) == 0 && is_in_time) {
        is_in_time = tr_condition_wait_until(&probe->changed, &probe->mutex, end_ns);
    }
    const bool is_there = count_of(probe, line) > 0;
    tr_mutex_unlock(&probe->mutex);
    return is_there;
}

static void add_text(char *text, size_t size, const char *line)
{
    const size_t length = strlen(text);
    (void) snprintf(text + length, size - length, "    %s\n", line); /* cut if long */
}

void tr_assert_said(struct probe *probe, const char *const *expected, const char *file, int line)
{
    static char said[SHOWN_MAX];
    static char wanted[SHOWN_MAX];
    said[0] = '\0';
    wanted[0] = '\0';

    tr_mutex_lock(&probe->mutex);
    size_t count = 0;
    bool is_same = true;
    for (; expected[count] != NULL; count++) {
        add_text(wanted, sizeof wanted, expected[count]);
        is_same =
            is_same && count < probe->count && strcmp(expected[count], probe->lines[count]) == 0;
    }
    is_same = is_same && count == probe->count;
    for (size_t i = 0; i < probe->count; i++) {
        add_text(said, sizeof said, probe->lines[i]);
    }
    tr_mutex_unlock(&probe->mutex);

    if (!is_same) {
        print_error("said:\n%sexpected:\n%s", said, wanted);
        _fail(file, line);
    }
}
