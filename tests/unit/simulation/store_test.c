/* SPDX-License-Identifier: MIT */
/* What a node's disk promises: what was synced is there after a crash, and nothing is invented. */
#include "simulation/store.h"

#include <string.h>

#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SIZE 4000

static void write_text(tr_store *store, const char *name, uint64_t offset, const char *text)
{
    assert_ok(tr_store_write(store, name, offset, text, strlen(text)));
}

static void assert_content(const tr_store *store, const char *name, const char *text)
{
    char content[100];
    const size_t size = tr_store_read(store, name, 0, content, sizeof content - 1);
    content[size] = '\0';
    assert_string_equal(content, text);
    assert_int_equal(tr_store_size(store, name), strlen(text));
}

struct stage {
    tr_random random;
    tr_store store;
};

static int make(void **state)
{
    static struct stage stage;
    tr_random_seed(&stage.random, 1);
    tr_store_init(&stage.store, &stage.random);
    *state = &stage.store;
    return 0;
}

static int drop(void **state)
{
    tr_store_fini(*state);
    return 0;
}

static void reads_what_was_written(void **state)
{
    tr_store *store = *state;
    assert_content(store, "a", "");
    write_text(store, "a", 0, "hello");
    write_text(store, "a", 2, "LLO, you");
    write_text(store, "b", 0, "other");
    assert_content(store, "a", "heLLO, you");
    char part[4] = "";
    assert_int_equal(tr_store_read(store, "a", 8, part, 3), 2);
    assert_string_equal(part, "ou");
    assert_int_equal(store->bytes, 15);
    tr_store_remove(store, "a");
    tr_store_remove(store, "a");
    assert_content(store, "a", "");
    assert_content(store, "b", "other");
}

/* Promise: STORE-SYNC */
static void keeps_what_was_synced(void **state)
{
    tr_store *store = *state;
    write_text(store, "a", 0, "lasting");
    assert_ok(tr_store_sync(store, "a"));
    assert_ok(tr_store_sync(store, "none"));
    tr_store_crash(store);
    assert_content(store, "a", "lasting");
}

/* Each of the writes is there, is not, or is torn at a sector; what was synced before shows
 * through. */
static void run_crash(uint64_t seed, void *context)
{
    uint64_t *fates = context;
    struct stage stage;
    unsigned char data[SIZE];
    unsigned char seen[SIZE];
    tr_random_seed(&stage.random, seed);
    tr_store_init(&stage.store, &stage.random);
    memset(data, 1, SIZE);
    assert_ok(tr_store_write(&stage.store, "f", 0, data, SIZE));
    assert_ok(tr_store_sync(&stage.store, "f"));
    memset(data, 2, SIZE);
    assert_ok(tr_store_write(&stage.store, "f", 0, data, SIZE));
    tr_store_crash(&stage.store);
    assert_int_equal(tr_store_read(&stage.store, "f", 0, seen, SIZE), SIZE);
    size_t new = 0;
    while (new < SIZE && seen[new] == 2) {
        new ++;
    }
    for (size_t i = new; i < SIZE; i++) {
        assert_int_equal(seen[i], 1);
    }
    assert_true(new == SIZE || new % TR_SECTOR == 0);
    fates[new == 0 ? 0 : new == SIZE ? 1 : 2]++;
    tr_store_fini(&stage.store);
}

/* Promise: STORE-LOSES */
static void loses_or_tears_what_was_not(void **state)
{
    (void) state;
    uint64_t fates[3] = {0};
    for_each_seed(100, run_crash, fates);
    if (fates[0] + fates[1] + fates[2] == 100) {
        assert_true(fates[0] > 10 && fates[1] > 10 && fates[2] > 10);
    }
}

static void loses_the_end_of_a_file_that_has_grown(void **state)
{
    tr_store *store = *state;
    uint32_t lost = 0;
    for (uint32_t i = 0; i < 30; i++) {
        write_text(store, "a", 0, "12345");
        assert_ok(tr_store_sync(store, "a"));
        write_text(store, "a", 5, "678");
        tr_store_crash(store);
        const uint64_t size = tr_store_size(store, "a");
        assert_true(size == 5 || size == 8);
        assert_int_equal(store->bytes, size);
        lost += size == 5 ? 1 : 0;
        tr_store_remove(store, "a");
    }
    assert_true(lost > 5);
}

/* Promise: STORE-LIMITS */
static void is_full_and_fails_when_told(void **state)
{
    tr_store *store = *state;
    store->bytes_max = 10;
    store->open_max = 2;
    write_text(store, "a", 0, "12345678");
    assert_fails(tr_store_write(store, "a", 8, "901", 3), LIMIT_REACHED);
    assert_content(store, "a", "12345678");
    write_text(store, "b", 0, "90");
    assert_fails(tr_store_write(store, "c", 0, "x", 1), LIMIT_REACHED);
    tr_store_remove(store, "a");
    assert_fails(tr_store_write(store, "b", UINT64_MAX, "x", 1), LIMIT_REACHED);
    store->fail_ppm = 1000000;
    assert_fails(tr_store_write(store, "b", 0, "xx", 2), SYSTEM);
    assert_fails(tr_store_sync(store, "b"), SYSTEM);
    assert_content(store, "b", "90");
}

static void takes_nothing_from_the_dead(void **state)
{
    tr_store *store = *state;
    write_text(store, "a", 0, "before");
    assert_ok(tr_store_sync(store, "a"));
    store->is_dead = true;
    write_text(store, "a", 0, "AFTER!");
    assert_ok(tr_store_sync(store, "a"));
    tr_store_remove(store, "a");
    tr_store_crash(store);
    assert_content(store, "a", "before");
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_STORE(reads_what_was_written),
        WITH_STORE(keeps_what_was_synced),
        cmocka_unit_test(loses_or_tears_what_was_not),
        WITH_STORE(loses_the_end_of_a_file_that_has_grown),
        WITH_STORE(is_full_and_fails_when_told),
        WITH_STORE(takes_nothing_from_the_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
