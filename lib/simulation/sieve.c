/* SPDX-License-Identifier: MIT */
#include "simulation/sieve.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

static bool is_in_range(uint64_t number)
{
    return number >= 1 && number <= TR_FAULTS_MAX;
}

void tr_fault_set_put(tr_fault_set *set, uint64_t number)
{
    if (is_in_range(number)) {
        set->bits[(number - 1) / 64] |= UINT64_C(1) << ((number - 1) % 64);
    }
}

void tr_fault_set_remove(tr_fault_set *set, uint64_t number)
{
    if (is_in_range(number)) {
        set->bits[(number - 1) / 64] &= ~(UINT64_C(1) << ((number - 1) % 64));
    }
}

bool tr_fault_set_has(const tr_fault_set *set, uint64_t number)
{
    return is_in_range(number) && (set->bits[(number - 1) / 64] >> ((number - 1) % 64) & 1) != 0;
}

uint32_t tr_fault_set_count(const tr_fault_set *set)
{
    uint32_t count = 0;
    for (uint64_t i = 1; i <= TR_FAULTS_MAX; i++) {
        count += tr_fault_set_has(set, i) ? 1 : 0;
    }
    return count;
}

bool tr_sieve_keeps(const tr_sieve *sieve, uint64_t fault)
{
    return !sieve->has_faults || !is_in_range(fault) || tr_fault_set_has(&sieve->faults, fault);
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

static bool add_faults(struct text *text, const tr_fault_set *set)
{
    const char *before = "TROUPE_FAULTS=";
    bool fits = true;
    for (uint64_t i = 1; i <= TR_FAULTS_MAX && fits; i++) {
        uint64_t last = i;
        if (!tr_fault_set_has(set, i)) {
            continue;
        }
        while (tr_fault_set_has(set, last + 1)) {
            last++;
        }
        fits = add(text, "%s%" PRIu64, before, i) &&
               (last == i || add(text, last == i + 1 ? ",%" PRIu64 : "-%" PRIu64, last));
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

static bool read_number(const char **text, uint64_t *out_number)
{
    char *end = NULL;
    if (**text < '0' || **text > '9') {
        return false;
    }
    *out_number = strtoull(*text, &end, 10);
    *text = end;
    return is_in_range(*out_number);
}

bool tr_sieve_read_faults(tr_sieve *sieve, const char *text)
{
    sieve->has_faults = true;
    sieve->faults = (tr_fault_set) {0};
    if (strcmp(text, "none") == 0) {
        return true;
    }
    for (;;) {
        uint64_t first = 0;
        if (!read_number(&text, &first)) {
            return false;
        }
        uint64_t last = first;
        if (*text == '-') {
            text++;
            if (!read_number(&text, &last) || last < first) {
                return false;
            }
        }
        for (uint64_t i = first; i <= last; i++) {
            tr_fault_set_put(&sieve->faults, i);
        }
        if (*text != ',') {
            return *text == '\0';
        }
        text++;
    }
}
