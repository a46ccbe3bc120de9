/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/actors/pool.h>
#include <troupe/actors/router.h>
#include <troupe/actors/topic.h>
#include <troupe/troupe.h>

#if defined(HAS_HTTP_CLIENT)
#include <troupe/actors/http_client.h>
#endif

/* Asks for what cannot be, so that nothing is begun. */
static troupe_error ask_too_much(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    troupe_error error = TROUPE_ERROR_BAD_ARGUMENT;
#if defined(HAS_HTTP_CLIENT)
    troupe_ref client;
    error = troupe_http_client_spawn(self, TROUPE_HTTP_CLIENT(.connections_max = UINT32_MAX),
                                     &client);
#endif
    return error == TROUPE_ERROR_BAD_ARGUMENT ? TROUPE_ERROR_MAILBOX_FULL : error;
}

int main(void)
{
    return puts(troupe_error_name(troupe_run(NULL, ask_too_much, NULL))) < 0;
}
