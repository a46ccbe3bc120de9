/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <troupe/error.h>

struct entry {
    const char *name;
    const char *text;
    troupe_outcome_known outcome;
};

/* By value; there are no gaps between 0 and the last code. */
/* clang-format off */
static const struct entry entries[] = {
    [TROUPE_OK] = {"OK", "success", TROUPE_OUTCOME_NOT_EXECUTED},
#define ENTRY(name, value, outcome, text) [value] = {#name, text, TROUPE_OUTCOME_##outcome},
    TROUPE_ERRORS(ENTRY)
#undef ENTRY
};
/* clang-format on */

static const struct entry of_the_program = {"USER", "an error of the program's own",
                                            TROUPE_OUTCOME_UNKNOWN};

/* A newer library on another node may send codes that this one has no words for. */
static const struct entry unknown = {"UNKNOWN", "an error that this version does not know",
                                     TROUPE_OUTCOME_UNKNOWN};

static const struct entry *entry_of(troupe_error error)
{
    const size_t value = (size_t) error;
    if (value >= TROUPE_ERROR_USER) {
        return &of_the_program;
    }
    return value < sizeof entries / sizeof entries[0] ? &entries[value] : &unknown;
}

const char *troupe_error_text(troupe_error error)
{
    return entry_of(error)->text;
}

const char *troupe_error_name(troupe_error error)
{
    return entry_of(error)->name;
}

troupe_outcome_known troupe_error_outcome(troupe_error error)
{
    return entry_of(error)->outcome;
}
