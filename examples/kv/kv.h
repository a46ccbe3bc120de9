/* SPDX-License-Identifier: MIT */
/* kv: a small replicated key-value store.
 *
 * Three replicas keep what they are given, each on its disk. Clients put and get by majority: what
 * two of the three have kept every later majority has one of, so no crash of one replica and no cut
 * loses what was put, and a value that was read is never followed by one that is older.
 *
 * With a mistake in it, of those that people make, for docs/testing.md: kv_test finds each. */
#ifndef EXAMPLES_KV_H
#define EXAMPLES_KV_H

#include <troupe/troupe.h>

enum {
    KV_REPLICAS = 3,
    KV_MAJORITY = 2,
    KV_TEXT_SIZE = 32 /* of keys and values */
};

typedef enum kv_mistake {
    KV_CORRECT,
    KV_ANSWERS_EARLY, /* a replica answers before what it keeps is on the disk */
    KV_READS_ONCE     /* a client believes a value before a majority has it */
} kv_mistake;

struct kv_version {
    uint64_t counter; /* 0: there is no value */
    uint64_t writer;
};

struct kv_value {
    struct kv_version version;
    char text[KV_TEXT_SIZE];
};

static inline bool kv_is_newer(struct kv_version one, struct kv_version other)
{
    return one.counter != other.counter ? one.counter > other.counter : one.writer > other.writer;
}

/* Where a replica keeps its values: files in production, the simulated disk under test. A write of
 * one value comes whole or not at all; it is lasting when sync has returned. */
struct kv_disk {
    troupe_error (*write)(void *context, const char *key, const struct kv_value *value);
    troupe_error (*sync)(void *context, const char *key);
    void (*read)(void *context, const char *key, struct kv_value *out_value); /* zeros: none */
    void *context;
};

/* The argument of an actor. */
struct kv_replica {
    struct kv_disk disk;
    kv_mistake mistake;
};

/* The body of a replica, which its node names "kv". */
troupe_error kv_replica(troupe_self *self, void *argument);

/* Where the replicas are just now. */
struct kv_directory {
    uint64_t nodes[KV_REPLICAS];
};

struct kv_client {
    const struct kv_directory *directory;
    uint64_t writer; /* nobody else's, ever */
    uint64_t counter;
    kv_mistake mistake;
};

troupe_error kv_client_init(struct kv_client *client, troupe_self *self,
                            const struct kv_directory *directory, kv_mistake mistake);

/* An error of either: too few replicas have answered in time; of a put nobody knows then whether it
 * has happened. */
troupe_error kv_put(troupe_self *self, struct kv_client *client, const char *key, const char *text,
                    struct kv_version *out_version);
troupe_error kv_get(troupe_self *self, struct kv_client *client, const char *key,
                    struct kv_value *out_value);

#endif
