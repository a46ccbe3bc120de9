/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>

int main(void)
{
    return puts(troupe_error_name(TROUPE_ERROR_MAILBOX_FULL)) < 0;
}
