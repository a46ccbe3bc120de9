/* SPDX-License-Identifier: MIT */
#include "cluster/rights.h"

#include <string.h>

static const struct {
    const char *name;
    uint32_t rights;
} names[] = {
    {"send", TR_RIGHT_SEND},       {"monitor", TR_RIGHT_MONITOR}, {"spawn", TR_RIGHT_SPAWN},
    {"inspect", TR_RIGHT_INSPECT}, {"all", TR_RIGHTS_ALL},
};

#define NAMES (sizeof names / sizeof names[0])

uint32_t tr_rights_for(tr_envelope_kind kind)
{
    switch (kind) {
    case TR_ENVELOPE_TELL:
    case TR_ENVELOPE_ASK:
        return TR_RIGHT_SEND;
    case TR_ENVELOPE_MONITOR:
        return TR_RIGHT_MONITOR;
    case TR_ENVELOPE_LINK: /* by its own failure it can end an actor here */
        return TR_RIGHT_MONITOR | TR_RIGHT_SPAWN;
    case TR_ENVELOPE_SIGNAL:
    case TR_ENVELOPE_SPAWN:
        return TR_RIGHT_SPAWN;
    case TR_ENVELOPE_REPLY:
    case TR_ENVELOPE_CANCEL:
    case TR_ENVELOPE_DEMONITOR:
    case TR_ENVELOPE_DOWN:
    case TR_ENVELOPE_LOOKUP:
    case TR_ENVELOPE_EXIT:
    case TR_ENVELOPE_SPAWNED:
        break;
    }
    return 0;
}

const char *tr_right_name(uint32_t right)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (names[i].rights == right) {
            return names[i].name;
        }
    }
    return "none";
}

/* 0: there is none of that name. */
static uint32_t find(const char *name, size_t length)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0) {
            return names[i].rights;
        }
    }
    return 0;
}

bool tr_rights_read(const char *text, uint32_t *out_rights)
{
    uint32_t rights = 0;
    for (;;) {
        const size_t length = strcspn(text, ",");
        const uint32_t more = find(text, length);
        if (more == 0) {
            return false;
        }
        rights |= more;
        if (text[length] == '\0') {
            *out_rights = rights;
            return true;
        }
        text += length + 1;
    }
}
