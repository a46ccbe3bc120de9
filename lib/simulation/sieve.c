/* SPDX-License-Identifier: MIT */
#include "simulation/sieve.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define MS UINT64_C(1000000)

/* The place of a fault's bit. */
static uint64_t bit_of(uint64_t number)
{
    TR_ASSERT(number != 0);
    return (number < TR_FAULTS_LAST ? number : TR_FAULTS_LAST) - 1;
}

void tr_fault_set_put(tr_fault_set *set, uint64_t number)
{
    const uint64_t bit = bit_of(number);
    set->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

void tr_fault_set_remove(tr_fault_set *set, uint64_t number)
{
    const uint64_t bit = bit_of(number);
    set->bits[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

bool tr_fault_set_has(const tr_fault_set *set, uint64_t number)
{
    const uint64_t bit = bit_of(number);
    return (set->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

uint32_t tr_fault_set_count(const tr_fault_set *set)
{
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof set->bits / sizeof set->bits[0]; i++) {
        count += (uint32_t) __builtin_popcountll(set->bits[i]);
    }
    return count;
}

bool tr_sieve_keeps(const tr_sieve *sieve, uint64_t fault)
{
    return !sieve->has_faults || tr_fault_set_has(&sieve->faults, fault);
}

/* Text that grows behind what is there. */
struct text {
    char *out;
    size_t size;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static bool add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(text->out + text->length, text->size - text->length, format, arguments);
    va_end(arguments);
    const bool fits = length >= 0 && (size_t) length < text->size - text->length;
    text->length += fits ? (size_t) length : 0;
    return fits;
}

/* "3", "3,4", "3-5", or "3-" for all from there on. */
static bool add_range(struct text *text, const char *before, uint64_t first, uint64_t last)
{
    if (last == TR_FAULTS_LAST) {
        return add(text, "%s%" PRIu64 "-", before, first);
    }
    return add(text, "%s%" PRIu64, before, first) &&
           (last == first || add(text, last == first + 1 ? ",%" PRIu64 : "-%" PRIu64, last));
}

static bool add_faults(struct text *text, const tr_fault_set *set)
{
    const char *before = "TROUPE_FAULTS=";
    bool fits = true;
    for (uint64_t i = 1; i <= TR_FAULTS_LAST && fits; i++) {
        uint64_t last = i;
        if (!tr_fault_set_has(set, i)) {
            continue;
        }
        while (last < TR_FAULTS_LAST && tr_fault_set_has(set, last + 1)) {
            last++;
        }
        fits = add_range(text, before, i, last);
        i = last;
        before = ",";
    }
    return fits && (before[0] == ',' || add(text, "TROUPE_FAULTS=none"));
}

bool tr_sieve_print(const tr_sieve *sieve, char *out, size_t size)
{
    struct text text = {.out = out, .size = size};
    bool fits = add(&text, "%s", "");
    if (fits && sieve->has_faults) {
        fits = add_faults(&text, &sieve->faults);
    }
    if (fits && sieve->nodes != 0) {
        fits = add(&text, "%sTROUPE_NODES=%" PRIu32, text.length > 0 ? " " : "", sieve->nodes);
    }
    if (fits && sieve->course != 0) {
        fits = add(&text, "%sTROUPE_COURSE=%" PRIu32, text.length > 0 ? " " : "", sieve->course);
    }
    if (fits && sieve->end_ns != 0) {
        fits =
            add(&text, "%sTROUPE_END_MS=%" PRIu64, text.length > 0 ? " " : "", sieve->end_ns / MS);
    }
    return fits;
}

bool tr_sieve_read_number(const char **text, uint64_t *out_number)
{
    uint64_t number = 0;
    const char *at = *text;
    while (*at >= '0' && *at <= '9') {
        const uint64_t digit = (uint64_t) (*at++ - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = 10 * number + digit;
    }
    const bool is_one = at != *text;
    *out_number = number;
    *text = at;
    return is_one;
}

/* A number or a range, put into the set. */
static bool read_range(const char **text, tr_fault_set *set)
{
    uint64_t first = 0;
    if (!tr_sieve_read_number(text, &first) || first == 0) {
        return false;
    }
    uint64_t last = first;
    if (**text == '-') {
        ++*text;
        last = UINT64_MAX;
        if (**text != '\0' && **text != ',' && !tr_sieve_read_number(text, &last)) {
            return false;
        }
    }
    for (uint64_t i = first; i <= last && i < TR_FAULTS_LAST; i++) {
        tr_fault_set_put(set, i);
    }
    if (last >= TR_FAULTS_LAST) {
        tr_fault_set_put(set, TR_FAULTS_LAST);
    }
    return last >= first;
}

bool tr_sieve_read_faults(tr_sieve *sieve, const char *text)
{
    sieve->has_faults = true;
    sieve->faults = (tr_fault_set) {0};
    if (strcmp(text, "none") == 0) {
        return true;
    }
    for (;;) {
        if (!read_range(&text, &sieve->faults)) {
            return false;
        }
        if (*text != ',') {
            return *text == '\0';
        }
        text++;
    }
}
