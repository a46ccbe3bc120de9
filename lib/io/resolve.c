/* SPDX-License-Identifier: MIT */
#include "io/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <troupe/actor.h>
#include <troupe/offload.h>

#include "base/assert.h"
#include "base/memory.h"
#include "io/errors.h"

/* What a job of the pool is given, and leaves. */
struct question {
    const troupe_allocator *allocator;
    char host[256];
    char port[8];
    int flags;
    int error; /* of getaddrinfo */
    tr_io_addresses answer;
};

static void ask(struct question *question)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = question->flags | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    const char *host = question->host[0] != '\0' ? question->host : NULL;
    question->error = getaddrinfo(host, question->port, &hints, &found);
    question->answer.system_error = question->error == EAI_SYSTEM ? errno : 0;
    if (question->error != 0) {
        return;
    }
    tr_io_addresses *answer = &question->answer;
    for (const struct addrinfo *at = found; at != NULL && answer->count < TR_ADDRESSES_MAX;
         at = at->ai_next) {
        tr_io_address *address = &answer->list[answer->count++];
        memcpy(&address->value, at->ai_addr, at->ai_addrlen);
        address->size = at->ai_addrlen;
    }
    freeaddrinfo(found);
}

static void *work(void *argument)
{
    ask(argument);
    return argument;
}

static void discard(void *argument, void *result)
{
    (void) result;
    struct question *question = argument;
    tr_free(question->allocator, question, sizeof *question);
}

static troupe_error read_answer(const struct question *question, tr_io_addresses *out_addresses)
{
    *out_addresses = question->answer;
    switch (question->error) {
    case 0:
        return question->answer.count > 0 ? TROUPE_OK : TROUPE_ERROR_DISCONNECTED;
    case EAI_MEMORY:
        return TROUPE_ERROR_NO_MEMORY;
    case EAI_SYSTEM:
        return tr_io_error(question->answer.system_error);
    case EAI_AGAIN:
        out_addresses->system_error = EAGAIN;
        return TROUPE_ERROR_DISCONNECTED;
    default: /* there is no such name */
        out_addresses->system_error = ENOENT;
        return TROUPE_ERROR_DISCONNECTED;
    }
}

static bool prepare(struct question *question, const char *host, uint32_t port, int flags)
{
    const size_t length = host != NULL ? strlen(host) : 0;
    if (length >= sizeof question->host || port > UINT16_MAX || (host != NULL && length == 0)) {
        return false;
    }
    *question = (struct question) {.flags = flags};
    (void) snprintf(question->host, sizeof question->host, "%s", host != NULL ? host : "");
    (void) snprintf(question->port, sizeof question->port, "%u", (unsigned) port);
    return true;
}

troupe_error tr_io_address_of(const char *host, uint32_t port, tr_io_addresses *out_addresses)
{
    struct question question;
    const bool is_all = host != NULL && strcmp(host, "*") == 0;
    const int flags = AI_NUMERICHOST | (is_all ? AI_PASSIVE : 0);
    TR_REQUIRE(prepare(&question, is_all ? NULL : host, port, flags), BAD_ARGUMENT);
    ask(&question);
    TR_REQUIRE(question.error != EAI_NONAME, BAD_ARGUMENT);
    return read_answer(&question, out_addresses);
}

troupe_error tr_io_resolve(troupe_self *self, const char *host, uint32_t port,
                           troupe_timeout timeout, tr_io_addresses *out_addresses)
{
    const troupe_allocator *allocator = troupe_self_allocator(self);
    struct question prepared;
    TR_REQUIRE(prepare(&prepared, host, port, 0), BAD_ARGUMENT);
    troupe_error error = tr_io_address_of(host, port, out_addresses);
    if (error != TROUPE_ERROR_BAD_ARGUMENT) {
        return error;
    }
    struct question *question = tr_allocate(allocator, sizeof *question);
    TR_REQUIRE(question != NULL, NO_MEMORY);
    *question = prepared;
    question->allocator = allocator;
    error = troupe_offload(
        self, TROUPE_JOB(.name = "resolve", .work = work, .argument = question, .discard = discard),
        timeout, NULL);
    if (error) {
        return error; /* the question is discarded */
    }
    error = read_answer(question, out_addresses);
    discard(question, NULL);
    return error;
}

troupe_error tr_io_address_of_path(const char *path, tr_io_address *out_address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    TR_REQUIRE(length > 0 && length < sizeof local.sun_path, BAD_ARGUMENT);
    memcpy(local.sun_path, path, length);
    memset(out_address, 0, sizeof *out_address);
    memcpy(&out_address->value, &local, sizeof local);
    out_address->size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length + 1);
    return TROUPE_OK;
}
