/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The first room for a body whose length is not known. */
#define BODY_ROOM_MIN ((size_t) 4096)

/* More headers than these are not passed on. */
#define HEADERS_MAX ((size_t) 256)

#define NS_PER_MS UINT64_C(1000000)

/* What comes. */

/* Makes room for `size` more bytes. */
static bool make_room(struct transfer *transfer, size_t size)
{
    const size_t wanted = transfer->body_size + size;
    if (wanted <= transfer->body_room) {
        return true;
    }
    size_t room = transfer->body_room > 0 ? transfer->body_room : BODY_ROOM_MIN;
    while (room < wanted) {
        room *= 2;
    }
    unsigned char *body = realloc(transfer->body, room);
    if (body == NULL) {
        return false;
    }
    transfer->body = body;
    transfer->body_room = room;
    return true;
}

/* For libcurl: less than what was given ends the transfer. */
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const size_t bytes = size * count;
    if (bytes > transfer->body_max - transfer->body_size) {
        transfer->is_too_large = true;
        return 0;
    }
    if (!make_room(transfer, bytes)) {
        return 0;
    }
    memcpy(transfer->body + transfer->body_size, data, bytes);
    transfer->body_size += bytes;
    return bytes;
}

/* The headers themselves are read at the end; here they are counted. */
static size_t count_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const size_t bytes = size * count;
    (void) data;
    if (bytes > transfer->headers_left) {
        transfer->is_too_large = true;
        return 0;
    }
    transfer->headers_left -= bytes;
    return bytes;
}

/* What is asked. */

static const Troupe__Http__Request *request_of(const struct transfer *transfer)
{
    return troupe_message_as(transfer->message, &troupe__http__request__descriptor);
}

/* Whether a header could be more than one, or end the request's head. */
static bool is_line(const char *text)
{
    return strpbrk(text, "\r\n") == NULL;
}

static const char *find_fault(const Troupe__Http__Request *request)
{
    if (request->url[0] == '\0') {
        return "the request has no url";
    }
    if (!is_line(request->method) || strchr(request->method, ' ') != NULL) {
        return "the method has a blank or a line end in it";
    }
    for (size_t i = 0; i < request->n_headers; i++) {
        const Troupe__Http__Header *header = request->headers[i];
        if (header->name[0] == '\0' || strchr(header->name, ':') != NULL ||
            !is_line(header->name) || !is_line(header->value)) {
            return "a header has no name, a colon in it, or a line end in name or value";
        }
    }
    return NULL;
}

static bool add_header(struct transfer *transfer, const Troupe__Http__Header *header)
{
    const size_t size = strlen(header->name) + strlen(header->value) + sizeof ": ";
    char *line = malloc(size);
    if (line == NULL) {
        return false;
    }
    /* For libcurl a header without value ends in a semicolon. */
    (void) snprintf(line, size, header->value[0] != '\0' ? "%s: %s" : "%s;%s", header->name,
                    header->value);
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    free(line);
    if (longer != NULL) {
        transfer->headers = longer;
    }
    return longer != NULL;
}

static bool add_headers(struct transfer *transfer, const Troupe__Http__Request *request)
{
    bool is_done = true;
    for (size_t i = 0; i < request->n_headers && is_done; i++) {
        is_done = add_header(transfer, request->headers[i]);
    }
    return is_done;
}

/* Sets one option after the other until one cannot be set. */
#define SET(option, value)                                                                         \
    (code = code == CURLE_OK ? curl_easy_setopt(transfer->easy, (option), (value)) : code)

static CURLcode set_method(struct transfer *transfer, const Troupe__Http__Request *request)
{
    CURLcode code = CURLE_OK;
    const bool has_body = request->body.len > 0;
    if (has_body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body.len);
        SET(CURLOPT_POSTFIELDS, request->body.data); /* lies in the message */
    }
    if (strcmp(request->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (request->method[0] != '\0') {
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    }
    return code;
}

/* For libcurl, of which 0 is no limit and INT_MAX the most. */
static long in_ms(uint64_t timeout_ns)
{
    if (timeout_ns == UINT64_MAX) {
        return 0;
    }
    const uint64_t ms = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0 ? 1 : 0);
    return ms < INT_MAX ? (long) ms : INT_MAX;
}

static CURLcode set_limits(struct transfer *transfer, const struct limits *limits,
                           const Troupe__Http__Request *request, uint64_t timeout_ns)
{
    CURLcode code = CURLE_OK;
    const long timeout_ms = in_ms(timeout_ns);
    const uint64_t body_max = transfer->body_max < INT64_MAX ? transfer->body_max : INT64_MAX;
    SET(CURLOPT_TIMEOUT_MS, timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) body_max);
    SET(CURLOPT_FOLLOWLOCATION, request->no_redirects ? 0L : 1L);
    SET(CURLOPT_MAXREDIRS, (long) limits->redirects_max);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    return code;
}

static CURLcode set_all(struct transfer *transfer, const struct limits *limits, uint64_t timeout_ns)
{
    const Troupe__Http__Request *request = request_of(transfer);
    CURLcode code = CURLE_OK;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->error);
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_USERAGENT, limits->user_agent);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, count_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    if (limits->ca_file != NULL) {
        SET(CURLOPT_CAINFO, limits->ca_file);
    }
    if (code == CURLE_OK) {
        code = set_method(transfer, request);
    }
    return code == CURLE_OK ? set_limits(transfer, limits, request, timeout_ns) : code;
}

/* The earlier of the client's limit and the request's deadline. */
static uint64_t timeout_of(troupe_self *self, const troupe_message *message, uint64_t limit_ns)
{
    const uint64_t left_ns = troupe_message_remaining(self, message).ns;
    return left_ns < limit_ns ? left_ns : limit_ns;
}

troupe_error transfer_create(troupe_self *self, const struct limits *limits,
                             troupe_message **message, struct transfer **out_transfer,
                             const char **out_error)
{
    const Troupe__Http__Request *request =
        troupe_message_as(*message, &troupe__http__request__descriptor);
    *out_error = find_fault(request);
    if (*out_error != NULL) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    const bool is_less = request->body_max > 0 && request->body_max < limits->body_max;
    transfer->body_max = is_less ? request->body_max : limits->body_max;
    transfer->headers_left = limits->headers_max;
    transfer->began_ns = troupe_self_now_ns(self);
    transfer->message = *message;
    transfer->easy = curl_easy_init();
    const uint64_t timeout_ns = timeout_of(self, *message, limits->timeout_ns);
    if (transfer->easy == NULL || !add_headers(transfer, request) ||
        set_all(transfer, limits, timeout_ns) != CURLE_OK) {
        transfer->message = NULL; /* stays the caller's */
        transfer_destroy(&transfer);
        return TROUPE_ERROR_NO_MEMORY;
    }
    *message = NULL;
    *out_transfer = transfer;
    return TROUPE_OK;
}

void transfer_destroy(struct transfer **in_transfer)
{
    struct transfer *transfer = *in_transfer;
    *in_transfer = NULL;
    if (transfer->easy != NULL) {
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    free(transfer->body);
    troupe_message_destroy(&transfer->message);
    free(transfer);
}

/* What it became. */

static Troupe__Http__Outcome outcome_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->is_too_large || code == CURLE_FILESIZE_EXCEEDED) {
        return TROUPE__HTTP__OUTCOME__TOO_LARGE;
    }
    /* libcurl has a hundred; those that are told apart are here. */
    switch ((int) code) {
    case CURLE_OK:
        return TROUPE__HTTP__OUTCOME__DONE;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return TROUPE__HTTP__OUTCOME__BAD_REQUEST;
    case CURLE_COULDNT_RESOLVE_HOST:
        return TROUPE__HTTP__OUTCOME__NOT_RESOLVED;
    case CURLE_COULDNT_CONNECT:
        return TROUPE__HTTP__OUTCOME__NOT_CONNECTED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return TROUPE__HTTP__OUTCOME__NOT_SECURE;
    case CURLE_OPERATION_TIMEDOUT:
        return TROUPE__HTTP__OUTCOME__TIMED_OUT;
    case CURLE_TOO_MANY_REDIRECTS:
        return TROUPE__HTTP__OUTCOME__TOO_MANY_REDIRECTS;
    default:
        return TROUPE__HTTP__OUTCOME__BROKEN;
    }
}

static const char *error_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->is_too_large) {
        return transfer->headers_left == 0 ? "the headers are larger than the limit"
                                           : "the response is larger than the limit";
    }
    return transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
}

/* The headers of the last response; what they point to is libcurl's. */
static size_t read_headers(const struct transfer *transfer, Troupe__Http__Header *headers)
{
    size_t count = 0;
    for (struct curl_header *at = curl_easy_nextheader(transfer->easy, CURLH_HEADER, -1, NULL);
         at != NULL && count < HEADERS_MAX;
         at = curl_easy_nextheader(transfer->easy, CURLH_HEADER, -1, at)) {
        troupe__http__header__init(&headers[count]);
        headers[count].name = at->name;
        headers[count].value = at->value;
        count++;
    }
    return count;
}

static void read_info(const struct transfer *transfer, Troupe__Http__Response *response)
{
    long status = 0;
    long redirects = 0;
    char *url = NULL;
    /* What cannot be read stays at its zero. */
    (void) curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    (void) curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &url);
    response->status = (uint32_t) status;
    response->redirects = (uint32_t) redirects;
    response->url = url != NULL ? url : response->url;
}

troupe_error transfer_answer(troupe_self *self, struct transfer *transfer, CURLcode code)
{
    Troupe__Http__Header headers[HEADERS_MAX];
    Troupe__Http__Header *pointers[HEADERS_MAX];
    Troupe__Http__Response response = TROUPE__HTTP__RESPONSE__INIT;
    response.outcome = outcome_of(transfer, code);
    response.took_ns = troupe_self_now_ns(self) - transfer->began_ns;
    read_info(transfer, &response);
    if (response.outcome == TROUPE__HTTP__OUTCOME__DONE) {
        response.n_headers = read_headers(transfer, headers);
        for (size_t i = 0; i < response.n_headers; i++) {
            pointers[i] = &headers[i];
        }
        response.headers = pointers;
        response.body.data = transfer->body;
        response.body.len = transfer->body_size;
    } else {
        response.status = 0;
        response.error = (char *) (uintptr_t) error_of(transfer, code); /* is only read */
    }
    return troupe_reply(self, transfer->message, &response.base);
}

troupe_error transfer_refuse(troupe_self *self, troupe_message *message, const char *error)
{
    Troupe__Http__Response response = TROUPE__HTTP__RESPONSE__INIT;
    response.outcome = TROUPE__HTTP__OUTCOME__BAD_REQUEST;
    response.error = (char *) (uintptr_t) error; /* is only read */
    return troupe_reply(self, message, &response.base);
}
