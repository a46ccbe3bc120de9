/* SPDX-License-Identifier: MIT */
/* test_probe: actors whose mailboxes a test reads. Part of libtroupe_simulation.
 *
 * A probe takes whatever comes to it, in the order in which it comes, and keeps it for the test.
 * What it is told to do, it does as any actor: who gets something from it sees it as the sender and
 * can answer. A request that is not answered and not destroyed stays open until its asker gives up.
 *
 * A message that the test was given belongs to it, and has to be destroyed before its probe ends
 * with its node or the kit.
 * Threads: the test's, outside any actor and check. */
#ifndef TROUPE_TEST_PROBE_H
#define TROUPE_TEST_PROBE_H

#include <troupe/message.h>
#include <troupe/monitor.h>
#include <troupe/test_kit.h>

TROUPE_BEGIN

/* A probe on a node of the simulation; by this name if it is given, so that a probe can stand for a
 * service that others look up. It lasts as long as the kit; if its node crashes it has ended, and
 * calls with it return STALE.
 * Errors: as troupe_simulation_spawn. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_probe_create(troupe_kit *kit,
                                                                         uint32_t node,
                                                                         const char *name,
                                                                         troupe_probe **out_probe);
TROUPE_SIMULATION_API troupe_ref troupe_probe_ref(const troupe_probe *probe);

/* Spawns an actor as the probe's child and runs until it has started or ended. Its end, be it that
 * of its start, comes to the probe as a troupe_down.
 * Errors: as troupe_spawn_nowait; TIMED_OUT: it has not started within its start_timeout, and is
 *         told to stop; BAD_ARGUMENT with a scope or out_monitor. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_probe_spawn(troupe_probe *probe, const troupe_spawn_options *options, troupe_ref *out_ref);

/* What is sent. */
typedef struct troupe_content {
    size_t size; /* set by the macros below */
    const ProtobufCMessage *protobuf;
    const troupe_type *type; /* of a struct or a signal, if `protobuf` is NULL */
    const void *body;        /* NULL: zeros */
    troupe_error error;      /* of a reply that is an error */
    uint32_t reserved;
} troupe_content;
#define TROUPE_CONTENT(...) (&(const troupe_content) {.size = sizeof(troupe_content), __VA_ARGS__})
#define TROUPE_STRUCT(struct_type, struct_body)                                                    \
    TROUPE_CONTENT(.type = (struct_type), .body = (struct_body))
#define TROUPE_PROTOBUF(message) TROUPE_CONTENT(.protobuf = (message))

/* What follows is done before it returns, and time goes on only if nothing can be done at this one;
 * others may run too. Errors of all: those of the call named; STALE: the probe has ended;
 * TIMED_OUT: its node does nothing for 10 s; FAILED: the run is broken. */

/* As troupe_send. Where the receiver's mailbox is full the message is parked with the probe, which
 * takes nothing in until there is room. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_probe_send(troupe_probe *probe, troupe_ref to, const troupe_content *content);
/* As troupe_ask_then. The answer comes to the probe as a message, an error as a
 * troupe_no_answer. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_probe_ask(troupe_probe *probe,
                                                                      troupe_ref to,
                                                                      const troupe_content *content,
                                                                      troupe_timeout timeout);
typedef struct troupe_no_answer {
    troupe_error error;
} troupe_no_answer;
extern TROUPE_SIMULATION_API const troupe_type troupe_no_answer_type;
/* As troupe_reply, to a request that the probe was given; ends it and sets *request to NULL. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_probe_reply(troupe_probe *probe, troupe_message **request, const troupe_content *content);
/* As troupe_forward: a probe that stands before the real one, to see what passes, or to hold back,
 * drop and reorder it. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_probe_forward(troupe_probe *probe,
                                                                          troupe_ref to,
                                                                          troupe_message **message);
/* As troupe_monitor: its end comes to the probe as a troupe_down. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_probe_watch(troupe_probe *probe,
                                                                        troupe_ref actor);
/* Ends an actor, as troupe_stop (STOPPED), troupe_cancel (CANCELLED) or troupe_kill (KILLED). */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_probe_end(troupe_probe *probe,
                                                                      troupe_ref actor,
                                                                      troupe_down_kind how);
/* Anything else that an actor may do: `errand` is run by the probe, as a handler. An error of its
 * is returned and does the probe no harm. */
typedef troupe_error troupe_errand(troupe_self *self, void *context);
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_probe_do(troupe_probe *probe,
                                                                     troupe_errand *errand,
                                                                     void *context);

/* What is expected; all that is given has to be so. */
typedef struct troupe_expected {
    size_t size; /* set by the macros below */
    const ProtobufCMessageDescriptor *protobuf;
    const troupe_type *type;
    bool (*is_right)(const troupe_message *message, void *context);
    void *context;
    uint64_t skips; /* 1: others that come first are destroyed */
} troupe_expected;

/* The next message, which has to come within that time (not given: 1 s; TROUPE_NOW: time stands
 * still) and be what is expected; the test fails if it does not or is not. */
TROUPE_SIMULATION_API troupe_message *troupe_probe_expect(troupe_probe *probe,
                                                          const troupe_expected *expected,
                                                          troupe_timeout time, const char *file,
                                                          int line);
#define troupe_expect(probe, time, ...)                                                            \
    troupe_probe_expect((probe),                                                                   \
                        &(const troupe_expected) {.size = sizeof(troupe_expected), __VA_ARGS__},   \
                        (time), __FILE__, __LINE__)
/* Whatever it is. */
#define troupe_expect_any(probe, time) troupe_expect((probe), (time), .type = NULL)
/* The next that is so; what comes before it is destroyed. */
#define troupe_fish(probe, time, ...) troupe_expect((probe), (time), .skips = 1, __VA_ARGS__)
/* How many messages are in the probe, for a test that does not know what has come. */
TROUPE_SIMULATION_API size_t troupe_probe_count(const troupe_probe *probe);
/* Nothing is there, and nothing comes while this time goes by. */
TROUPE_SIMULATION_API bool troupe_probe_expect_none(troupe_probe *probe, troupe_timeout time,
                                                    const char *file, int line);
#define troupe_expect_none(probe, time)                                                            \
    ((void) troupe_probe_expect_none((probe), (time), __FILE__, __LINE__))
/* As troupe_expect, for the end of an actor that the probe has spawned or watches. */
TROUPE_SIMULATION_API troupe_down troupe_probe_expect_down(troupe_probe *probe, troupe_ref actor,
                                                           troupe_timeout time, const char *file,
                                                           int line);
#define troupe_expect_down(probe, actor, time)                                                     \
    troupe_probe_expect_down((probe), (actor), (time), __FILE__, __LINE__)

TROUPE_END

#endif
