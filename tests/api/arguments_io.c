/* SPDX-License-Identifier: MIT */
/* What waits for the world outside, called with bad arguments. */
#include "api/arguments.h"

void call_about_descriptors(troupe_self *self)
{
    BAD(troupe_wait_fd, (NULL, 0, TROUPE_READABLE, TROUPE_NOW, NULL));
    BAD(troupe_wait_fd, (self, -1, TROUPE_READABLE, TROUPE_NOW, NULL));
    BAD(troupe_wait_fd, (self, 0, 0, TROUPE_NOW, NULL));
    BAD(troupe_wait_fd, (self, 0, 4, TROUPE_NOW, NULL));
    RETURNS(troupe_forget_fd, (NULL, 0));
    RETURNS(troupe_forget_fd, (self, -1));
}
