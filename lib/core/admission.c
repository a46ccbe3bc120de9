/* SPDX-License-Identifier: MIT */
#include "core/admission.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/options.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_admission_options, interval);

#define MS UINT64_C(1000000)

troupe_error troupe_admission_init(troupe_admission *admission,
                                   const troupe_admission_options *options)
{
    troupe_admission_options known;
    TR_REQUIRE(admission != NULL && tr_options_read(&known, sizeof known, options), BAD_ARGUMENT);
    *admission = (troupe_admission) {
        .target_ns = known.target.ns != 0 ? known.target.ns : 5 * MS,
        .interval_ns = known.interval.ns != 0 ? known.interval.ns : 100 * MS,
    };
    return TROUPE_OK;
}

/* The least delay of an interval says whether the queue stood all the time. */
static void measure(troupe_admission *admission, uint64_t delay_ns, uint64_t now_ns)
{
    if (now_ns >= admission->interval_end_ns) {
        admission->is_standing = admission->delay_ns_min > admission->target_ns ? 1 : 0;
        admission->delay_ns_min = delay_ns;
        admission->interval_end_ns =
            tr_deadline_of(now_ns, troupe_timeout_of_ns(admission->interval_ns));
    } else if (delay_ns < admission->delay_ns_min) {
        admission->delay_ns_min = delay_ns;
    }
}

static bool is_too_late(const troupe_admission *admission, uint64_t delay_ns)
{
    return admission->is_standing != 0 && delay_ns / 2 >= admission->target_ns;
}

bool troupe_admission_decide(troupe_admission *admission, uint64_t delay_ns, uint64_t now_ns)
{
    if (admission == NULL) {
        return true;
    }
    measure(admission, delay_ns, now_ns);
    const bool is_admitted = !is_too_late(admission, delay_ns);
    admission->admitted += is_admitted ? 1 : 0;
    admission->refused += is_admitted ? 0 : 1;
    return is_admitted;
}

bool tr_admission_refuses(troupe_admission *admission, const troupe_message *message,
                          uint64_t came_ns, bool is_last, uint64_t now_ns)
{
    if (came_ns == UINT64_MAX) {
        return false; /* it was taken before, and put back */
    }
    const uint64_t delay_ns = is_last ? 0 : now_ns - came_ns;
    if (tr_message_has(message, TR_MESSAGE_WANTS_REPLY)) {
        return !troupe_admission_decide(admission, delay_ns, now_ns);
    }
    measure(admission, delay_ns, now_ns);
    return false;
}
