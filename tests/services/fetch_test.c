/* SPDX-License-Identifier: MIT */
/* The example that fetches URLs, against a server on loopback. */
#include <stdlib.h>
#include <string.h>

#include "integration/program.h"
#include "support/fixtures.h"
#include "support/http_server.h"

#define URLS 100

static int count_lines(const char *text)
{
    int count = 0;
    for (const char *at = strchr(text, '\n'); at != NULL; at = strchr(at + 1, '\n')) {
        count++;
    }
    return count;
}

static void fetches_many_at_once(void **state)
{
    (void) state;
    struct http_server *server = an_http_server();
    char command[16384];
    size_t size = (size_t) snprintf(command, sizeof command, "'%s'", FETCH);
    for (int i = 0; i < URLS; i++) {
        char path[32];
        (void) snprintf(path, sizeof path, "/bytes/%d", i);
        size +=
            (size_t) snprintf(command + size, sizeof command - size, " %s", http_url(server, path));
    }
    struct program program = program_run(command);

    assert_string_equal(program.err, "");
    assert_int_equal(program.status, 0);
    assert_int_equal(count_lines(program.out), URLS);
    assert_non_null(strstr(program.out, "/bytes/77: 200, 77 bytes\n"));
    assert_true(http_most_connections(server) <= 8);

    program_fini(&program);
    drop_http_server(&server);
}

static void says_what_it_cannot_fetch(void **state)
{
    (void) state;
    struct program program = program_run("'" FETCH "' http://127.0.0.1:1/ ''");

    assert_int_equal(program.status, 0);
    assert_non_null(strstr(program.out, "http://127.0.0.1:1/: Failed to connect"));
    assert_non_null(strstr(program.out, ": the request has no url\n"));

    program_fini(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetches_many_at_once),
        cmocka_unit_test(says_what_it_cannot_fetch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
