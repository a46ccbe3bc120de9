/* SPDX-License-Identifier: MIT */
#include "simulation/environment.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"

#define MS UINT64_C(1000000)

static const char *value_of(const char *name)
{
    return getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
}

/* A variable whose value is a number. */
struct variable {
    const char *name;
    uint64_t least;
    uint64_t most;
};

/* Leaves *number as it is if there is no such variable. */
static bool read_number(const struct variable *variable, const troupe_log *log, bool *out_is_there,
                        uint64_t *number)
{
    const char *value = value_of(variable->name);
    const char *end = value;
    uint64_t read = 0;
    *out_is_there = value != NULL;
    if (value == NULL) {
        return true;
    }
    if (!tr_sieve_read_number(&end, &read) || *end != '\0' || read < variable->least ||
        read > variable->most) {
        tr_log_write(log, TROUPE_LOG_ERROR,
                     "%s is '%.100s'; there should be a whole number from %" PRIu64 " to %" PRIu64,
                     variable->name, value, variable->least, variable->most);
        return false;
    }
    *number = read;
    return true;
}

static bool read_faults(tr_repetition *repetition, const troupe_log *log)
{
    const char *value = value_of("TROUPE_FAULTS");
    if (value != NULL && !tr_sieve_read_faults(&repetition->sieve, value)) {
        tr_log_write(log, TROUPE_LOG_ERROR,
                     "TROUPE_FAULTS is '%.100s'; there should be 'none', or numbers of faults from "
                     "1, as 3,7-9 or 5- for all from 5 on",
                     value);
        return false;
    }
    return true;
}

bool tr_environment_read(tr_repetition *out_repetition, const troupe_log *log)
{
    static const struct variable seed = {"TROUPE_SEED", 0, UINT64_MAX};
    static const struct variable nodes = {"TROUPE_NODES", 1, UINT32_MAX};
    static const struct variable course = {"TROUPE_COURSE", 1, UINT32_MAX};
    static const struct variable end_ms = {"TROUPE_END_MS", 1, UINT64_MAX / MS};
    tr_repetition *repetition = out_repetition;
    bool has_nodes = false;
    bool has_course = false;
    bool has_end = false;
    uint64_t nodes_said = 0;
    uint64_t course_said = 0;
    uint64_t end_said_ms = 0;
    *repetition = (tr_repetition) {0};
    if (!read_number(&seed, log, &repetition->has_seed, &repetition->seed) ||
        !read_number(&nodes, log, &has_nodes, &nodes_said) ||
        !read_number(&course, log, &has_course, &course_said) ||
        !read_number(&end_ms, log, &has_end, &end_said_ms) || !read_faults(repetition, log)) {
        return false;
    }
    repetition->sieve.nodes = (uint32_t) nodes_said;
    repetition->sieve.course = (uint32_t) course_said;
    repetition->sieve.end_ns = end_said_ms * MS;
    repetition->has_sieve = has_nodes || has_course || has_end || repetition->sieve.has_faults;
    return true;
}
