/* SPDX-License-Identifier: MIT */
#include "io/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "unit/io/io_fixture.h"

static void assert_is(const tr_io_address *address, const char *text, uint32_t port)
{
    char found[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *four = (const struct sockaddr_in *) &address->value;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *) &address->value;
    if (address->value.ss_family == AF_INET) {
        assert_non_null(inet_ntop(AF_INET, &four->sin_addr, found, sizeof found));
        assert_int_equal(ntohs(four->sin_port), port);
    } else {
        assert_non_null(inet_ntop(AF_INET6, &six->sin6_addr, found, sizeof found));
        assert_int_equal(ntohs(six->sin6_port), port);
    }
    assert_string_equal(found, text);
}

static void knows_addresses_without_asking(void **state)
{
    (void) state;
    tr_io_addresses addresses;
    assert_ok(tr_io_address_of("10.1.2.3", 80, &addresses));
    assert_int_equal(addresses.count, 1);
    assert_is(&addresses.list[0], "10.1.2.3", 80);
    assert_ok(tr_io_address_of("fe80::1", 65535, &addresses));
    assert_is(&addresses.list[0], "fe80::1", 65535);
    assert_ok(tr_io_address_of("*", 1, &addresses));
    assert_true(addresses.count >= 1);
    assert_fails(tr_io_address_of("localhost", 1, &addresses), BAD_ARGUMENT);
    assert_fails(tr_io_address_of("", 1, &addresses), BAD_ARGUMENT);
    char name[300];
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    assert_fails(tr_io_address_of(name, 1, &addresses), BAD_ARGUMENT);
    assert_fails(tr_io_address_of("10.1.2.3", 65536, &addresses), BAD_ARGUMENT);
}

static void asks_for_names(void **state)
{
    const struct scene *scene = *state;
    tr_io_addresses addresses;
    assert_ok(tr_io_resolve(scene->self, "localhost", 7, TROUPE_WITHIN_S(20), &addresses));
    assert_true(addresses.count >= 1);
    const char *expected = addresses.list[0].value.ss_family == AF_INET ? "127.0.0.1" : "::1";
    assert_is(&addresses.list[0], expected, 7);
    assert_ok(tr_io_resolve(scene->self, NULL, 7, TROUPE_NOW, &addresses));
    /* Given up: the question is discarded, sooner or later. */
    assert_fails(tr_io_resolve(scene->self, "localhost", 7, TROUPE_NOW, &addresses), TIMED_OUT);
    assert_fails(
        tr_io_resolve(scene->self, "no.such.host.invalid", 7, TROUPE_WITHIN_S(20), &addresses),
        DISCONNECTED);
    assert_true(addresses.system_error != 0);
}

static void makes_addresses_of_paths(void **state)
{
    (void) state;
    tr_io_address address;
    char path[200];
    assert_ok(tr_io_address_of_path("/tmp/x", &address));
    assert_string_equal(((const struct sockaddr_un *) &address.value)->sun_path, "/tmp/x");
    memset(path, 'a', sizeof path);
    path[107] = '\0';
    assert_ok(tr_io_address_of_path(path, &address));
    path[107] = 'a';
    path[108] = '\0';
    assert_fails(tr_io_address_of_path(path, &address), BAD_ARGUMENT);
    assert_fails(tr_io_address_of_path("", &address), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_addresses_without_asking),
        WITH_SCENE(asks_for_names),
        cmocka_unit_test(makes_addresses_of_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
