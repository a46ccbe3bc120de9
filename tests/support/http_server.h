/* SPDX-License-Identifier: MIT */
/* http_server: an HTTP/1.1 server on loopback for tests, with a thread for each connection.
 *
 *   /hello            200, "hello"
 *   /bytes/N          200, N bytes
 *   /stream/N         200, N bytes without a length before them; then it hangs up
 *   /headers/N        200, N headers of about 100 bytes
 *   /redirect/N       302 to /redirect/N-1, and at 0 to /hello
 *   /loop             302 to itself
 *   /status/N         N, no body
 *   /echo             200, method, a blank, the value of the header X-Test, a blank, the body
 *   /hold             200, "held", once the server is told to let go
 *   /hang-up          nothing: hangs up
 *   all else          404
 *
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_HTTP_SERVER_H
#define TR_TESTS_SUPPORT_HTTP_SERVER_H

struct http_server;

struct http_server *an_http_server(void);
/* Hangs up on all. */
void drop_http_server(struct http_server **server);

/* The url of a path on it; until the fourth call after. */
const char *http_url(struct http_server *server, const char *path);

/* Answers those that are held, now and from now on. */
void http_let_go(struct http_server *server);
/* Waits until `count` requests are held at the same time. */
void http_wait_for_held(struct http_server *server, unsigned count);

/* The most connections that were there at the same time; and how many there were in all. */
unsigned http_most_connections(struct http_server *server);
unsigned http_all_connections(struct http_server *server);

#endif
