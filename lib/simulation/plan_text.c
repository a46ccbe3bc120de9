/* SPDX-License-Identifier: MIT */
#include "simulation/plan_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

/* What is left of a line, and the word that stands first in it; "" at the end. */
struct words {
    tr_plan *plan;
    const char *line;
    const char *rest;
    char word[WORD_MAX];
};

static void next(struct words *words)
{
    words->rest += strspn(words->rest, " \t\r");
    const size_t length = words->rest[0] == '#' ? 0 : strcspn(words->rest, " \t\r#");
    (void) snprintf(words->word, sizeof words->word, "%.*s", (int) length, words->rest);
    words->rest += length;
}

static bool fail(const struct words *words, const char *expected)
{
    (void) snprintf(words->plan->fault, sizeof words->plan->fault,
                    "'%s' is not understood: instead of '%s' there should be %s", words->line,
                    words->word, expected);
    return false;
}

static bool is(const struct words *words, const char *word)
{
    return strcmp(words->word, word) == 0;
}

/* The same, and goes on if so. */
static bool take(struct words *words, const char *word)
{
    if (!is(words, word)) {
        return false;
    }
    next(words);
    return true;
}

static bool read_number(struct words *words, int64_t *out_number)
{
    char *end = NULL;
    const long long number = strtoll(words->word, &end, 10);
    if (words->word[0] == '\0' || *end != '\0') {
        return fail(words, "a whole number");
    }
    *out_number = number;
    next(words);
    return true;
}

static bool read_time(struct words *words, uint64_t *out_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    int64_t number = 0;
    if (!read_number(words, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (number >= 0 && number < INT64_MAX / 1000000000 && take(words, units[i].name)) {
            *out_ns = (uint64_t) number * units[i].ns;
            return true;
        }
    }
    return fail(words, "ns, us, ms or s, behind a number that is not too large");
}

static bool read_node(struct words *words, uint32_t *out_node)
{
    *out_node = words->plan->find(words->plan->context, words->word);
    if (*out_node == TR_PLAN_ALL) {
        return fail(words, "the name of a node");
    }
    next(words);
    return true;
}

/* a; a from b; a to b; and but for `cut` also all. */
static bool read_pair(struct words *words, tr_act *act)
{
    act->node = TR_PLAN_ALL;
    act->other = TR_PLAN_ALL;
    if (act->deed != TR_DEED_CUT && take(words, "all")) {
        return true;
    }
    if (!read_node(words, &act->node)) {
        return false;
    }
    act->is_one_way = is(words, "to");
    if (take(words, "to") || take(words, "from")) {
        return read_node(words, &act->other);
    }
    return true;
}

/* by N ppm; ahead T. */
static bool read_skew(struct words *words, tr_act *act)
{
    if (!read_node(words, &act->node)) {
        return false;
    }
    if (take(words, "ahead")) {
        return read_time(words, &act->for_ns);
    }
    if (!take(words, "by")) {
        return fail(words, "'by N ppm' or 'ahead T'");
    }
    if (!read_number(words, &act->number)) {
        return false;
    }
    if (act->number < -TR_SKEW_PPM_MAX || act->number > TR_SKEW_PPM_MAX || !take(words, "ppm")) {
        return fail(words, "ppm, from -500000 to 500000");
    }
    return true;
}

/* allocation N of a; one in N of a. */
static bool read_failure(struct words *words, tr_act *act)
{
    if (take(words, "one")) {
        act->deed = TR_DEED_FAIL_ONE_IN;
        if (!take(words, "in")) {
            return fail(words, "'in'");
        }
    } else if (!take(words, "allocation")) {
        return fail(words, "'allocation N of' or 'one in N of'");
    }
    if (!read_number(words, &act->number)) {
        return false;
    }
    if (act->number < 0 || !take(words, "of")) {
        return fail(words, "'of', behind a number that is not negative");
    }
    return read_node(words, &act->node);
}

/* a to N bytes; a to N descriptors. */
static bool read_limit(struct words *words, tr_act *act)
{
    if (!read_node(words, &act->node)) {
        return false;
    }
    if (!take(words, "to")) {
        return fail(words, "'to N bytes' or 'to N descriptors'");
    }
    if (!read_number(words, &act->number)) {
        return false;
    }
    if (act->number >= 0 && take(words, "descriptors")) {
        act->deed = TR_DEED_LIMIT_DESCRIPTORS;
        return true;
    }
    return take(words, "bytes") || fail(words, "'bytes' or 'descriptors'");
}

/* N percent; N ppm. */
static bool read_share(struct words *words, tr_act *act)
{
    if (!read_number(words, &act->number)) {
        return false;
    }
    const int64_t one = is(words, "percent") ? 10000 : 1;
    if ((!is(words, "percent") && !is(words, "ppm")) || act->number < 0 ||
        act->number > 1000000 / one) {
        return fail(words, "percent or ppm, behind a number from 0 to all");
    }
    act->number *= one;
    next(words);
    return true;
}

/* N of them, as many as can be counted. */
static bool read_amount(struct words *words, tr_act *act, const char *unit, const char *expected)
{
    if (act->number < 1 || act->number > INT32_MAX || !take(words, unit)) {
        return fail(words, expected);
    }
    return true;
}

static bool read_of_pair(struct words *words, tr_act *act)
{
    return take(words, "of") ? read_pair(words, act) : fail(words, "'of'");
}

static bool read_loss(struct words *words, tr_act *act)
{
    act->trait = TR_WIRE_LOSS;
    return read_share(words, act) && read_of_pair(words, act);
}

static bool read_repetition(struct words *words, tr_act *act)
{
    act->trait = TR_WIRE_REPETITION;
    return read_share(words, act) && read_of_pair(words, act);
}

static bool read_reordering(struct words *words, tr_act *act)
{
    act->trait = TR_WIRE_REORDERING;
    return read_share(words, act) && read_of_pair(words, act);
}

/* a from b by T to T. */
static bool read_delay(struct words *words, tr_act *act)
{
    uint64_t least_ns = 0;
    act->trait = TR_WIRE_DELAY;
    if (!read_pair(words, act)) {
        return false;
    }
    if (!take(words, "by")) {
        return fail(words, "'by T' or 'by T to T'");
    }
    if (!read_time(words, &least_ns)) {
        return false;
    }
    uint64_t most_ns = least_ns;
    if (take(words, "to") && !read_time(words, &most_ns)) {
        return false;
    }
    if (least_ns == 0 || most_ns < least_ns) {
        return fail(words, "times above 0 before it, the longer one last");
    }
    act->number = (int64_t) least_ns;
    act->most = (int64_t) most_ns;
    return true;
}

/* N bytes of a from b. */
static bool read_speed(struct words *words, tr_act *act)
{
    act->trait = TR_WIRE_SPEED;
    return read_number(words, &act->number) &&
           read_amount(words, act, "bytes", "'bytes', behind a number above 0") &&
           read_of_pair(words, act);
}

/* N frames of a from b; N bytes of a from b. */
static bool read_queue(struct words *words, tr_act *act)
{
    if (!read_number(words, &act->number)) {
        return false;
    }
    act->trait = is(words, "frames") ? TR_WIRE_QUEUE_FRAMES : TR_WIRE_QUEUE_BYTES;
    return read_amount(words, act, is(words, "frames") ? "frames" : "bytes",
                       "'frames' or 'bytes', behind a number above 0") &&
           read_of_pair(words, act);
}

static bool read_one(struct words *words, tr_act *act)
{
    return read_node(words, &act->node);
}

static const struct {
    const char *name;
    tr_deed deed;
    bool (*read)(struct words *words, tr_act *act);
} verbs[] = {
    {"cut", TR_DEED_CUT, read_pair},
    {"heal", TR_DEED_HEAL, read_pair},
    {"crash", TR_DEED_CRASH, read_one},
    {"drop", TR_DEED_DROP, read_one},
    {"start", TR_DEED_START, read_one},
    {"stall", TR_DEED_STALL, read_one},
    {"skew", TR_DEED_SKEW, read_skew},
    {"fail", TR_DEED_FAIL_NTH, read_failure},
    {"limit", TR_DEED_LIMIT, read_limit},
    {"lose", TR_DEED_SHAPE, read_loss},
    {"repeat", TR_DEED_SHAPE, read_repetition},
    {"reorder", TR_DEED_SHAPE, read_reordering},
    {"delay", TR_DEED_SHAPE, read_delay},
    {"pass", TR_DEED_SHAPE, read_speed},
    {"queue", TR_DEED_SHAPE, read_queue},
};

static bool read_deed(struct words *words, tr_act *act)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (take(words, verbs[i].name)) {
            act->deed = verbs[i].deed;
            return verbs[i].read(words, act);
        }
    }
    return fail(
        words,
        "cut, heal, crash, drop, start, stall, skew, fail, limit, lose, repeat, reorder, delay, "
        "pass or queue");
}

bool tr_plan_text_read(tr_plan *plan, const char *line, tr_act *out_act, bool *out_is_empty)
{
    struct words words = {.plan = plan, .line = line, .rest = line};
    *out_act = (tr_act) {0};
    next(&words);
    *out_is_empty = words.word[0] == '\0';
    if (*out_is_empty) {
        return true;
    }
    if (take(&words, "at") && !read_time(&words, &out_act->date.due_ns)) {
        return false;
    }
    if (!read_deed(&words, out_act)) {
        return false;
    }
    if (take(&words, "for") && !read_time(&words, &out_act->for_ns)) {
        return false;
    }
    if (out_act->deed == TR_DEED_STALL && out_act->for_ns == 0) {
        return fail(&words, "'for T'");
    }
    return words.word[0] == '\0' || fail(&words, "the end of the line");
}

/* Writing. */

/* A time in the largest unit in which it is whole. */
static const char *print_time(uint64_t ns, char *out, size_t size)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
    size_t i = 0;
    while (ns % units[i].ns != 0) {
        i++;
    }
    (void) snprintf(out, size, "%llu %s", (unsigned long long) (ns / units[i].ns), units[i].name);
    return out;
}

static const char *verb_of(tr_deed deed, tr_wire_trait trait)
{
    static const char *const shaping[TR_WIRE_TRAITS] = {
        [TR_WIRE_DELAY] = "delay",       [TR_WIRE_LOSS] = "lose",
        [TR_WIRE_REPETITION] = "repeat", [TR_WIRE_REORDERING] = "reorder",
        [TR_WIRE_SPEED] = "pass",        [TR_WIRE_QUEUE_FRAMES] = "queue",
        [TR_WIRE_QUEUE_BYTES] = "queue",
    };
    if (deed == TR_DEED_SHAPE) {
        return shaping[trait];
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (verbs[i].deed == deed) {
            return verbs[i].name;
        }
    }
    return deed == TR_DEED_FAIL_ONE_IN ? "fail" : "limit"; /* those that share their verb */
}

static void print_pair(const tr_act *act, const char *node, const char *other, char *out,
                       size_t size)
{
    (void) snprintf(out, size, "%s%s%s", node,
                    other[0] == '\0'  ? ""
                    : act->is_one_way ? " to "
                                      : " from ",
                    other);
}

static void print_shape(const tr_act *act, const char *pair, char *out, size_t size)
{
    static const char *const units[TR_WIRE_TRAITS] = {
        [TR_WIRE_LOSS] = "ppm",
        [TR_WIRE_REPETITION] = "ppm",
        [TR_WIRE_REORDERING] = "ppm",
        [TR_WIRE_SPEED] = "bytes",
        [TR_WIRE_QUEUE_FRAMES] = "frames",
        [TR_WIRE_QUEUE_BYTES] = "bytes",
    };
    char least[32];
    char most[32];
    if (act->trait == TR_WIRE_DELAY) {
        (void) snprintf(out, size, "%s by %s to %s", pair,
                        print_time((uint64_t) act->number, least, sizeof least),
                        print_time((uint64_t) act->most, most, sizeof most));
    } else {
        (void) snprintf(out, size, "%lld %s of %s", (long long) act->number, units[act->trait],
                        pair);
    }
}

/* What stands behind the verb. */
static void print_object(const tr_act *act, const char *node, const char *other, char *out,
                         size_t size)
{
    const long long number = (long long) act->number;
    char time[32];
    char pair[150];
    switch (act->deed) {
    case TR_DEED_FAIL_NTH:
        (void) snprintf(out, size, "allocation %lld of %s", number, node);
        break;
    case TR_DEED_FAIL_ONE_IN:
        (void) snprintf(out, size, "one in %lld of %s", number, node);
        break;
    case TR_DEED_LIMIT:
        (void) snprintf(out, size, "%s to %lld bytes", node, number);
        break;
    case TR_DEED_LIMIT_DESCRIPTORS:
    case TR_DEED_UNLIMIT:
        (void) snprintf(out, size, "%s to %lld descriptors", node, number);
        break;
    case TR_DEED_SKEW:
        if (act->for_ns != 0) {
            (void) snprintf(out, size, "%s ahead %s", node,
                            print_time(act->for_ns, time, sizeof time));
        } else {
            (void) snprintf(out, size, "%s by %lld ppm", node, number);
        }
        break;
    case TR_DEED_CUT:
    case TR_DEED_HEAL:
    case TR_DEED_CRASH:
    case TR_DEED_DROP:
    case TR_DEED_START:
    case TR_DEED_STALL:
        print_pair(act, node, other, out, size);
        break;
    case TR_DEED_SHAPE:
    case TR_DEED_UNSHAPE:
        print_pair(act, node, other, pair, sizeof pair);
        print_shape(act, pair, out, size);
        break;
    }
}

void tr_plan_text_write(const tr_act *act, const char *(*name)(void *context, uint32_t node),
                        void *context, char *out, size_t size)
{
    const bool is_pair =
        act->deed == TR_DEED_CUT || act->deed == TR_DEED_HEAL || act->deed == TR_DEED_SHAPE;
    const bool has_for = act->for_ns != 0 && act->deed != TR_DEED_SKEW;
    char object[200];
    char at[32];
    char lasting[32];
    print_object(act, act->node != TR_PLAN_ALL ? name(context, act->node) : "all",
                 is_pair && act->other != TR_PLAN_ALL ? name(context, act->other) : "", object,
                 sizeof object);
    (void) snprintf(out, size, "at %s %s %s%s%s", print_time(act->date.due_ns, at, sizeof at),
                    verb_of(act->deed, act->trait), object, has_for ? " for " : "",
                    has_for ? print_time(act->for_ns, lasting, sizeof lasting) : "");
}
