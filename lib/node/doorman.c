/* SPDX-License-Identifier: MIT */
#include "node/doorman.h"

#include <string.h>

#include "base/log.h"
#include "base/map.h"

bool tr_doorman_admits(tr_doorman *doorman, const char *key, const char *address)
{
    if (doorman->allowed != NULL && tr_allowed_find(doorman->allowed, key) != NULL) {
        return true;
    }
    if (++doorman->strangers <= TR_STRANGERS_TOLD) {
        tr_log_write(doorman->log, TROUPE_LOG_WARNING,
                     "node '%s': refuses who dials from %s: its key %s is not allowed%s",
                     doorman->node_name, address, key,
                     doorman->strangers == TR_STRANGERS_TOLD
                         ? "; of more than these ten nothing is said"
                         : "");
    }
    return false;
}

static const tr_allowed_key *find(const tr_doorman *doorman, tr_guest_key guest)
{
    return guest.key != NULL ? tr_allowed_find(doorman->allowed, guest.key) : NULL;
}

bool tr_doorman_lets_stay(const tr_doorman *doorman, tr_guest_key guest)
{
    return doorman->allowed == NULL || guest.is_dialled || guest.is_local ||
           find(doorman, guest) != NULL;
}

uint64_t tr_doorman_owner(tr_guest_key guest)
{
    const char *key = guest.key != NULL ? guest.key : "";
    return tr_hash_bytes(key, strlen(key)) | 1; /* 0 is nobody */
}

tr_rights tr_doorman_rights(const tr_doorman *doorman, tr_guest_key guest)
{
    const tr_rights all = {.granted = TR_RIGHTS_ALL};
    if (doorman->allowed == NULL || guest.key == NULL || guest.is_local) {
        return all;
    }
    const tr_allowed_key *found = find(doorman, guest);
    if (found != NULL) {
        return (tr_rights) {.granted = found->rights,
                            .who = found->name[0] != '\0' ? found->name : NULL};
    }
    return guest.is_dialled && !doorman->allowed->is_from_file ? all : (tr_rights) {.granted = 0};
}
