/* SPDX-License-Identifier: MIT */
#include "node/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/names.h"
#include "node/crew.h"
#include "node/inspect.h"

/* A worker that has not ended its turn by then is stuck, for the purpose of a report. */
#define ANSWER_NS UINT64_C(100000000)
#define NS_PER_MS UINT64_C(1000000)
#define LINE_BYTES_MAX 400

struct text {
    char *bytes;
    size_t size;
    size_t length;
    bool is_full;
};

/* Whole lines only. */
__attribute__((format(printf, 2, 3))) static void add_line(struct text *text, const char *format,
                                                           ...)
{
    char line[LINE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(line, sizeof line, format, arguments); /* cut if long */
    va_end(arguments);

    const size_t length = strlen(line);
    text->is_full = text->is_full || length + 1 >= text->size - text->length;
    if (!text->is_full) {
        memcpy(text->bytes + text->length, line, length);
        text->bytes[text->length + length] = '\n';
        text->length += length + 1;
        text->bytes[text->length] = '\0';
    }
}

/* "'till' 5.1", "5.1". */
static void print_actor(char *out, size_t size, const char *name, troupe_ref ref)
{
    const bool has_name = name != NULL && name[0] != '\0';
    (void) snprintf(out, size, "%s%s%s%u.%u", has_name ? "'" : "", has_name ? name : "",
                    has_name ? "' " : "", ref.slot, ref.generation); /* cut if long */
}

static const char *name_in(const troupe_snapshot *snapshot, troupe_ref ref)
{
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        if (troupe_ref_is_same(snapshot->actors[i].ref, ref)) {
            return snapshot->actors[i].name;
        }
    }
    return NULL;
}

static const char *wait_text(troupe_wait wait)
{
    static const char *const texts[] = {
        [TROUPE_WAIT_NOTHING] = "is running or runnable",
        [TROUPE_WAIT_MESSAGE] = "waits for a message",
        [TROUPE_WAIT_ROOM] = "waits for room in the mailbox",
        [TROUPE_WAIT_REPLY] = "waits for a reply",
        [TROUPE_WAIT_TIME] = "sleeps",
        [TROUPE_WAIT_START] = "waits for the start",
        [TROUPE_WAIT_CHILDREN] = "waits for its children to end",
        [TROUPE_WAIT_OFFLOAD] = "waits for a job",
        [TROUPE_WAIT_FD] = "waits for a file descriptor",
        [TROUPE_WAIT_FUTURE] = "waits for a promise to be kept",
    };
    const size_t index = (size_t) wait;
    return index < sizeof texts / sizeof(const char *) ? texts[index] : "waits";
}

/* Whether the actor is what the phase waits for. */
static bool is_awaited(const troupe_node *node, tr_node_phase phase, const troupe_actor_info *actor)
{
    const tr_address guardian = node->system.guardian;
    if (actor->ref.slot == guardian.slot && actor->ref.generation == guardian.generation) {
        return false;
    }
    if (phase > TR_NODE_DRAINING) {
        return true;
    }
    return actor->depth > 0 || actor->parked > 0 || actor->asks > 0 ||
           (actor->wait != TROUPE_WAIT_MESSAGE && actor->wait != TROUPE_WAIT_CHILDREN);
}

static void add_actor(struct text *text, const troupe_node *node, const troupe_snapshot *snapshot,
                      const troupe_actor_info *actor)
{
    char who[128];
    char whom[128] = "";
    print_actor(who, sizeof who, actor->name, actor->ref);
    if (!troupe_ref_is_none(actor->waits_for)) {
        print_actor(whom, sizeof whom, name_in(snapshot, actor->waits_for), actor->waits_for);
    }
    const uint64_t now_ns = tr_node_now_ns(node);
    const bool has_since = actor->wait != TROUPE_WAIT_NOTHING && actor->waiting_since_ns != 0 &&
                           actor->waiting_since_ns <= now_ns;
    char since[48] = "";
    if (has_since) {
        (void) snprintf(since, sizeof since, " since %llu ms", /* fits */
                        (unsigned long long) ((now_ns - actor->waiting_since_ns) / NS_PER_MS));
    }
    add_line(text, "actor %s (%s) on worker %u %s%s%s%s; %u messages in its mailbox, %u parked",
             who, actor->behavior, actor->worker, wait_text(actor->wait),
             whom[0] != '\0' ? " of " : "", whom, since, actor->depth, actor->parked);
}

/* The name of the live actor of this slot, copied under the lock: its worker is not asked. */
static tr_address find_name(troupe_node *node, uint32_t slot, char out_name[TR_NAME_MAX + 1])
{
    const tr_slot *at = tr_slots_at(&node->system.slots, slot);
    const tr_address address = {.slot = slot,
                                .generation = at != NULL ? tr_slot_generation(at) : 0};
    out_name[0] = '\0';
    tr_mutex_lock(&node->shared);
    const tr_map *names = &node->system.names;
    for (const tr_map_node *entry = tr_map_first(names); entry != NULL;
         entry = tr_map_next(names, entry)) {
        const tr_name *name = TR_CONTAINER_OF_CONST(entry, tr_name, node);
        if (tr_address_is_same(name->address, address)) {
            memcpy(out_name, name->text, TR_NAME_MAX + 1);
        }
    }
    tr_mutex_unlock(&node->shared);
    return address;
}

void tr_report_actor(troupe_node *node, uint32_t slot, char *out, size_t size)
{
    char name[TR_NAME_MAX + 1];
    const tr_address address = find_name(node, slot, name);
    print_actor(out, size, name, tr_system_ref(&node->system, address));
}

static void add_silent(struct text *text, troupe_node *node, uint32_t index)
{
    const tr_worker *worker = tr_ends_worker(&node->ends, index);
    const uint32_t slot = atomic_load_explicit(&tr_worker_seat(worker)->slot, memory_order_relaxed);
    char who[128];
    tr_report_actor(node, slot, who, sizeof who);
    add_line(text,
             "actor %s on worker %u is stuck in its code: it has not ended its turn for %llu ms",
             who, index, (unsigned long long) (ANSWER_NS / NS_PER_MS));
}

struct lines {
    struct text *text;
    uint64_t now_ns;
};

static void add_job(void *context, const tr_job *job)
{
    const struct lines *lines = context;
    char who[128];
    const troupe_ref ref = {.slot = job->actor.slot, .generation = job->actor.generation};
    print_actor(who, sizeof who, job->actor_name, ref);
    const uint64_t ran_ns = lines->now_ns > job->begun_ns ? lines->now_ns - job->begun_ns : 0;
    add_line(lines->text, "job '%s' of actor %s runs since %llu ms%s", tr_job_name(job), who,
             (unsigned long long) (ran_ns / NS_PER_MS),
             job->is_abandoned ? ", for nobody any more" : "");
}

void tr_report_deaf(const tr_deaf_thread *thread, uint64_t now_ns, char *out, size_t size)
{
    char who[128];
    print_actor(who, sizeof who, thread->name, thread->ref);
    const uint64_t since_ns = thread->since_ns < now_ns ? thread->since_ns : now_ns;
    (void) snprintf(out, size,
                    "thread %llu, attached as %s, has received nothing for %llu ms: %u messages "
                    "wait in its mailbox, %u senders for room there%s",
                    (unsigned long long) thread->thread_id, who,
                    (unsigned long long) ((now_ns - since_ns) / NS_PER_MS), thread->view.messages,
                    thread->view.senders,
                    thread->view.is_waiting ? "; it waits for something else" : ""); /* fits */
}

static void add_deaf(void *context, const tr_deaf_thread *thread)
{
    const struct lines *lines = context;
    char line[LINE_BYTES_MAX];
    tr_report_deaf(thread, lines->now_ns, line, sizeof line);
    add_line(lines->text, "%s", line);
}

void tr_report_write(troupe_node *node, char *bytes, size_t size)
{
    struct text text = {.bytes = bytes, .size = size};
    struct lines lines = {.text = &text, .now_ns = tr_node_now_ns(node)};
    bytes[0] = '\0';
    tr_proxy_each_deaf(node, add_deaf, &lines);
    const tr_node_phase phase = tr_node_phase_now(node);
    if (phase < TR_NODE_DRAINING) {
        return;
    }

    tr_crew_each_running(node->crew, add_job, &lines);
    tr_silent silent;
    troupe_snapshot *snapshot = NULL;
    if (tr_inspect(node, tr_node_now_ns(node) + ANSWER_NS, &snapshot, &silent) != TROUPE_OK) {
        add_line(&text, "there is no memory to say what the stop waits for");
        return;
    }
    for (uint32_t i = 0; i < silent.count; i++) {
        add_silent(&text, node, silent.workers[i]);
    }
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        if (is_awaited(node, phase, &snapshot->actors[i])) {
            add_actor(&text, node, snapshot, &snapshot->actors[i]);
        }
    }
    troupe_snapshot_destroy(&snapshot);
}

void troupe_node_report(troupe_node *node, char *text, size_t size)
{
    TR_CHECK_NODE(node);
    if (text == NULL || size == 0) {
        return;
    }
    text[0] = '\0';
    if (node != NULL && !tr_node_is_forked(node)) {
        tr_report_write(node, text, size);
    }
}
