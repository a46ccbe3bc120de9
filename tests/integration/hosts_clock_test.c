/* SPDX-License-Identifier: MIT */
/* A node whose time of day jumps, by days and years (libfaketime): nothing comes of it, as only the
 * number of its incarnation is made of the time of day. COMMAND is `troupe`, SHOP a module. */
#include <glob.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "base/clock.h"
#include "integration/program.h"
#include "integration/service.h"
#include "support/files.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "till.pb-c.h"

#define BEAT_US 100000
/* It says that it lives twice in that time. */
#define BEATS 5
#define BEATS_LEAST_MS 100

struct scene {
    struct files *files;
    struct service service;
    struct probe *probe;
    _Atomic uint32_t asked;
    _Atomic uint32_t is_over;
    _Atomic uint32_t lost;
};

static void write_log(void *context, troupe_log_level level, const char *text)
{
    struct scene *scene = context;
    (void) level;
    scene->lost +=
        strstr(text, "taken for dead") != NULL || strstr(text, "is interrupted") != NULL ? 1 : 0;
}

/* Asks the till there, again and again, until it is over. */
static troupe_error asks_on(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    char item[] = "apples";
    Shop__Order order = SHOP__ORDER__INIT;
    order.item = item;
    order.count = 1;
    troupe_ref till;
    troupe_ready(self);
    troupe_error error = troupe_learn(self, &shop__receipt__descriptor);
    error = error ? error : lookup_when_there(self, scene->service.node, "till", &till);
    while (!error && atomic_load(&scene->is_over) == 0) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_ask(self, till, &order.base, TROUPE_WITHIN_S(60), &reply);
        atomic_fetch_add(&scene->asked, 1);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    probe_say(scene->probe, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

/* From here on the time of day is so much later, in seconds, in processes that are begun in
 * between. */
static void begin_to_fake(const struct scene *scene, const char *library)
{
    files_write(scene->files, "+0\n", 0600);
    assert_int_equal(setenv("LD_PRELOAD", library, 1), 0);
    assert_int_equal(setenv("FAKETIME_TIMESTAMP_FILE", scene->files->path, 1), 0);
    assert_int_equal(setenv("FAKETIME_NO_CACHE", "1", 1), 0);
    assert_int_equal(setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1), 0);
    /* Waits on conditions go by the monotonic clock, as they should without its help. */
    assert_int_equal(setenv("FAKETIME_FORCE_MONOTONIC_FIX", "0", 1), 0);
}

static void fake(const struct scene *scene, const char *offset)
{
    char path[128];
    (void) snprintf(path, sizeof path, "%s.new", scene->files->path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", offset) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(path, scene->files->path), 0); /* no half of it is read */
}

static long long seen(const struct scene *scene, const char *offset)
{
    fake(scene, offset);
    struct program program = program_run("date +%s");
    const long long seconds = strtoll(program.out, NULL, 10);
    program_fini(&program);
    return seconds;
}

static void jump(struct scene *scene, const char *offset)
{
    const uint32_t asked = atomic_load(&scene->asked);
    fake(scene, offset);
    const uint64_t begin_ns = tr_clock_real().now_ns(NULL);
    for (int i = 0; i < BEATS; i++) {
        service_hear_until(&scene->service, "WATCHDOG=1");
    }
    assert_true(tr_clock_real().now_ns(NULL) - begin_ns >= BEATS_LEAST_MS * UINT64_C(1000000));
    assert_true(atomic_load(&scene->asked) > asked);
    assert_int_equal(atomic_load(&scene->lost), 0);
}

/* Promise: HOSTS-CLOCK */
static void nothing_comes_of_a_clock_that_jumps(void **state)
{
    struct scene scene = {.files = *state, .probe = a_probe()};
    glob_t libraries;
    if (glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, NULL, &libraries) != 0) {
        drop_probe(&scene.probe);
        skip_because("libfaketime is missing");
    }
    begin_to_fake(&scene, libraries.gl_pathv[0]);
    globfree(&libraries);
    assert_true(seen(&scene, "+31536000") - seen(&scene, "+0") > 31535000);
    const char *const arguments[] = {
        "--listen", "tcp://127.0.0.1:*", "--plain", "loopback", "--load",
        SHOP,       "--workers",         "1",       NULL};
    scene.service = a_service(COMMAND, arguments, BEAT_US);
    assert_int_equal(unsetenv("LD_PRELOAD"), 0);
    service_get_ready(&scene.service);
    const troupe_peer peer = {.endpoint = scene.service.endpoint};
    const troupe_log log = {.write = write_log, .context = &scene, .level = TROUPE_LOG_NOTICE};
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.name = "tester", .workers = 1, .log = &log, .peers = &peer,
                                   .peer_count = 1, .plain = TROUPE_PLAIN_ON_LOOPBACK));
    (void) a_root_of(node, TROUPE_SPAWN(.body = asks_on, .argument = &scene));
    static const char *const offsets[] = {"+86400", "-86400", "+315360000", "-315360000",
                                          "+3600",  "-1",     "+0"};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        jump(&scene, offsets[i]);
    }
    atomic_store(&scene.is_over, 1);
    assert_true(probe_wait(scene.probe, 1));
    assert_said(scene.probe, "OK");
    assert_false(service_has_logged(&scene.service, "taken for dead"));
    assert_false(service_has_logged(&scene.service, "is interrupted"));
    assert_int_equal(kill(scene.service.pid, SIGTERM), 0);
    assert_int_equal(service_end(&scene.service), 0);
    drop_node(&node);
    drop_service(&scene.service);
    drop_probe(&scene.probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_comes_of_a_clock_that_jumps, files_open,
                                        files_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
