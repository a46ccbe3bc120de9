/* SPDX-License-Identifier: MIT */
#include "http_client.h"

#include <stdlib.h>
#include <string.h>

#include "transfer.h"

#define TIMEOUT_DEFAULT_NS UINT64_C(30000000000)
#define BODY_MAX_DEFAULT (UINT64_C(16) << 20)
#define HEADERS_MAX_DEFAULT (UINT32_C(64) << 10)
#define CONNECTIONS_MAX_DEFAULT 64
#define CONNECTIONS_MOST 100000
#define CONNECTIONS_PER_HOST_DEFAULT 8
#define REDIRECTS_MAX_DEFAULT 10
#define REQUESTS_MAX_DEFAULT 1024
/* For those of libcurl's that are no connections: of its resolver. */
#define SPARE_WATCHES 64

/* A socket of libcurl's that is watched. */
struct watched {
    struct watched *next;
    troupe_watch watch;
    curl_socket_t fd;
};

struct client {
    troupe_self *self; /* of the handler that runs; libcurl's calls come within one */
    CURLM *multi;
    struct transfer *first;
    struct watched *watched;
    troupe_timer timer; /* libcurl's, or none */
    struct limits limits;
    uint32_t transfers;
    uint32_t transfers_max;
    char *user_agent;
    char *ca_file;
};

static void link_transfer(struct client *client, struct transfer *transfer)
{
    transfer->next = client->first;
    if (client->first != NULL) {
        client->first->previous = transfer;
    }
    client->first = transfer;
    client->transfers++;
}

static void drop_transfer(struct client *client, struct transfer *transfer)
{
    /* Fails only for what is not in there. */
    (void) curl_multi_remove_handle(client->multi, transfer->easy);
    if (transfer->previous != NULL) {
        transfer->previous->next = transfer->next;
    } else {
        client->first = transfer->next;
    }
    if (transfer->next != NULL) {
        transfer->next->previous = transfer->previous;
    }
    client->transfers--;
    transfer_destroy(&transfer);
}

/* libcurl's calls. */

static void forget(struct client *client, struct watched *watched)
{
    struct watched **at = &client->watched;
    while (*at != watched) {
        at = &(*at)->next;
    }
    *at = watched->next;
    (void) troupe_unwatch_fd(client->self, watched->watch); /* it may have fired for good */
    (void) curl_multi_assign(client->multi, watched->fd, NULL);
    free(watched);
}

static struct watched *make_watched(struct client *client, curl_socket_t fd)
{
    struct watched *watched = calloc(1, sizeof *watched);
    if (watched != NULL) {
        watched->fd = fd;
        watched->next = client->watched;
        client->watched = watched;
        (void) curl_multi_assign(client->multi, fd, watched); /* it is libcurl's own */
    }
    return watched;
}

static uint32_t events_of(int what)
{
    return ((what & CURL_POLL_IN) != 0 ? (uint32_t) TROUPE_READABLE : 0) |
           ((what & CURL_POLL_OUT) != 0 ? (uint32_t) TROUPE_WRITABLE : 0);
}

/* For libcurl: the socket is to be watched for something else, or not any more. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct client *client = context;
    struct watched *watched = known;
    (void) easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL) {
            forget(client, watched);
        }
        return 0;
    }
    if (watched == NULL) {
        watched = make_watched(client, fd);
    } else {
        (void) troupe_unwatch_fd(client->self, watched->watch);
    }
    if (watched == NULL) {
        return -1;
    }
    const troupe_error error = troupe_watch_fd(
        client->self, TROUPE_WATCH(.fd = fd, .events = events_of(what)), &watched->watch);
    return error ? -1 : 0; /* the transfers fail */
}

/* For libcurl: it wants to be called after so many milliseconds; -1: not at all. */
static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct client *client = context;
    (void) multi;
    (void) troupe_timer_cancel(client->self, client->timer); /* there may be none */
    client->timer = (troupe_timer) {0};
    if (timeout_ms < 0) {
        return 0;
    }
    const troupe_timeout after =
        timeout_ms > 0 ? TROUPE_WITHIN_MS((uint64_t) timeout_ms) : TROUPE_NOW;
    const troupe_error error =
        troupe_timer_start(client->self, TROUPE_TIMER(.after = after), &client->timer);
    return error ? -1 : 0;
}

/* The actor. */

/* Answers what has ended. */
static void answer_ended(struct client *client)
{
    int left = 0;
    for (CURLMsg *ended = curl_multi_info_read(client->multi, &left); ended != NULL;
         ended = curl_multi_info_read(client->multi, &left)) {
        struct transfer *transfer = NULL;
        const CURLcode code = ended->data.result;
        (void) curl_easy_getinfo(ended->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
        /* Too large for the asker, who is told; or no memory: it is told NO_REPLY. */
        (void) transfer_answer(client->self, transfer, code);
        drop_transfer(client, transfer);
    }
}

static troupe_error go_on(struct client *client, troupe_self *self, curl_socket_t fd, int events)
{
    int running = 0;
    client->self = self;
    if (curl_multi_socket_action(client->multi, fd, events, &running) != CURLM_OK) {
        return troupe_fail(self, TROUPE_ERROR_SYSTEM, "libcurl refuses to go on");
    }
    answer_ended(client);
    return TROUPE_OK;
}

static troupe_error on_ready(troupe_self *self, void *state, troupe_message **message)
{
    struct client *client = state;
    const troupe_fd_ready *ready = troupe_message_struct(*message, &troupe_fd_ready_type);
    const int events = ((ready->events & TROUPE_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                       ((ready->events & TROUPE_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0) |
                       (ready->events == 0 ? CURL_CSELECT_ERR : 0);
    return go_on(client, self, ready->fd, events);
}

static troupe_error on_time(troupe_self *self, void *state, troupe_message **message)
{
    struct client *client = state;
    (void) message;
    client->timer = (troupe_timer) {0};
    return go_on(client, self, CURL_SOCKET_TIMEOUT, 0);
}

static troupe_error on_request(troupe_self *self, void *state, troupe_message **message)
{
    struct client *client = state;
    struct transfer *transfer = NULL;
    const char *fault = NULL;
    if (!troupe_message_wants_reply(*message)) {
        return TROUPE_OK; /* nobody would see the response */
    }
    if (client->transfers >= client->transfers_max) {
        return troupe_reply_error(self, *message, TROUPE_ERROR_OVERLOADED);
    }
    client->self = self;
    const troupe_error error = transfer_create(self, &client->limits, message, &transfer, &fault);
    if (error == TROUPE_ERROR_BAD_ARGUMENT) {
        return transfer_refuse(self, *message, fault);
    }
    if (error) {
        return troupe_reply_error(self, *message, error);
    }
    link_transfer(client, transfer);
    if (curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK) {
        const troupe_error refused = transfer_answer(self, transfer, CURLE_OUT_OF_MEMORY);
        drop_transfer(client, transfer);
        return refused;
    }
    return TROUPE_OK; /* it begins with the timer that libcurl has set */
}

/* Nobody waits for the response any more: its connection is for others. */
static troupe_error given_up(troupe_self *self, void *state, troupe_message *request)
{
    struct client *client = state;
    struct transfer *transfer = client->first;
    while (transfer != NULL && transfer->message != request) {
        transfer = transfer->next;
    }
    if (transfer != NULL) {
        client->self = self;
        drop_transfer(client, transfer);
    }
    return TROUPE_OK;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

/* A copy of a text, or of NULL. */
static bool copy_text(const char *text, char **out_copy)
{
    *out_copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out_copy != NULL;
}

static CURLMcode set_up_multi(struct client *client, const troupe_http_client_options *options)
{
    const long most = (long) or_default(options->connections_max, CONNECTIONS_MAX_DEFAULT);
    const long per_host =
        (long) or_default(options->connections_per_host_max, CONNECTIONS_PER_HOST_DEFAULT);
    CURLMcode code = curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    code = code ? code : curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    code = code ? code : curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    code = code ? code : curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    code = code ? code : curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
    code = code ? code : curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, per_host);
    return code ? code : curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, most);
}

/* Takes one that was set up in part. */
static void clean_up(struct client *client)
{
    while (client->first != NULL) {
        drop_transfer(client, client->first);
    }
    if (client->multi != NULL) {
        (void) curl_multi_cleanup(client->multi); /* closes the connections */
    }
    while (client->watched != NULL) {
        struct watched *watched = client->watched;
        client->watched = watched->next;
        free(watched);
    }
    free(client->user_agent);
    free(client->ca_file);
}

static troupe_error set_up(struct client *client, const troupe_http_client_options *options)
{
    const char *user_agent = options->user_agent != NULL ? options->user_agent : "troupe";
    client->transfers_max = or_default(options->requests_max, REQUESTS_MAX_DEFAULT);
    if (!copy_text(user_agent, &client->user_agent) ||
        !copy_text(options->ca_file, &client->ca_file)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    client->limits = (struct limits) {
        .user_agent = client->user_agent,
        .ca_file = client->ca_file,
        .timeout_ns = options->timeout.ns != 0 ? options->timeout.ns : TIMEOUT_DEFAULT_NS,
        .body_max = options->body_max != 0 ? options->body_max : BODY_MAX_DEFAULT,
        .headers_max = or_default(options->headers_max, HEADERS_MAX_DEFAULT),
        .redirects_max = or_default(options->redirects_max, REDIRECTS_MAX_DEFAULT),
    };
    client->multi = curl_multi_init();
    const bool is_set_up = client->multi != NULL && set_up_multi(client, options) == CURLM_OK;
    return is_set_up ? TROUPE_OK
                     : troupe_fail(client->self, TROUPE_ERROR_SYSTEM, "libcurl cannot be set up");
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    struct client *client = state;
    client->self = self;
    const troupe_error error = set_up(client, argument);
    if (error) {
        clean_up(client); /* `stop` is not called */
    }
    return error;
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    struct client *client = state;
    (void) reason;
    client->self = self;
    clean_up(client);
}

static const troupe_behavior http_client_behavior = {
    .size = sizeof(troupe_behavior),
    .name = "http_client",
    .state_size = sizeof(struct client),
    .start = start,
    .handlers =
        (const troupe_handles[]) {
            {.protobuf = &troupe__http__request__descriptor, .handler = on_request},
            {.type = &troupe_fd_ready_type, .handler = on_ready},
            {.type = &troupe_tick_type, .handler = on_time},
            {.handler = NULL},
        },
    .given_up = given_up,
    .stop = stop,
};

troupe_error troupe_http_client_spawn(troupe_self *self, const troupe_http_client_options *options,
                                      troupe_ref *out_client)
{
    static const troupe_http_client_options defaults = {.size = sizeof defaults};
    const troupe_http_client_options *given = options != NULL ? options : &defaults;
    if (given->size != sizeof *given || given->connections_max > CONNECTIONS_MOST) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    const uint32_t most = or_default(given->connections_max, CONNECTIONS_MAX_DEFAULT);
    return troupe_spawn(self,
                        TROUPE_SPAWN(.name = given->name, .behavior = &http_client_behavior,
                                     .argument = (void *) (uintptr_t) given, /* is only read */
                                     .on_full = TROUPE_ON_FULL_WAIT,
                                     .timers_max = 2 * most + SPARE_WATCHES),
                        out_client);
}

troupe_error troupe_http_get(troupe_self *self, troupe_ref client, const char *url,
                             troupe_timeout timeout, troupe_message **reply,
                             const Troupe__Http__Response **out_response)
{
    if (url == NULL || out_response == NULL) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    Troupe__Http__Request request = TROUPE__HTTP__REQUEST__INIT;
    request.url = (char *) (uintptr_t) url; /* is only read */
    *out_response = NULL;
    const troupe_error error = troupe_ask(self, client, &request.base, timeout, reply);
    if (error == TROUPE_OK) {
        *out_response = troupe_message_as(*reply, &troupe__http__response__descriptor);
    }
    return error == TROUPE_OK && *out_response == NULL ? TROUPE_ERROR_PROTOCOL : error;
}
