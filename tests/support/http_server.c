/* SPDX-License-Identifier: MIT */
#include "support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fixtures.h"

#define CONNECTIONS_MAX 512
#define REQUEST_SIZE 65536
#define URLS 4
#define URL_SIZE 128

struct connection {
    struct http_server *server;
    pthread_t thread;
    int fd; /* under the mutex; -1: closed */
};

struct http_server {
    int fd;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex. */
    bool is_over;
    bool lets_go;
    unsigned held;
    unsigned open;
    unsigned most;
    unsigned count;
    struct connection connections[CONNECTIONS_MAX];
    /* The test's. */
    char urls[URLS][URL_SIZE];
    unsigned next_url;
};

struct request {
    char method[16];
    char path[256];
    char test_header[128];
    const char *body;
    size_t body_size;
};

static bool send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        const ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= (size_t) sent;
    }
    return true;
}

static bool send_text(int fd, const char *text)
{
    return send_all(fd, text, strlen(text));
}

static bool send_filling(int fd, size_t size)
{
    static const char filling[4096] = {'x'};
    while (size > 0) {
        const size_t part = size < sizeof filling ? size : sizeof filling;
        if (!send_all(fd, filling, part)) {
            return false;
        }
        size -= part;
    }
    return true;
}

static bool send_head(int fd, unsigned status, size_t length, const char *more)
{
    char head[512];
    (void) snprintf(head, sizeof head, "HTTP/1.1 %u Said\r\nContent-Length: %zu\r\n%s\r\n", status,
                    length, more);
    return send_text(fd, head);
}

static bool send_response(int fd, const char *body)
{
    return send_head(fd, 200, strlen(body), "Content-Type: text/plain\r\n") && send_text(fd, body);
}

static bool send_redirect(int fd, const char *path)
{
    char location[128];
    (void) snprintf(location, sizeof location, "Location: %s\r\n", path);
    return send_head(fd, 302, 0, location);
}

static bool redirect_on(int fd, unsigned long left)
{
    char path[64];
    (void) snprintf(path, sizeof path, "/redirect/%lu", left - 1);
    return send_redirect(fd, left > 0 ? path : "/hello");
}

static bool send_headers(int fd, unsigned long count)
{
    bool is_there = send_text(fd, "HTTP/1.1 200 Said\r\nContent-Length: 0\r\n");
    for (unsigned long i = 0; i < count && is_there; i++) {
        char line[128];
        (void) snprintf(line, sizeof line, "X-Number-%04lu: %080lu\r\n", i, i);
        is_there = send_text(fd, line);
    }
    return is_there && send_text(fd, "\r\n");
}

static bool stream(int fd, size_t size)
{
    (void) (send_text(fd, "HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n") &&
            send_filling(fd, size));
    return false;
}

static bool echo(int fd, const struct request *request)
{
    char text[REQUEST_SIZE];
    (void) snprintf(text, sizeof text, "%s %s %.*s", request->method, request->test_header,
                    (int) request->body_size, request->body);
    return send_response(fd, text);
}

static bool hold(struct http_server *server, int fd)
{
    pthread_mutex_lock(&server->mutex);
    server->held++;
    pthread_cond_broadcast(&server->changed);
    while (!server->lets_go && !server->is_over) {
        pthread_cond_wait(&server->changed, &server->mutex);
    }
    server->held--;
    pthread_mutex_unlock(&server->mutex);
    return send_response(fd, "held");
}

/* The number behind the path's last slash. */
static unsigned long number_of(const struct request *request)
{
    return strtoul(strrchr(request->path, '/') + 1, NULL, 10);
}

static bool begins(const struct request *request, const char *prefix)
{
    return strncmp(request->path, prefix, strlen(prefix)) == 0;
}

/* Whether the connection stays open. */
static bool answer(struct http_server *server, int fd, const struct request *request)
{
    if (begins(request, "/hello")) {
        return strcmp(request->method, "HEAD") == 0 ? send_head(fd, 200, 5, "")
                                                    : send_response(fd, "hello");
    }
    if (begins(request, "/bytes/")) {
        return send_head(fd, 200, number_of(request), "") && send_filling(fd, number_of(request));
    }
    if (begins(request, "/stream/")) {
        return stream(fd, number_of(request));
    }
    if (begins(request, "/headers/")) {
        return send_headers(fd, number_of(request));
    }
    if (begins(request, "/redirect/")) {
        return redirect_on(fd, number_of(request));
    }
    if (begins(request, "/loop")) {
        return send_redirect(fd, "/loop");
    }
    if (begins(request, "/status/")) {
        return send_head(fd, (unsigned) number_of(request), 0, "");
    }
    if (begins(request, "/echo")) {
        return echo(fd, request);
    }
    if (begins(request, "/hold")) {
        return hold(server, fd);
    }
    return !begins(request, "/hang-up") && send_head(fd, 404, 0, "");
}

/* The value of a header in the head, up to the line's end; "" if it is not there. */
static void find_header(const char *head, const char *name, char *value, size_t size)
{
    value[0] = '\0';
    const char *at = strstr(head, name);
    if (at != NULL) {
        at += strlen(name);
        (void) snprintf(value, size, "%.*s", (int) strcspn(at, "\r\n"), at);
    }
}

/* Reads up to the end of the head, and the body. False: the other side has gone. */
static bool read_request(int fd, char *text, struct request *request)
{
    size_t size = 0;
    char *end = NULL;
    while ((end = strstr(text, "\r\n\r\n")) == NULL) {
        const ssize_t got = recv(fd, text + size, REQUEST_SIZE - 1 - size, 0);
        if (got <= 0) {
            return false;
        }
        size += (size_t) got;
        text[size] = '\0';
    }
    char length[32];
    find_header(text, "Content-Length: ", length, sizeof length);
    find_header(text, "X-Test: ", request->test_header, sizeof request->test_header);
    request->body = end + 4;
    request->body_size = strtoul(length, NULL, 10);
    while (size < (size_t) (request->body - text) + request->body_size) {
        const ssize_t got = recv(fd, text + size, REQUEST_SIZE - 1 - size, 0);
        if (got <= 0) {
            return false;
        }
        size += (size_t) got;
        text[size] = '\0';
    }
    return sscanf(text, "%15s %255s", request->method, request->path) == 2;
}

static void *serve(void *context)
{
    struct connection *connection = context;
    struct http_server *server = connection->server;
    const int fd = connection->fd;
    char text[REQUEST_SIZE] = "";
    struct request request;
    while (read_request(fd, text, &request) && answer(server, fd, &request)) {
        text[0] = '\0';
    }
    pthread_mutex_lock(&server->mutex);
    server->open--;
    connection->fd = -1;
    pthread_mutex_unlock(&server->mutex);
    (void) close(fd);
    return NULL;
}

static void begin(struct http_server *server, int fd)
{
    pthread_mutex_lock(&server->mutex);
    struct connection *connection = &server->connections[server->count];
    const bool has_room = !server->is_over && server->count < CONNECTIONS_MAX;
    if (has_room) {
        *connection = (struct connection) {.server = server, .fd = fd};
        server->count++;
        server->open++;
        server->most = server->open > server->most ? server->open : server->most;
        (void) pthread_create(&connection->thread, NULL, serve, connection);
    }
    pthread_mutex_unlock(&server->mutex);
    if (!has_room) {
        (void) close(fd);
    }
}

static void *listen_for_all(void *context)
{
    struct http_server *server = context;
    for (;;) {
        const int fd = accept(server->fd, NULL, NULL);
        if (fd < 0) {
            return NULL; /* it was shut down */
        }
        begin(server, fd);
    }
}

struct http_server *an_http_server(void)
{
    struct http_server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (const struct sockaddr *) &address, size), 0);
    assert_int_equal(listen(server->fd, 128), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *) &address, &size), 0);
    server->port = ntohs(address.sin_port);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->changed, NULL);
    assert_int_equal(pthread_create(&server->thread, NULL, listen_for_all, server), 0);
    return server;
}

void drop_http_server(struct http_server **in_server)
{
    struct http_server *server = *in_server;
    *in_server = NULL;
    (void) shutdown(server->fd, SHUT_RDWR);
    (void) pthread_join(server->thread, NULL);
    pthread_mutex_lock(&server->mutex);
    server->is_over = true;
    pthread_cond_broadcast(&server->changed);
    for (unsigned i = 0; i < server->count; i++) {
        if (server->connections[i].fd >= 0) {
            (void) shutdown(server->connections[i].fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&server->mutex);
    for (unsigned i = 0; i < server->count; i++) {
        (void) pthread_join(server->connections[i].thread, NULL);
    }
    (void) close(server->fd);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

const char *http_url(struct http_server *server, const char *path)
{
    char *url = server->urls[server->next_url++ % URLS];
    (void) snprintf(url, URL_SIZE, "http://127.0.0.1:%u%s", server->port, path);
    return url;
}

void http_let_go(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->lets_go = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

void http_wait_for_held(struct http_server *server, unsigned count)
{
    pthread_mutex_lock(&server->mutex);
    while (server->held < count) {
        pthread_cond_wait(&server->changed, &server->mutex);
    }
    pthread_mutex_unlock(&server->mutex);
}

unsigned http_most_connections(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    const unsigned most = server->most;
    pthread_mutex_unlock(&server->mutex);
    return most;
}

unsigned http_all_connections(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    const unsigned count = server->count;
    pthread_mutex_unlock(&server->mutex);
    return count;
}
