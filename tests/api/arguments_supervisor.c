/* SPDX-License-Identifier: MIT */
/* What links and supervises, called with bad arguments. */
#include "api/arguments.h"

void call_about_supervisors(troupe_self *self)
{
    BAD(troupe_link, (NULL, troupe_self_ref(self)));
    BAD(troupe_link, (self, troupe_ref_none()));
    BAD(troupe_link, (self, troupe_self_ref(self)));
    GIVES(troupe_unlink, (NULL, troupe_self_ref(self)), false);
    GIVES(troupe_unlink, (self, troupe_ref_none()), false);
    troupe_ref ref;
    const troupe_supervisor_spec spec = TROUPE_SUPERVISOR(.name = "head");
    const troupe_supervisor_spec wrong = TROUPE_SUPERVISOR(.child_count = 1);
    size_t kept = 0;
    BAD(troupe_kill, (NULL, troupe_self_ref(self)));
    BAD(troupe_kill, (self, troupe_ref_none()));
    BAD(troupe_quarantine_list, (NULL, 0, NULL, 0, &kept));
    BAD(troupe_quarantine_list, (self, 0, NULL, 1, &kept));
    BAD(troupe_quarantine_list, (self, 0, NULL, 0, NULL));
    BAD(troupe_quarantine_replay, (NULL, 1, troupe_ref_none()));
    BAD(troupe_quarantine_replay, (self, 0, troupe_ref_none()));
    GIVES(troupe_quarantine_purge, (NULL, 0), 0);
    BAD(troupe_node_supervise, (troupe_self_node(self), NULL, &ref));
    BAD(troupe_supervise, (NULL, &spec, &ref));
    BAD(troupe_supervise, (self, NULL, &ref));
    BAD(troupe_supervise, (self, &spec, NULL));
    BAD(troupe_supervise, (self, &wrong, &ref));
    const troupe_ref me = troupe_self_ref(self);
    const troupe_ref nobody = troupe_ref_none();
    const troupe_child_spec empty = TROUPE_CHILD(.id = "nothing to spawn");
    const troupe_child_spec child = TROUPE_CHILD(.supervisor = &spec);
    const troupe_timeout soon = TROUPE_WITHIN_MS(1);
    troupe_child_info info;
    size_t count = 0;
    BAD(troupe_child_add, (NULL, me, &child, soon, &ref));
    BAD(troupe_child_add, (self, me, NULL, soon, &ref));
    BAD(troupe_child_add, (self, me, &empty, soon, &ref));
    BAD(troupe_child_add, (self, me, &child, soon, NULL));
    const troupe_placement nameless = TROUPE_PLACEMENT(.label = "ssd");
    const troupe_placement unruly = TROUPE_PLACEMENT(.name = "x", .rule = 99);
    const troupe_child_spec placed[] = {TROUPE_CHILD(.placement = &nameless),
                                        TROUPE_CHILD(.placement = &unruly)};
    BAD(troupe_child_add, (self, me, &placed[0], soon, &ref));
    BAD(troupe_child_add, (self, me, &placed[1], soon, &ref));
    BAD(troupe_placed, (NULL, me, soon, &ref));
    BAD(troupe_placed, (self, me, soon, NULL));
    BAD(troupe_child_remove, (NULL, me, me, soon));
    BAD(troupe_child_remove, (self, me, nobody, soon));
    BAD(troupe_child_restart, (NULL, me, me, soon));
    BAD(troupe_child_restart, (self, me, nobody, soon));
    BAD(troupe_child_list, (NULL, me, soon, &info, 1, &count));
    BAD(troupe_child_list, (self, me, soon, NULL, 1, &count));
    BAD(troupe_child_list, (self, me, soon, &info, 1, NULL));
}
