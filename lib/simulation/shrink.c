/* SPDX-License-Identifier: MIT */
#include "simulation/shrink.h"

/* Other courses of chance that are tried for each. */
#define COURSES 8

#define MS UINT64_C(1000000)

struct search {
    const tr_shrinker *shrinker;
    tr_sieve *sieve;
    tr_failing *failing;
    uint32_t runs;
    uint32_t courses;
};

static bool may_go_on(const struct search *search)
{
    const tr_shrinker *shrinker = search->shrinker;
    return search->runs < shrinker->runs_max &&
           (shrinker->is_over == NULL || !shrinker->is_over(shrinker->context));
}

/* Whether a run that fails has no more than the one at hand: left out, something may bring more. */
static bool is_no_larger(const tr_failing *failing, const tr_failing *other)
{
    return failing->nodes <= other->nodes &&
           tr_fault_set_count(&failing->faults) <= tr_fault_set_count(&other->faults);
}

/* Takes over what the candidate's run had if it fails and has no more than the one at hand. */
static bool attempt_one(struct search *search, const tr_sieve *candidate)
{
    tr_failing failing = {0};
    if (!may_go_on(search)) {
        return false;
    }
    search->runs++;
    if (!search->shrinker->fails(search->shrinker->context, candidate, &failing) ||
        !is_no_larger(&failing, search->failing)) {
        return false;
    }
    *search->sieve = *candidate;
    *search->failing = failing;
    if (candidate->has_faults) {
        search->sieve->faults = failing.faults; /* the others have not come to happen */
    }
    return true;
}

/* The course at hand first, then others. */
static bool attempt(struct search *search, tr_sieve *candidate)
{
    bool is_taken = attempt_one(search, candidate);
    for (uint32_t i = 1; i <= search->courses && !is_taken && may_go_on(search); i++) {
        candidate->course = search->sieve->course + i;
        candidate->nodes = candidate->nodes != 0 ? candidate->nodes : search->failing->nodes;
        is_taken = attempt_one(search, candidate);
    }
    return is_taken;
}

/* The fewest first, then half way up to what there are. */
static void shrink_nodes(struct search *search)
{
    uint32_t nodes = search->failing->nodes_least;
    while (nodes < search->failing->nodes && may_go_on(search)) {
        tr_sieve candidate = *search->sieve;
        candidate.nodes = nodes;
        if (attempt(search, &candidate)) {
            return;
        }
        nodes += (search->failing->nodes - nodes + 1) / 2;
    }
}

/* Goes through the faults once, leaving out `size` of them at a time. True if any stays out. */
static bool drop_in_groups(struct search *search, uint32_t size)
{
    bool has_dropped = false;
    uint64_t from = 1;
    while (from <= TR_FAULTS_LAST && may_go_on(search)) {
        tr_sieve candidate = *search->sieve;
        uint32_t count = 0;
        candidate.has_faults = true;
        candidate.faults = search->failing->faults;
        while (from <= TR_FAULTS_LAST && count < size) {
            count += tr_fault_set_has(&candidate.faults, from) ? 1 : 0;
            tr_fault_set_remove(&candidate.faults, from++);
        }
        has_dropped = (count > 0 && attempt(search, &candidate)) || has_dropped;
    }
    return has_dropped;
}

static void shrink_faults(struct search *search)
{
    uint32_t size = tr_fault_set_count(&search->failing->faults);
    while (size > 0 && may_go_on(search)) {
        const bool has_dropped = drop_in_groups(search, size);
        const uint32_t left = tr_fault_set_count(&search->failing->faults);
        if (left == 0) {
            return;
        }
        if (size > 1) {
            size = (size < left ? size : left + 1) / 2;
            size = size > 0 ? size : 1;
        } else {
            size = has_dropped ? 1 : 0;
        }
    }
}

/* Half way between what is too early and what is not, until it is near enough. */
static void shrink_time(struct search *search)
{
    uint64_t low_ms = 0;
    uint64_t high_ms = search->failing->ran_ns / MS;
    while (high_ms - low_ms > 1 + high_ms / 8 && may_go_on(search)) {
        const uint64_t middle_ms = low_ms + (high_ms - low_ms) / 2;
        tr_sieve candidate = *search->sieve;
        candidate.end_ns = middle_ms * MS;
        if (attempt(search, &candidate)) {
            high_ms = middle_ms;
        } else {
            low_ms = middle_ms;
        }
    }
}

uint32_t tr_shrink(const tr_shrinker *shrinker, tr_sieve *sieve, tr_failing *failing)
{
    struct search search = {.shrinker = shrinker, .sieve = sieve, .failing = failing};
    shrink_nodes(&search);
    shrink_faults(&search);
    shrink_time(&search);
    search.courses = COURSES;
    shrink_nodes(&search);
    shrink_faults(&search);
    shrink_nodes(&search); /* fewer may do with fewer faults */
    shrink_time(&search);
    return search.runs;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool tr_shrink_is_like(const char *fault, const char *other)
{
    while (*fault != '\0' || *other != '\0') {
        const bool have_numbers = is_digit(*fault) && is_digit(*other);
        if (have_numbers) {
            while (is_digit(*fault)) {
                fault++;
            }
            while (is_digit(*other)) {
                other++;
            }
        } else if (*fault++ != *other++) {
            return false;
        }
    }
    return true;
}
