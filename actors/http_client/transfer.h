/* SPDX-License-Identifier: MIT */
/* transfer: one request on its way, as libcurl sees it, and the response made of it.
 *
 * Owns:    its easy handle, the request's message, what has come of the response.
 * Threads: the actor's. */
#ifndef TROUPE_ACTORS_HTTP_TRANSFER_H
#define TROUPE_ACTORS_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>

#include "http_client.h"

/* What bounds a transfer; of the client. */
struct limits {
    const char *user_agent;
    const char *ca_file; /* NULL: the system's */
    uint64_t timeout_ns;
    uint64_t body_max;
    uint32_t headers_max;
    uint32_t redirects_max;
};

struct transfer {
    struct transfer *next; /* in the client's list */
    struct transfer *previous;
    CURL *easy;
    troupe_message *message; /* the request; libcurl reads its body */
    struct curl_slist *headers;
    unsigned char *body;
    size_t body_size;
    size_t body_room;
    uint64_t body_max;
    uint64_t headers_left;
    uint64_t began_ns;
    bool is_too_large;
    char error[CURL_ERROR_SIZE];
};

/* Takes the message over on TROUPE_OK; ends within `timeout_ns`.
 * Errors: NO_MEMORY; BAD_ARGUMENT, and *out_error says what is wrong with the request. */
TROUPE_MUST_CHECK troupe_error transfer_create(troupe_self *self, const struct limits *limits,
                                               troupe_message **message,
                                               struct transfer **out_transfer,
                                               const char **out_error);

/* It is in no multi handle any more. A request that was not answered is answered NO_REPLY. */
void transfer_destroy(struct transfer **transfer);

/* Answers the request with what became of it. Errors: those of troupe_reply. */
TROUPE_MUST_CHECK troupe_error transfer_answer(troupe_self *self, struct transfer *transfer,
                                               CURLcode code);

/* Answers a request that was not begun. Errors: those of troupe_reply. */
TROUPE_MUST_CHECK troupe_error transfer_refuse(troupe_self *self, troupe_message *message,
                                               const char *error);

#endif
