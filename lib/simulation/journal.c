/* SPDX-License-Identifier: MIT */
#include "simulation/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <troupe/dead_letter.h>
#include <troupe/statistics.h>

#include "base/assert.h"
#include "base/log.h"

tr_entry *tr_journal_add(tr_journal *journal, tr_news news, uint64_t at_ns)
{
    tr_entry *entry = &journal->events[journal->event_count++ % TR_JOURNAL_EVENTS];
    *entry = (tr_entry) {.order = journal->count++, .at_ns = at_ns, .news = news};
    return entry;
}

/* Of each event: whether the first of its numbers is a node, and what they mean. NULL: it happens
 * all the time. */
static const struct {
    bool is_about_node;
    const char *format;
} formats[] = {
    [TR_EVENT_UP] = {false, "is up, incarnation %" PRIu64 " (%" PRIx64 ")"},
    [TR_EVENT_CRASH] = {false, "crashes"},
    [TR_EVENT_STALL] = {false, "stalls until %" PRIu64 " ns"},
    [TR_EVENT_SKEW] = {false, "has a clock %" PRId64 " parts in a million too fast"},
    [TR_EVENT_MEMORY] = {false, "is going to lack memory at allocation %" PRIu64},
    [TR_EVENT_CONNECT] = {true, "is connected to %s, connection %" PRIu64},
    [TR_EVENT_LOST] = {true, "has lost %s, connection %" PRIu64},
    [TR_EVENT_DROPPED] = {true, "frame to %s dropped, %" PRIu64 " bytes"},
    [TR_EVENT_CUT] = {true, "does not hear %s any more"},
    [TR_EVENT_HEAL] = {true, "hears %s again"},
    [TR_EVENT_SPARSE] = {false, "may have %" PRIu64 " descriptors, and has %" PRIu64},
    [TR_EVENT_SHAPE] = {true, "hears %s in another way, trait %" PRIu64},
};

void tr_journal_note(tr_journal *journal, const tr_noted *noted, const char *why)
{
    if ((size_t) noted->event < sizeof formats / sizeof formats[0] &&
        formats[noted->event].format != NULL) {
        tr_entry *entry = tr_journal_add(journal, TR_NEWS_NOTED, noted->at_ns);
        entry->node = noted->node;
        entry->noted = *noted;
        entry->why = why;
    }
}

const char *tr_journal_log(tr_journal *journal, uint64_t at_ns, const char *node, const char *text)
{
    tr_logged *line = &journal->lines[journal->line_count++ % TR_JOURNAL_LINES];
    line->order = journal->count++;
    (void) snprintf(line->text, sizeof line->text, "%" PRIu64 ".%06" PRIu64 " ms %s: %s",
                    at_ns / 1000000, at_ns % 1000000, node, text);
    return line->text;
}

/* In words. */

struct names {
    tr_node_namer *name_of;
    void *context;
};

#define NAME_SIZE 80
#define PARTY_SIZE ((size_t) 2 * NAME_SIZE)

static void print_node(const struct names *names, uint32_t node, char *out)
{
    const char *name =
        names->name_of != NULL && node != TR_NO_NODE ? names->name_of(names->context, node) : NULL;
    if (name != NULL) {
        (void) snprintf(out, NAME_SIZE, "%s", name);
    } else if (node != TR_NO_NODE) {
        (void) snprintf(out, NAME_SIZE, "node %" PRIu32, node);
    } else {
        (void) snprintf(out, NAME_SIZE, "another node");
    }
}

/* With its node, if that is another than where it happens. */
static void print_party(const struct names *names, const tr_entry *entry, const tr_party *party,
                        char *out)
{
    char node[NAME_SIZE] = "";
    if (party->node != entry->node) {
        print_node(names, party->node, node);
    }
    const char *gap = node[0] != '\0' ? " " : "";
    if (party->address.generation == 0) {
        (void) snprintf(out, PARTY_SIZE, "%s", node[0] != '\0' ? node : "nobody");
    } else if (party->is_name) {
        (void) snprintf(out, PARTY_SIZE, "%s%s'%s'", node, gap, party->title);
    } else {
        (void) snprintf(out, PARTY_SIZE, "%s%s%s %" PRIu32 ".%" PRIu32, node, gap, party->title,
                        party->address.slot, party->address.generation);
    }
}

static void print_noted(const struct names *names, const tr_entry *entry, char *out, size_t size)
{
    const tr_noted *noted = &entry->noted;
    const char *format = formats[noted->event].format;
    char other[NAME_SIZE];
    print_node(names, (uint32_t) noted->first, other);
    int length = 0;
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
        _Pragma("GCC diagnostic ignored \"-Wformat-extra-args\"") length =
            formats[noted->event].is_about_node
                ? snprintf(out, size, format, other, noted->second)
                : snprintf(out, size, format, noted->first, noted->second);
    _Pragma("GCC diagnostic pop") if (entry->why != NULL && length > 0 && (size_t) length < size)
    {
        (void) snprintf(out + length, size - (size_t) length, ": %s", entry->why);
    }
}

static const char *outcome_text(uint64_t outcome)
{
    switch ((troupe_outcome) outcome) {
    case TROUPE_OUTCOME_FAILED:
        return "failed in its handler";
    case TROUPE_OUTCOME_EXPIRED:
        return "expired";
    case TROUPE_OUTCOME_CANCELLED:
        return "was cancelled";
    case TROUPE_OUTCOME_DROPPED:
        return "was dropped";
    case TROUPE_OUTCOME_QUARANTINED:
        return "went into quarantine";
    case TROUPE_OUTCOME_LOST:
        return "was lost with the node";
    case TROUPE_OUTCOME_HANDLED:
    case TROUPE_OUTCOME_DEAD_LETTER:
    case TROUPE_OUTCOME_CARRIED:
    case TROUPE_OUTCOME_COUNT:
        break;
    }
    return "has ended";
}

static const char *error_name(uint64_t error)
{
    return troupe_error_name((troupe_error) error);
}

static void print_ended(const tr_entry *entry, const char *who, const char *what, char *out,
                        size_t size)
{
    (void) snprintf(out, size, "%s %s%s%s", who, what, entry->number != 0 ? ": " : "",
                    entry->number != 0 ? error_name(entry->number) : "");
}

static void print_sent(const tr_entry *entry, const char *who, const char *whom, char *out,
                       size_t size)
{
    const int length = snprintf(out, size, "%s sends %s to %s", who, entry->type, whom);
    if (entry->number != 0 && length > 0 && (size_t) length < size) {
        (void) snprintf(out + length, size - (size_t) length, " (priority %" PRIu64 ")",
                        entry->number);
    }
}

static void print_news(const struct names *names, const tr_entry *entry, char *out, size_t size)
{
    char who[PARTY_SIZE];
    char whom[PARTY_SIZE];
    print_party(names, entry, &entry->who, who);
    print_party(names, entry, &entry->whom, whom);
    switch (entry->news) {
    case TR_NEWS_SENT:
        print_sent(entry, who, whom, out, size);
        break;
    case TR_NEWS_CAME:
        (void) snprintf(out, size, "%s for %s comes from %s", entry->type, whom, who);
        break;
    case TR_NEWS_ANSWERED:
        (void) snprintf(out, size, "%s answers %s with %s%s", who, whom,
                        entry->type != NULL ? "" : "the error ",
                        entry->type != NULL ? entry->type : error_name(entry->number));
        break;
    case TR_NEWS_ENDED:
        (void) snprintf(out, size, "%s from %s to %s %s", entry->type, who, whom,
                        outcome_text(entry->number));
        break;
    case TR_NEWS_BURIED:
        (void) snprintf(out, size, "dead letter: %s from %s to %s: %s", entry->type, who, whom,
                        troupe_dead_reason_text((troupe_dead_reason) entry->number));
        break;
    case TR_NEWS_GIVEN_BACK:
        (void) snprintf(out, size, "%s gets back %s to %s: %s", who, entry->type, whom,
                        error_name(entry->number));
        break;
    case TR_NEWS_GAVE_UP:
        (void) snprintf(out, size, "%s waits no longer for %s to answer", who, whom);
        break;
    case TR_NEWS_IN_VAIN:
        (void) snprintf(out, size, "%s has waited in vain for %s to answer", who, whom);
        break;
    case TR_NEWS_DOWN:
        (void) snprintf(out, size, "%s is told that %s is down: %s", whom, who,
                        error_name(entry->number));
        break;
    case TR_NEWS_SPAWNED:
        (void) snprintf(out, size, "%s spawns %s", who, whom);
        break;
    case TR_NEWS_ACTOR_ENDED:
        print_ended(entry, who, "ended", out, size);
        break;
    case TR_NEWS_ACTOR_FELL:
        print_ended(entry, who, "fell, and may begin again", out, size);
        break;
    case TR_NEWS_NONE:
    case TR_NEWS_NOTED:
        TR_ASSERT(false); /* printed elsewhere */
        break;
    }
}

void tr_journal_print(const tr_entry *entry, tr_node_namer *name_of, void *context, char *out,
                      size_t size)
{
    const struct names names = {name_of, context};
    char node[NAME_SIZE];
    char what[512];
    print_node(&names, entry->node, node);
    if (entry->news == TR_NEWS_NOTED) {
        print_noted(&names, entry, what, sizeof what);
        (void) snprintf(out, size, "%" PRIu64 ".%06" PRIu64 " ms %s: %s", entry->at_ns / 1000000,
                        entry->at_ns % 1000000, node, what);
        return;
    }
    print_news(&names, entry, what, sizeof what);
    (void) snprintf(out, size, "%" PRIu64 ".%06" PRIu64 " ms %s/%" PRIu32 " %s",
                    entry->at_ns / 1000000, entry->at_ns % 1000000, node, entry->worker, what);
}

static uint64_t oldest(uint64_t count, uint64_t kept)
{
    return count > kept ? count - kept : 0;
}

/* The lines of before this, from *next on. */
static void tell_lines(const tr_journal *journal, uint64_t *next, uint64_t order,
                       const troupe_log *log)
{
    while (*next < journal->line_count && journal->lines[*next % TR_JOURNAL_LINES].order < order) {
        tr_log_write(log, TROUPE_LOG_NOTICE, "      %s",
                     journal->lines[*next % TR_JOURNAL_LINES].text);
        ++*next;
    }
}

void tr_journal_tell(const tr_journal *journal, tr_node_namer *name_of, void *context,
                     const troupe_log *log)
{
    uint64_t line = oldest(journal->line_count, TR_JOURNAL_LINES);
    for (uint64_t i = oldest(journal->event_count, TR_JOURNAL_EVENTS); i < journal->event_count;
         i++) {
        const tr_entry *entry = &journal->events[i % TR_JOURNAL_EVENTS];
        char text[600];
        tell_lines(journal, &line, entry->order, log);
        tr_journal_print(entry, name_of, context, text, sizeof text);
        tr_log_write(log, TROUPE_LOG_NOTICE, "%s", text);
    }
    tell_lines(journal, &line, UINT64_MAX, log);
}
