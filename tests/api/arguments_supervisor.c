/* SPDX-License-Identifier: MIT */
/* What supervises, called with bad arguments. */
#include "api/arguments.h"

void call_about_supervisors(troupe_self *self)
{
    troupe_ref ref;
    const troupe_supervisor_spec spec = TROUPE_SUPERVISOR(.name = "head");
    const troupe_supervisor_spec wrong = TROUPE_SUPERVISOR(.child_count = 1);
    BAD(troupe_supervise, (NULL, &spec, &ref));
    BAD(troupe_supervise, (self, NULL, &ref));
    BAD(troupe_supervise, (self, &spec, NULL));
    BAD(troupe_supervise, (self, &wrong, &ref));
}
