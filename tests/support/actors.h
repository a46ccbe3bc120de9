/* SPDX-License-Identifier: MIT */
/* actors: messages and actors that many tests of the core need, and looks into mailboxes.
 *
 * A receiver that pauses takes nothing until the test lets virtual time pass, so that what is sent
 * to it meets a mailbox that fills.
 * Threads: as probe.h. */
#ifndef TR_TESTS_SUPPORT_ACTORS_H
#define TR_TESTS_SUPPORT_ACTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/troupe.h>

#include "simulation/world.h"
#include "support/probe.h"

#define MS UINT64_C(1000000)

extern const troupe_type item_type;  /* a uint64_t */
extern const troupe_type extra_type; /* another uint64_t */
extern const troupe_type bulk_type;  /* raw bytes */

troupe_error make_item(troupe_self *self, uint64_t number, troupe_message **out_message);
troupe_error make_extra(troupe_self *self, uint64_t number, troupe_message **out_message);
/* `size` bytes that are not copied. At most BULK_MAX. */
troupe_error make_bulk(troupe_self *self, size_t size, troupe_message **out_message);
#define BULK_MAX ((size_t) 8 << 20)

/* Make one and send it; `options` may be NULL. What is refused is destroyed. */
troupe_error send_item(troupe_self *self, troupe_ref to, uint64_t number,
                       const troupe_send_options *options);
troupe_error send_extra(troupe_self *self, troupe_ref to, uint64_t number,
                        const troupe_send_options *options);
troupe_error send_bulk(troupe_self *self, troupe_ref to, size_t size,
                       const troupe_send_options *options);

/* The number in either type, or the size of a bulk; UINT64_MAX of anything else. */
uint64_t item_of(const troupe_message *message);

/* "what NAME". */
void say_error(struct probe *seen, const char *what, troupe_error error);

/* Says each number it receives, and when it ends: "end NAME". */
struct receiver {
    struct probe *seen; /* NULL: says nothing */
    uint64_t pause_ms;  /* before the first message */
    uint64_t each_ms;   /* after each message */
    uint64_t count;     /* received so far */
};
troupe_error receiver_body(troupe_self *self, void *argument);

/* What a test's own body needs, as its argument. */
struct script {
    struct probe *seen;
    troupe_ref to;
    troupe_ref other;
    uint64_t count;
    const troupe_send_options *options;
};

/* Sends the numbers from 1 to count; says "N NAME" of those that fail and "N dropped". */
troupe_error sender_body(troupe_self *self, void *argument);

/* Looks into the world. */
tr_slot *slot_of(const tr_world *world, troupe_ref ref);
uint32_t depth_of(const tr_world *world, troupe_ref ref);
uint64_t bytes_of(const tr_world *world, troupe_ref ref);
bool is_waiting_flag_set(const tr_world *world, troupe_ref ref);

/* For tr_world_until, with the world: whether a mailbox holds more than it may. */
bool a_bound_is_broken(void *world);

/* Runs for so long and asserts that no bound is broken on the way. */
void advance_within_bounds(tr_world *world, uint64_t ns);

#endif
