/* SPDX-License-Identifier: MIT */
#include "kv.pb-c.h"

#include "kv.h"

#include <stdio.h>
#include <string.h>

static troupe_error fetch(troupe_self *self, const struct kv_replica *replica,
                          troupe_message *request, const Kv__Fetch *body)
{
    struct kv_value value;
    replica->disk.read(replica->disk.context, body->key, &value);
    Kv__Entry entry = KV__ENTRY__INIT;
    entry.key = body->key;
    entry.counter = value.version.counter;
    entry.writer = value.version.writer;
    entry.value = value.text;
    return troupe_reply(self, request, &entry.base);
}

/* An older version is there already, in a way: a newer one has taken its place. */
static troupe_error keep(const struct kv_replica *replica, const Kv__Entry *entry)
{
    const struct kv_disk *disk = &replica->disk;
    struct kv_value held;
    struct kv_value value = {.version = {.counter = entry->counter, .writer = entry->writer}};
    (void) snprintf(value.text, sizeof value.text, "%s", entry->value);
    disk->read(disk->context, entry->key, &held);
    if (kv_is_newer(value.version, held.version)) {
        const troupe_error error = disk->write(disk->context, entry->key, &value);
        if (error) {
            return error;
        }
    }
    if (replica->mistake == KV_ANSWERS_EARLY) {
        return TROUPE_OK; /* the system writes it some time */
    }
    /* Also of what is held: who kept it may not have synced it yet. */
    return disk->sync(disk->context, entry->key);
}

static troupe_error answer(troupe_self *self, const struct kv_replica *replica,
                           troupe_message *request)
{
    const Kv__Fetch *wanted = troupe_message_as(request, &kv__fetch__descriptor);
    if (wanted != NULL) {
        return fetch(self, replica, request, wanted);
    }
    const Kv__Entry *entry = troupe_message_as(request, &kv__entry__descriptor);
    if (entry == NULL) {
        return TROUPE_OK;
    }
    const troupe_error error = keep(replica, entry);
    if (error) {
        return troupe_reply_error(self, request, error);
    }
    const Kv__Kept kept = KV__KEPT__INIT;
    return troupe_reply(self, request, &kept.base);
}

troupe_error kv_replica(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(self, &kv__fetch__descriptor);
    error = error ? error : troupe_learn(self, &kv__entry__descriptor);
    while (!error && (error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        error = answer(self, argument, message);
    }
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}
