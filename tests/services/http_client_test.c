/* SPDX-License-Identifier: MIT */
/* The HTTP client against a server on loopback. */
#include <troupe/actors/http_client.h>

#include <string.h>

#include "support/cast.h"
#include "support/http_server.h"
#include "support/node_fixture.h"

#define LONG TROUPE_WITHIN_MS(20000)

/* A node, a server, and what the actors of a test have in common. */
struct stage {
    struct http_server *server;
    struct probe *seen;
    troupe_node *node;
    const troupe_http_client_options *options;
    void (*play)(struct stage *stage, troupe_self *self, troupe_ref client);
};

/* Makes a client and plays with it. */
static troupe_error play_body(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    troupe_ref client;
    const troupe_error error = troupe_http_client_spawn(self, stage->options, &client);
    if (error) {
        probe_say(stage->seen, "no client: %s", troupe_error_name(error));
        return error;
    }
    stage->play(stage, self, client);
    probe_say(stage->seen, "over");
    return TROUPE_OK;
}

static void set_up_stage(struct stage *stage, const troupe_http_client_options *options)
{
    *stage = (struct stage) {
        .server = an_http_server(), .seen = a_probe(), .node = a_node_of(2), .options = options};
}

static void drop_stage(struct stage *stage)
{
    drop_node(&stage->node);
    drop_http_server(&stage->server);
    drop_probe(&stage->seen);
}

static void begin_play(struct stage *stage,
                       void (*play)(struct stage *stage, troupe_self *self, troupe_ref client))
{
    stage->play = play;
    a_root_of(stage->node,
              TROUPE_SPAWN(.body = play_body, .argument = stage, .reply_bytes = UINT64_C(4) << 20));
}

static void wait_until_over(struct stage *stage)
{
    for (size_t lines = 1;; lines++) {
        assert_true(probe_wait(stage->seen, lines));
        if (strcmp(probe_line(stage->seen, lines - 1), "over") == 0) {
            return;
        }
    }
}

/* From start to end, with what the actors have said in stage->seen. */
static void play_it(struct stage *stage, const troupe_http_client_options *options,
                    void (*play)(struct stage *stage, troupe_self *self, troupe_ref client))
{
    set_up_stage(stage, options);
    begin_play(stage, play);
    wait_until_over(stage);
}

static const char *outcome_name(Troupe__Http__Outcome outcome)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&troupe__http__outcome__descriptor, (int) outcome);
    return value != NULL ? value->name : "?";
}

/* Says "OUTCOME STATUS SIZE" of what became of a request. */
static void say_response(struct stage *stage, troupe_error error,
                         const Troupe__Http__Response *response)
{
    if (error) {
        probe_say(stage->seen, "%s", troupe_error_name(error));
    } else {
        probe_say(stage->seen, "%s %u %zu", outcome_name(response->outcome), response->status,
                  response->body.len);
    }
}

static void get(struct stage *stage, troupe_self *self, troupe_ref client, const char *url)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const Troupe__Http__Response *response = NULL;
    const troupe_error error = troupe_http_get(self, client, url, LONG, &reply, &response);
    say_response(stage, error, response);
}

static void get_path(struct stage *stage, troupe_self *self, troupe_ref client, const char *path)
{
    get(stage, self, client, http_url(stage->server, path));
}

static void ask(struct stage *stage, troupe_self *self, troupe_ref client,
                const Troupe__Http__Request *request, troupe_message **reply)
{
    const troupe_error error = troupe_ask(self, client, &request->base, LONG, reply);
    const Troupe__Http__Response *response =
        error ? NULL : troupe_message_as(*reply, &troupe__http__response__descriptor);
    say_response(stage, error, response);
}

static Troupe__Http__Request request_to(struct stage *stage, const char *path)
{
    Troupe__Http__Request request = TROUPE__HTTP__REQUEST__INIT;
    request.url = (char *) (uintptr_t) http_url(stage->server, path);
    return request;
}

static void play_kinds(struct stage *stage, troupe_self *self, troupe_ref client)
{
    get_path(stage, self, client, "/hello");
    get_path(stage, self, client, "/bytes/1000000");
    get_path(stage, self, client, "/stream/300000");
    get_path(stage, self, client, "/status/503");
    get_path(stage, self, client, "/nowhere");
    get_path(stage, self, client, "/hang-up");
    get(stage, self, client, "http://127.0.0.1:1/");
    get(stage, self, client, "gopher://127.0.0.1/");
    get(stage, self, client, "not a url");
    get(stage, self, client, "");
}

/* Promise: HTTP-FETCH */
static void says_what_came_or_what_went_wrong(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, NULL, play_kinds);
    static const char *const expected[] = {
        "DONE 200 5", "DONE 200 1000000",  "DONE 200 300000", "DONE 503 0",      "DONE 404 0",
        "BROKEN 0 0", "NOT_CONNECTED 0 0", "BAD_REQUEST 0 0", "BAD_REQUEST 0 0", "BAD_REQUEST 0 0",
        "over",
    };
    assert_int_equal(probe_count(stage.seen), sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(probe_line(stage.seen, i), expected[i]);
    }
    drop_stage(&stage);
}

static void play_post(struct stage *stage, troupe_self *self, troupe_ref client)
{
    static unsigned char body[] = {'d', 'a', 't', 'a'};
    Troupe__Http__Header header = TROUPE__HTTP__HEADER__INIT;
    Troupe__Http__Header *headers[] = {&header};
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Http__Request request = request_to(stage, "/echo");
    header.name = (char[]) {"X-Test"};
    header.value = (char[]) {"seen"};
    request.headers = headers;
    request.n_headers = 1;
    request.body.data = body;
    request.body.len = sizeof body;
    ask(stage, self, client, &request, &reply);
    const Troupe__Http__Response *response =
        troupe_message_as(reply, &troupe__http__response__descriptor);
    probe_say(stage->seen, "%.*s", (int) response->body.len, (const char *) response->body.data);
    probe_say(stage->seen, "%s: %s", response->headers[1]->name, response->headers[1]->value);
    request.method = (char[]) {"PUT"};
    ask(stage, self, client, &request, &reply);
    response = troupe_message_as(reply, &troupe__http__response__descriptor);
    probe_say(stage->seen, "%.*s", (int) response->body.len, (const char *) response->body.data);
    request = request_to(stage, "/hello");
    request.method = (char[]) {"HEAD"};
    ask(stage, self, client, &request, &reply);
    request.method = (char[]) {"GET / HTTP/1.1\r\nX: "};
    ask(stage, self, client, &request, &reply);
    header.value = (char[]) {"two\r\nX-More: lines"};
    request = request_to(stage, "/echo");
    request.headers = headers;
    request.n_headers = 1;
    ask(stage, self, client, &request, &reply);
}

/* Promise: HTTP-FETCH */
static void sends_method_headers_and_body(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, NULL, play_post);
    static const char *const expected[] = {
        "DONE 200 14",   "POST seen data", "Content-Type: text/plain", "DONE 200 13",
        "PUT seen data", "DONE 200 0",     "BAD_REQUEST 0 0",          "BAD_REQUEST 0 0",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(probe_line(stage.seen, i), expected[i]);
    }
    drop_stage(&stage);
}

static void play_large(struct stage *stage, troupe_self *self, troupe_ref client)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    get_path(stage, self, client, "/bytes/10000");
    get_path(stage, self, client, "/bytes/10001");
    get_path(stage, self, client, "/stream/10000");
    get_path(stage, self, client, "/stream/10001");
    get_path(stage, self, client, "/headers/5");
    get_path(stage, self, client, "/headers/50");
    Troupe__Http__Request request = request_to(stage, "/bytes/101");
    request.body_max = 100;
    ask(stage, self, client, &request, &reply);
    request.url = (char *) (uintptr_t) http_url(stage->server, "/bytes/10001");
    request.body_max = 20000; /* the client's limit is the most */
    ask(stage, self, client, &request, &reply);
}

/* Promise: HTTP-LIMITS */
static void takes_no_more_than_its_limits(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, TROUPE_HTTP_CLIENT(.body_max = 10000, .headers_max = 2000), play_large);
    static const char *const expected[] = {
        "DONE 200 10000", "TOO_LARGE 0 0", "DONE 200 10000", "TOO_LARGE 0 0",
        "DONE 200 0",     "TOO_LARGE 0 0", "TOO_LARGE 0 0",  "TOO_LARGE 0 0",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(probe_line(stage.seen, i), expected[i]);
    }
    drop_stage(&stage);
}

static void play_hello(struct stage *stage, troupe_self *self, troupe_ref client)
{
    get_path(stage, self, client, "/hello");
}

/* Promise: HTTP-LIMITS */
static void takes_limits_that_are_none(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, TROUPE_HTTP_CLIENT(.body_max = UINT64_MAX, .timeout = TROUPE_FOREVER),
            play_hello);
    assert_string_equal(probe_line(stage.seen, 0), "DONE 200 5");
    drop_stage(&stage);
}

static void play_redirects(struct stage *stage, troupe_self *self, troupe_ref client)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    get_path(stage, self, client, "/redirect/2");
    get_path(stage, self, client, "/redirect/3");
    get_path(stage, self, client, "/loop");
    Troupe__Http__Request request = request_to(stage, "/redirect/2");
    request.no_redirects = true;
    ask(stage, self, client, &request, &reply);
}

/* Promise: HTTP-LIMITS */
static void follows_no_more_redirects_than_its_limit(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, TROUPE_HTTP_CLIENT(.redirects_max = 3), play_redirects);
    assert_string_equal(probe_line(stage.seen, 0), "DONE 200 5");
    assert_string_equal(probe_line(stage.seen, 1), "TOO_MANY_REDIRECTS 0 0");
    assert_string_equal(probe_line(stage.seen, 2), "TOO_MANY_REDIRECTS 0 0");
    assert_string_equal(probe_line(stage.seen, 3), "DONE 302 0");
    drop_stage(&stage);
}

static void play_slow(struct stage *stage, troupe_self *self, troupe_ref client)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const Troupe__Http__Response *response = NULL;
    get_path(stage, self, client, "/hold");
    const troupe_error error = troupe_http_get(self, client, http_url(stage->server, "/hold"),
                                               TROUPE_WITHIN_MS(20), &reply, &response);
    say_response(stage, error, response);
    http_let_go(stage->server);
    get_path(stage, self, client, "/hold");
}

/* Promise: HTTP-LIMITS */
static void waits_no_longer_than_its_timeout_and_the_deadline(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, TROUPE_HTTP_CLIENT(.timeout = TROUPE_WITHIN_MS(200)), play_slow);
    assert_string_equal(probe_line(stage.seen, 0), "TIMED_OUT 0 0");
    assert_string_equal(probe_line(stage.seen, 1), "TIMED_OUT");
    assert_string_equal(probe_line(stage.seen, 2), "DONE 200 4");
    drop_stage(&stage);
}

/* One of many that fetch at once. */
struct fetcher {
    struct stage *stage;
    troupe_ref client;
    const char *path;
};

static troupe_error fetch_body(troupe_self *self, void *argument)
{
    const struct fetcher *fetcher = argument;
    char url[128];
    (void) snprintf(url, sizeof url, "%s", fetcher->path);
    get(fetcher->stage, self, fetcher->client, url);
    return TROUPE_OK;
}

/* Has `count` actors fetch a path at once. */
static void fetch_at_once(struct stage *stage, troupe_self *self, struct fetcher *fetcher,
                          unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        troupe_ref ref;
        if (troupe_spawn_nowait(
                self,
                TROUPE_SPAWN(.body = fetch_body, .argument = fetcher, .place = TROUPE_PLACE_ANY),
                &ref) != TROUPE_OK) {
            probe_say(stage->seen, "not spawned");
        }
    }
}

#define FETCHES 200

static void play_many(struct stage *stage, troupe_self *self, troupe_ref client)
{
    char url[128];
    (void) snprintf(url, sizeof url, "%s", http_url(stage->server, "/hello"));
    struct fetcher fetcher = {.stage = stage, .client = client, .path = url};
    fetch_at_once(stage, self, &fetcher, FETCHES);
    while (probe_count(stage->seen) < FETCHES) {
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1)); /* the others fetch meanwhile */
    }
}

/* Promise: HTTP-CONNECTIONS */
static void fetches_many_at_once_over_few_connections(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, TROUPE_HTTP_CLIENT(.connections_per_host_max = 4), play_many);
    for (size_t i = 0; i < FETCHES; i++) {
        assert_string_equal(probe_line(stage.seen, i), "DONE 200 5");
    }
    assert_true(http_most_connections(stage.server) <= 4);
    assert_int_equal(http_all_connections(stage.server), 4); /* they were used again */
    drop_stage(&stage);
}

static void play_crowd(struct stage *stage, troupe_self *self, troupe_ref client)
{
    char url[128];
    (void) snprintf(url, sizeof url, "%s", http_url(stage->server, "/hold"));
    struct fetcher fetcher = {.stage = stage, .client = client, .path = url};
    fetch_at_once(stage, self, &fetcher, 3);
    while (probe_count(stage->seen) < 1) { /* the third is refused at once */
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    http_let_go(stage->server);
    while (probe_count(stage->seen) < 3) {
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
}

/* Promise: HTTP-LIMITS */
static void refuses_more_requests_than_it_may_have(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, TROUPE_HTTP_CLIENT(.requests_max = 2), play_crowd);
    assert_string_equal(probe_line(stage.seen, 0), "OVERLOADED");
    assert_string_equal(probe_line(stage.seen, 1), "DONE 200 4");
    assert_string_equal(probe_line(stage.seen, 2), "DONE 200 4");
    drop_stage(&stage);
}

static void play_cancel(struct stage *stage, troupe_self *self, troupe_ref client)
{
    char held[128];
    char hello[128];
    (void) snprintf(held, sizeof held, "%s", http_url(stage->server, "/hold"));
    (void) snprintf(hello, sizeof hello, "%s", http_url(stage->server, "/hello"));
    struct fetcher fetchers[] = {{.stage = stage, .client = client, .path = held},
                                 {.stage = stage, .client = client, .path = hello}};
    troupe_task tasks[2];
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < 2 && error == TROUPE_OK; i++) {
        error = troupe_task_start(
            self, scope, TROUPE_TASK(.body = fetch_body, .argument = &fetchers[i]), &tasks[i]);
        while (http_all_connections(stage->server) == 0 && error == TROUPE_OK) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(1)); /* the first has the connection */
        }
    }
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    error = error ? error : troupe_task_cancel(self, tasks[0]);
    error = error ? error : troupe_scope_leave(self, &scope);
    get(stage, self, client, hello);
    probe_say(stage->seen, "left %s", troupe_error_name(error));
}

/* Promise: HTTP-CANCEL */
static void ends_a_transfer_that_nobody_waits_for(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage,
            TROUPE_HTTP_CLIENT(.connections_max = 1, .requests_max = 2,
                               .timeout = TROUPE_WITHIN_MS(10000)),
            play_cancel);
    assert_string_equal(probe_line(stage.seen, 0), "CANCELLED");
    assert_string_equal(probe_line(stage.seen, 1), "DONE 200 5");
    assert_string_equal(probe_line(stage.seen, 2), "DONE 200 5");
    assert_string_equal(probe_line(stage.seen, 3), "left OK");
    drop_stage(&stage);
}

static void play_stop(struct stage *stage, troupe_self *self, troupe_ref client)
{
    char url[128];
    (void) snprintf(url, sizeof url, "%s", http_url(stage->server, "/hold"));
    struct fetcher fetcher = {.stage = stage, .client = client, .path = url};
    fetch_at_once(stage, self, &fetcher, 5);
    while (troupe_stop(self, client) != TROUPE_OK) {}
    while (probe_count(stage->seen) < 5) {
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
}

/* Promise: HTTP-STOP */
static void ends_what_is_under_way_when_it_is_stopped(void **state)
{
    (void) state;
    struct stage stage;
    play_it(&stage, NULL, play_stop);
    for (size_t i = 0; i < 5; i++) {
        const char *line = probe_line(stage.seen, i);
        assert_true(strcmp(line, "NO_REPLY") == 0 || strcmp(line, "STALE") == 0 ||
                    strcmp(line, "STOPPING") == 0);
    }
    drop_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_came_or_what_went_wrong),
        cmocka_unit_test(sends_method_headers_and_body),
        cmocka_unit_test(takes_no_more_than_its_limits),
        cmocka_unit_test(takes_limits_that_are_none),
        cmocka_unit_test(follows_no_more_redirects_than_its_limit),
        cmocka_unit_test(waits_no_longer_than_its_timeout_and_the_deadline),
        cmocka_unit_test(fetches_many_at_once_over_few_connections),
        cmocka_unit_test(refuses_more_requests_than_it_may_have),
        cmocka_unit_test(ends_a_transfer_that_nobody_waits_for),
        cmocka_unit_test(ends_what_is_under_way_when_it_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
