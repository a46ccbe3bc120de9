/* SPDX-License-Identifier: MIT */
#include "cluster/rights.h"

#include <stdio.h>
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
    case TR_ENVELOPE_RING:
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
    case TR_ENVELOPE_CREDIT:
    case TR_ENVELOPE_PIECE: /* what it is part of does */
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

static const char inspection[] = "troupe.inspect.";

bool tr_rights_is_to_inspect(const char *type)
{
    return type != NULL && strncmp(type, inspection, sizeof inspection - 1) == 0;
}

uint32_t tr_rights_to_inspect(const char *type)
{
    static const struct {
        const char *type;
        uint32_t rights;
    } requests[] = {
        {"ListActors", TR_RIGHT_INSPECT},
        {"ListPeers", TR_RIGHT_INSPECT},
        {"GetStatistics", TR_RIGHT_INSPECT},
        {"Tap", TR_RIGHT_INSPECT},
        {"ListDeadLetters", TR_RIGHT_INSPECT},
        {"Say", TR_RIGHT_SEND},
        {"Stop", TR_RIGHT_SPAWN},
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (tr_rights_is_to_inspect(type) &&
            strcmp(type + sizeof inspection - 1, requests[i].type) == 0) {
            return requests[i].rights;
        }
    }
    return TR_RIGHTS_ALL;
}

void tr_rights_write(uint32_t rights, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < NAMES; i++) {
        const bool is_one = (names[i].rights & (names[i].rights - 1)) == 0;
        const bool is_meant =
            rights == TR_RIGHTS_ALL ? !is_one : is_one && (rights & names[i].rights);
        if (is_meant && used < size) {
            const int more =
                snprintf(text + used, size - used, "%s%s", used > 0 ? "," : "", names[i].name);
            used += more > 0 ? (size_t) more : 0;
        }
    }
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
