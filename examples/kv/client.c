/* SPDX-License-Identifier: MIT */
#include "kv.pb-c.h"

#include "kv.h"

#include <stdio.h>
#include <string.h>

/* For one replica, which may be down, or cut off. */
#define PATIENCE TROUPE_WITHIN_MS(20)

troupe_error kv_client_init(struct kv_client *client, troupe_self *self,
                            const struct kv_directory *directory, kv_mistake mistake)
{
    *client = (struct kv_client) {
        .directory = directory, .writer = troupe_self_random(self), .mistake = mistake};
    const troupe_error error = troupe_learn(self, &kv__entry__descriptor);
    return error ? error : troupe_learn(self, &kv__kept__descriptor);
}

static troupe_error ask(troupe_self *self, uint64_t node, const ProtobufCMessage *request,
                        troupe_message **out_reply)
{
    troupe_ref ref;
    const troupe_error error = troupe_lookup_on(self, node, "kv", PATIENCE, &ref);
    return error ? error : troupe_ask(self, ref, request, PATIENCE, out_reply);
}

static void take_newer(struct kv_value *newest, const Kv__Entry *entry)
{
    const struct kv_version version = {.counter = entry->counter, .writer = entry->writer};
    if (kv_is_newer(version, newest->version)) {
        newest->version = version;
        (void) snprintf(newest->text, sizeof newest->text, "%s", entry->value);
    }
}

/* Asks one replica after the other, beginning with any, until a majority has answered. The newest
 * of the entries that come goes to *newest, if that is not NULL. */
static troupe_error ask_majority(troupe_self *self, const struct kv_client *client,
                                 const ProtobufCMessage *request, struct kv_value *newest)
{
    const uint64_t first = troupe_self_random(self) % KV_REPLICAS;
    uint32_t answers = 0;
    for (uint64_t i = 0; i < KV_REPLICAS && answers < KV_MAJORITY; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        const uint64_t node = client->directory->nodes[(first + i) % KV_REPLICAS];
        const troupe_error error = ask(self, node, request, &reply);
        if (error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_CANCELLED) {
            return error;
        }
        if (error) {
            continue; /* the next may answer */
        }
        const Kv__Entry *entry = troupe_message_as(reply, &kv__entry__descriptor);
        if (entry != NULL && newest != NULL) {
            take_newer(newest, entry);
        }
        answers++;
    }
    return answers >= KV_MAJORITY ? TROUPE_OK : TROUPE_ERROR_UNREACHABLE;
}

static troupe_error read_majority(troupe_self *self, const struct kv_client *client,
                                  const char *key, struct kv_value *out_newest)
{
    char name[KV_TEXT_SIZE];
    Kv__Fetch fetch = KV__FETCH__INIT;
    (void) snprintf(name, sizeof name, "%s", key);
    fetch.key = name;
    *out_newest = (struct kv_value) {0};
    return ask_majority(self, client, &fetch.base, out_newest);
}

static troupe_error write_majority(troupe_self *self, const struct kv_client *client,
                                   const char *key, struct kv_value *value)
{
    char name[KV_TEXT_SIZE];
    Kv__Entry entry = KV__ENTRY__INIT;
    (void) snprintf(name, sizeof name, "%s", key);
    entry.key = name;
    entry.counter = value->version.counter;
    entry.writer = value->version.writer;
    entry.value = value->text;
    return ask_majority(self, client, &entry.base, NULL);
}

troupe_error kv_put(troupe_self *self, struct kv_client *client, const char *key, const char *text,
                    struct kv_version *out_version)
{
    struct kv_value value;
    troupe_error error = read_majority(self, client, key, &value);
    if (error) {
        return error;
    }
    /* Above its own last one too: that may have got to few, and must not be another value's. */
    client->counter =
        (value.version.counter > client->counter ? value.version.counter : client->counter) + 1;
    value.version = (struct kv_version) {.counter = client->counter, .writer = client->writer};
    (void) snprintf(value.text, sizeof value.text, "%s", text);
    *out_version = value.version;
    return write_majority(self, client, key, &value);
}

troupe_error kv_get(troupe_self *self, struct kv_client *client, const char *key,
                    struct kv_value *out_value)
{
    const troupe_error error = read_majority(self, client, key, out_value);
    if (error || out_value->version.counter == 0 || client->mistake == KV_READS_ONCE) {
        return error;
    }
    /* Its put may still be under way, or have failed: who reads after us has to find it too. */
    return write_majority(self, client, key, out_value);
}
