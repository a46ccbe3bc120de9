/* SPDX-License-Identifier: MIT */
/* What calls on descriptors and sockets promise of a cancel in the moment in which they complete:
 * no byte, connection or descriptor is lost. */
#include "integration/io_races.h"

#define CHUNK ((size_t) 8 << 10)

/* Bytes, which are numbered. */

static void check_bytes(struct race *race, uint64_t from, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect(race, bytes[i] == (unsigned char) (from + i), "a byte was lost");
    }
}

static void writes_some(troupe_self *self, struct race *race)
{
    unsigned char bytes[8];
    const uint64_t made = atomic_load(&race->made);
    const size_t count = 1 + troupe_self_random(self) % 8;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (unsigned char) (made + i);
    }
    expect(race, troupe_write_fd(self, race->far, bytes, count, SOON, NULL) == TROUPE_OK,
           "not written");
    atomic_fetch_add(&race->made, count);
}

static troupe_error reads(troupe_self *self, struct race *race)
{
    unsigned char bytes[5];
    troupe_transfer transfer = {.count = 99};
    const troupe_error error =
        troupe_read_fd(self, race->near, bytes, 5, TROUPE_FOREVER, &transfer);
    expect(race, (error == TROUPE_OK) == (transfer.count > 0), "bytes with an error");
    check_bytes(race, race->got, bytes, transfer.count);
    race->got += transfer.count;
    return error;
}

static troupe_error reads_all(troupe_self *self, struct race *race)
{
    unsigned char bytes[4];
    troupe_transfer transfer = {.count = 99};
    const troupe_error error =
        troupe_read_fd_all(self, race->near, bytes, 4, TROUPE_FOREVER, &transfer);
    expect(race, (error == TROUPE_OK) == (transfer.count == 4), "not all");
    check_bytes(race, race->got, bytes, transfer.count);
    race->got += transfer.count;
    return error;
}

static void reads_the_rest(troupe_self *self, struct race *race)
{
    unsigned char bytes[64];
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && race->fault == NULL) {
        troupe_transfer transfer;
        error = troupe_read_fd(self, race->near, bytes, 64, TROUPE_WITHIN_MS(50), &transfer);
        check_bytes(race, race->got, bytes, transfer.count);
        race->got += transfer.count;
    }
    expect(race, race->got == atomic_load(&race->made), "bytes were lost");
}

/* Promise: CANCEL-FD */
static void leaves_bytes_that_were_not_read(void **state)
{
    static const struct race_kind kinds[] = {
        {.attempt = reads, .end = reads_the_rest, .help = writes_some},
        {.attempt = reads_all, .end = reads_the_rest, .help = writes_some}};
    run(*state, &kinds[0]);
    run(*state, &kinds[1]);
}

static unsigned char chunk[CHUNK + 256];

static void numbers_chunk(troupe_self *self, struct race *race)
{
    (void) self;
    (void) race;
    for (size_t i = 0; i < sizeof chunk; i++) {
        chunk[i] = (unsigned char) i;
    }
}

static troupe_error writes(troupe_self *self, struct race *race)
{
    troupe_transfer transfer = {.count = CHUNK + 1};
    const troupe_error error = troupe_write_fd(self, race->near, &chunk[race->got % 256], CHUNK,
                                               TROUPE_FOREVER, &transfer);
    expect(race, (error == TROUPE_OK) == (transfer.count == CHUNK), "not all");
    race->got += transfer.count;
    return error;
}

static void reads_some(troupe_self *self, struct race *race)
{
    static unsigned char bytes[3 * CHUNK];
    troupe_transfer transfer;
    const size_t count = 1 + troupe_self_random(self) % sizeof bytes;
    (void) troupe_read_fd(self, race->far, bytes, count, TROUPE_WITHIN_MS(1), &transfer);
    check_bytes(race, atomic_load(&race->made), bytes, transfer.count);
    atomic_fetch_add(&race->made, transfer.count);
}

/* Says that this is all, and waits until the helper has read it. */
static void is_read_to_the_end(troupe_self *self, struct race *race)
{
    for (unsigned i = 0; atomic_load(&race->made) < race->got && i < 10000; i++) {
        expect(race, send_figure(self, race->helper, 0) == TROUPE_OK, "no order");
        expect(race, troupe_sleep(self, TROUPE_WITHIN_US(100)) == TROUPE_OK, "no sleep");
    }
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(10)); /* more than that would be too much */
    expect(race, atomic_load(&race->made) == race->got, "counted and not written, or vice versa");
}

/* Promise: CANCEL-FD */
static void counts_the_bytes_that_were_written(void **state)
{
    static const struct race_kind kind = {
        .begin = numbers_chunk, .attempt = writes, .end = is_read_to_the_end, .help = reads_some};
    run(*state, &kind);
}

static void writes_one(troupe_self *self, struct race *race)
{
    expect(race, troupe_write_fd(self, race->far, "x", 1, SOON, NULL) == TROUPE_OK, "not written");
}

static troupe_error waits(troupe_self *self, struct race *race)
{
    uint32_t events = 0;
    const troupe_error error =
        troupe_wait_fd(self, race->near, TROUPE_READABLE, TROUPE_FOREVER, &events);
    expect(race, error != TROUPE_OK || events == TROUPE_READABLE, "ready for nothing");
    return error;
}

static void reads_one(troupe_self *self, struct race *race)
{
    char byte = 0;
    const troupe_timeout timeout = race->is_done ? TROUPE_NOW : SOON;
    expect(race, troupe_read_fd(self, race->near, &byte, 1, timeout, NULL) == TROUPE_OK,
           "said to be ready");
}

/* Promise: CANCEL-FD */
static void is_ready_if_it_says_so(void **state)
{
    static const struct race_kind kind = {
        .attempt = waits, .settle = reads_one, .help = writes_one};
    run(*state, &kind);
}

/* Connections. */

static void listens(troupe_self *self, struct race *race)
{
    (void) self;
    expect(race,
           troupe_socket_listen(TROUPE_SOCKET(.backlog = 2 * ROUNDS), &race->fd, NULL) == TROUPE_OK,
           "no listener");
    race->port = (int) troupe_socket_port(race->fd);
}

static void closes_listener(troupe_self *self, struct race *race)
{
    troupe_close_fd(self, race->fd);
}

static void connects_once(troupe_self *self, struct race *race)
{
    int fd = -1;
    expect(race,
           troupe_socket_connect(self, TROUPE_SOCKET(.port = (uint32_t) race->port), SOON, &fd,
                                 NULL) == TROUPE_OK,
           "not connected");
    troupe_close_fd(self, fd);
    atomic_fetch_add(&race->made, 1);
}

static troupe_error accepts(troupe_self *self, struct race *race)
{
    int fd = -1;
    const troupe_error error = troupe_socket_accept(self, race->fd, TROUPE_FOREVER, &fd);
    expect(race, (error == TROUPE_OK) == (fd >= 0), "a connection with an error");
    race->got += fd >= 0 ? 1 : 0;
    troupe_close_fd(self, fd);
    return error;
}

static void accepts_the_rest(troupe_self *self, struct race *race)
{
    int fd = -1;
    while (troupe_socket_accept(self, race->fd, TROUPE_WITHIN_MS(100), &fd) == TROUPE_OK) {
        race->got++;
        troupe_close_fd(self, fd);
    }
    expect(race, race->got == atomic_load(&race->made), "a connection was lost");
    closes_listener(self, race);
}

static troupe_error connects(troupe_self *self, struct race *race)
{
    int fd = -1;
    const troupe_error error = troupe_socket_connect(
        self, TROUPE_SOCKET(.port = (uint32_t) race->port), TROUPE_FOREVER, &fd, NULL);
    expect(race, (error == TROUPE_OK) == (fd >= 0), "a connection with an error");
    troupe_close_fd(self, fd);
    return error;
}

/* Promise: CANCEL-SOCKET */
static void leaves_connections_that_were_not_accepted(void **state)
{
    static const struct race_kind kind = {
        .begin = listens, .attempt = accepts, .end = accepts_the_rest, .help = connects_once};
    run(*state, &kind);
}

/* Promise: CANCEL-SOCKET */
static void has_a_connection_or_nothing_of_it(void **state)
{
    static const struct race_kind kind = {
        .begin = listens, .attempt = connects, .end = closes_listener};
    run(*state, &kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(leaves_bytes_that_were_not_read),
        WITH_SCENE(counts_the_bytes_that_were_written),
        WITH_SCENE(is_ready_if_it_says_so),
        WITH_SCENE(leaves_connections_that_were_not_accepted),
        WITH_SCENE(has_a_connection_or_nothing_of_it),
    };
    return cmocka_run_group_tests_name("io_races", tests, NULL, NULL);
}
