/* SPDX-License-Identifier: MIT */
#include "simulation/eyes.h"

#include "base/assert.h"
#include "base/memory.h"
#include "simulation/actor_checker.h"
#include "simulation/message_checker.h"
#include "simulation/monitor_checker.h"
#include "simulation/reporter.h"
#include "simulation/timer_checker.h"

struct tr_eye {
    tr_list link; /* in the course's */
    tr_course *course;
    const tr_system *system;
    tr_reporter reporter;
    tr_actor_checker actors;
    tr_message_checker messages;
    tr_monitor_checker monitors;
    tr_timer_checker timers;
};

static const tr_worker *worker_of(const tr_told *told)
{
    if (told->worker != NULL) {
        return told->worker;
    }
    return told->timers != NULL ? TR_CONTAINER_OF_CONST(told->timers, tr_worker, timers)
                                : TR_CONTAINER_OF_CONST(told->ledger, tr_worker, ledger);
}

static tr_beat find(void *context, uint64_t id)
{
    const tr_eye *own = context;
    const tr_list *eyes = &own->course->eyes;
    for (const tr_list *link = tr_list_first(eyes); link != NULL; link = tr_list_next(eyes, link)) {
        const tr_eye *eye = TR_CONTAINER_OF_CONST(link, tr_eye, link);
        if (eye->system->options.node_id == id) {
            return eye->reporter.own;
        }
    }
    return (tr_beat) {0};
}

static void see(tr_eye *eye, const tr_told *told)
{
    tr_course *course = eye->course;
    if (tr_finding_is_open(&course->finding)) {
        if (course->journal != NULL) {
            eye->reporter.journal = course->journal;
            tr_reporter_hear(&eye->reporter, told, worker_of(told)->index, course->now_ns);
        }
        tr_actor_checker_hear(&eye->actors, told);
        tr_message_checker_hear(&eye->messages, told);
        tr_monitor_checker_hear(&eye->monitors, told);
        tr_timer_checker_hear(&eye->timers, told);
    }
}

#if defined(TR_CHANCES)

static _Thread_local uint32_t open_count;

static void hear(const tr_told *told)
{
    tr_eye *eye = worker_of(told)->system->ports.observer;
    if (eye != NULL) {
        see(eye, told);
    }
}

static void count_open(int32_t more)
{
    open_count += (uint32_t) more;
    (void) tr_observer_set(open_count > 0 ? hear : NULL);
}

bool tr_eyes_can_see(void)
{
    return true;
}

#else

static void count_open(int32_t more)
{
    (void) more;
    (void) worker_of;
    (void) see;
}

bool tr_eyes_can_see(void)
{
    return false;
}

#endif

troupe_error tr_eye_open(tr_course *course, const tr_system *system, uint32_t node, uint32_t ends,
                         tr_eye **out_eye)
{
    tr_finding *finding = &course->finding;
    tr_eye *eye = tr_allocate(tr_allocator_default(), sizeof *eye);
    TR_REQUIRE(eye != NULL, NO_MEMORY);
    eye->course = course;
    eye->system = system;
    eye->reporter = (tr_reporter) {.own = {system, node}, .find = find, .context = eye};
    tr_list_push_back(&course->eyes, &eye->link);
    troupe_error error = tr_actor_checker_init(&eye->actors, system, ends, finding);
    if (!error) {
        error = tr_timer_checker_init(&eye->timers, ends, finding);
    }
    tr_message_checker_init(&eye->messages, system, &eye->actors, finding);
    tr_monitor_checker_init(&eye->monitors, system, &eye->actors, finding);
    count_open(1);
    if (error) {
        tr_eye_shut(&eye);
        return error;
    }
    *out_eye = eye;
    return TROUPE_OK;
}

void tr_eye_shut(tr_eye **in_eye)
{
    tr_eye *eye = *in_eye;
    if (eye == NULL) {
        return;
    }
    count_open(-1);
    tr_list_remove(&eye->link);
    tr_message_checker_fini(&eye->messages);
    tr_monitor_checker_fini(&eye->monitors);
    tr_timer_checker_fini(&eye->timers);
    tr_actor_checker_fini(&eye->actors);
    tr_free(tr_allocator_default(), eye, sizeof *eye);
    *in_eye = NULL;
}

void tr_eye_see_sleep(tr_eye *eye, uint32_t worker, uint64_t due_ns)
{
    if (tr_finding_is_open(&eye->course->finding)) {
        tr_timer_checker_sleep(&eye->timers, worker, due_ns);
    }
}

void tr_eye_see_rest(tr_eye *eye)
{
    if (tr_finding_is_open(&eye->course->finding)) {
        tr_timer_checker_rest(&eye->timers);
        tr_monitor_checker_rest(&eye->monitors);
    }
}
