/* SPDX-License-Identifier: MIT */
/* http_client: an actor that fetches URLs, many at once, on libcurl.
 *
 * It is asked with a troupe.http.Request and answers with a troupe.http.Response (http.proto); what
 * the other side or the network does wrong is an outcome in the response, not an error of the ask.
 * All transfers run on the worker's thread beside other actors, driven by the readiness of their
 * sockets; only names are resolved on threads of libcurl's. Connections are kept and used again.
 *
 * Each transfer ends within the client's timeout and the request's deadline, whichever is earlier,
 * and when its asker is cancelled or ends.
 * Where more are asked for than there may be connections, they wait their turn; above requests_max
 * an ask is answered OVERLOADED. A response larger than the asker's reply_bytes
 * (troupe_spawn_options) cannot be given to it: the ask returns TOO_LARGE. */
#ifndef TROUPE_ACTORS_HTTP_CLIENT_H
#define TROUPE_ACTORS_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/troupe.h>

#include "http.pb-c.h"

TROUPE_BEGIN

/* Zero means the default of each field. */
typedef struct troupe_http_client_options {
    size_t size;              /* set by TROUPE_HTTP_CLIENT */
    const char *name;         /* registered; NULL: none */
    const char *user_agent;   /* copied; NULL: "troupe" */
    const char *ca_file;      /* PEM of those that are trusted, copied; NULL: the system's */
    troupe_timeout timeout;   /* of one transfer in all; not given: 30 s */
    uint64_t body_max;        /* bytes of a response's body; 0: 16 MiB */
    uint32_t headers_max;     /* bytes of a response's headers; 0: 64 KiB */
    uint32_t connections_max; /* at once; 0: 64; at most 100000 */
    uint32_t connections_per_host_max; /* 0: 8 */
    uint32_t redirects_max;            /* followed in one transfer; 0: 10 */
    uint32_t requests_max;             /* under way, those that wait included; 0: 1024 */
    uint32_t reserved;
} troupe_http_client_options;

#define TROUPE_HTTP_CLIENT(...)                                                                    \
    (&(const troupe_http_client_options) {.size = sizeof(troupe_http_client_options), __VA_ARGS__})

/* Spawns a client as a child; `options` may be NULL. Coroutines only, as troupe_spawn waits.
 * Errors: as troupe_spawn; SYSTEM if libcurl cannot be set up; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error troupe_http_client_spawn(troupe_self *self,
                                                        const troupe_http_client_options *options,
                                                        troupe_ref *out_client);

/* Fetches a URL. For coroutines.
 * Owns:   *reply is the caller's, and what it held before is ended first, as by troupe_ask;
 *         *out_response lies in it.
 * Waits, cancel-safe, errors: as troupe_ask, with the asker's deadline going along. */
TROUPE_MUST_CHECK troupe_error troupe_http_get(troupe_self *self, troupe_ref client,
                                               const char *url, troupe_timeout timeout,
                                               troupe_message **reply,
                                               const Troupe__Http__Response **out_response);

TROUPE_END

#endif
