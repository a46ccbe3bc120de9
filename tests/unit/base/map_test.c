/* SPDX-License-Identifier: MIT */
/* What a map promises: it finds what is in it and nothing else, however hashes fall. */
#include "base/assert.h"
#include "base/map.h"
#include "base/random.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#include <string.h>

#define KEYS 500

struct thing {
    tr_map_node node;
    uint64_t key;
    bool is_in;
};

struct fixture {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    tr_map map;
    struct thing things[KEYS];
};

static int make_map(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    fixture.memory = (tr_failing_allocator) TR_FAILING_ALLOCATOR_INIT;
    fixture.allocator = tr_failing_allocator_port(&fixture.memory);
    tr_map_init(&fixture.map, &fixture.allocator);
    for (uint64_t i = 0; i < KEYS; i++) {
        fixture.things[i].key = i;
    }
    *state = &fixture;
    return 0;
}

static int drop_map(void **state)
{
    struct fixture *fixture = *state;
    const bool is_sound = tr_map_is_sound(&fixture->map);
    tr_map_fini(&fixture->map);
    return is_sound && tr_failing_allocator_live(&fixture->memory) == 0 ? 0 : 1;
}

static bool has_key(const tr_map_node *node, const void *key)
{
    const uint64_t *wanted = key;
    return TR_CONTAINER_OF_CONST(node, struct thing, node)->key == *wanted;
}

/* Few hashes for many keys. */
static uint64_t hash_of(uint64_t key)
{
    return tr_hash_u64(key / 3);
}

static void add(struct fixture *fixture, uint64_t key)
{
    assert_ok(tr_map_reserve_one(&fixture->map));
    tr_map_add(&fixture->map, &fixture->things[key].node, hash_of(key));
    fixture->things[key].is_in = true;
}

static tr_map_node *find(const struct fixture *fixture, uint64_t key)
{
    return tr_map_find(&fixture->map, hash_of(key), has_key, &key);
}

static void is_empty_and_takes_no_memory_at_first(void **state)
{
    const struct fixture *fixture = *state;
    assert_null(find(fixture, 1));
    assert_null(tr_map_first(&fixture->map));
    assert_int_equal(tr_failing_allocator_live(&fixture->memory), 0);
}

static void tells_keys_of_equal_hash_apart(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 3);
    add(fixture, 4);

    assert_ptr_equal(find(fixture, 3), &fixture->things[3].node);
    assert_ptr_equal(find(fixture, 4), &fixture->things[4].node);
    assert_null(find(fixture, 5));
}

static void finds_all_after_it_has_grown(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t key = 0; key < KEYS; key++) {
        add(fixture, key);
    }

    assert_int_equal(fixture->map.count, KEYS);
    for (uint64_t key = 0; key < KEYS; key++) {
        assert_ptr_equal(find(fixture, key), &fixture->things[key].node);
    }
}

static void is_unchanged_when_it_cannot_grow(void **state)
{
    struct fixture *fixture = *state;
    tr_failing_allocator_fail_after(&fixture->memory, 1);
    uint64_t key = 0;
    troupe_error error = tr_map_reserve_one(&fixture->map);
    for (; error == TROUPE_OK; key++) {
        add(fixture, key);
        error = tr_map_reserve_one(&fixture->map);
    }

    assert_fails(error, NO_MEMORY);
    assert_int_equal(fixture->map.count, key);
    assert_non_null(find(fixture, 0));
    tr_failing_allocator_fail_never(&fixture->memory);
    add(fixture, key);
}

static void lets_all_be_removed_on_the_way_through(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t key = 0; key < KEYS; key++) {
        add(fixture, key);
    }

    size_t count = 0;
    tr_map_node *node = tr_map_first(&fixture->map);
    while (node != NULL) {
        tr_map_node *next = tr_map_next(&fixture->map, node);
        tr_map_remove(&fixture->map, node);
        count++;
        node = next;
    }

    assert_int_equal(count, KEYS);
    assert_int_equal(fixture->map.count, 0);
}

static void agrees_with_a_plain_array(void **state)
{
    struct fixture *fixture = *state;
    tr_random random;
    tr_random_seed(&random, 1);
    for (int step = 0; step < 20000; step++) {
        const uint64_t key = tr_random_below(&random, KEYS);
        struct thing *thing = &fixture->things[key];
        assert_ptr_equal(find(fixture, key), thing->is_in ? &thing->node : NULL);
        if (thing->is_in) {
            tr_map_remove(&fixture->map, &thing->node);
            thing->is_in = false;
        } else {
            add(fixture, key);
        }
    }
}

static void hashes_every_byte_and_the_length(void **state)
{
    (void) state;
    unsigned char bytes[40] = {0};
    for (size_t size = 0; size < sizeof bytes; size++) {
        assert_true(tr_hash_bytes(bytes, size) != tr_hash_bytes(bytes, size + 1));
        for (size_t i = 0; i < size; i++) {
            const uint64_t before = tr_hash_bytes(bytes, size);
            bytes[i] = 1;
            assert_true(tr_hash_bytes(bytes, size) != before);
            bytes[i] = 0;
        }
    }
}

/* Any hash will do, but a later version must not choose another. */
static void hashes_the_same_in_every_version(void **state)
{
    (void) state;
    assert_true(tr_hash_u64(0) == 0);
    assert_true(tr_hash_u64(1) == UINT64_C(0x5692161d100b05e5));
    assert_true(tr_hash_bytes("a name of 21 letters.", 21) == UINT64_C(0x2abd54d2b62c634b));
}

static void spreads_neighbours_evenly(void **state)
{
    (void) state;
    int counts[64] = {0};
    for (int i = 0; i < 6400; i++) {
        char name[32];
        const int length = snprintf(name, sizeof name, "worker-%d", i);
        counts[tr_hash_bytes(name, (size_t) length) % 64]++;
    }
    for (int i = 0; i < 64; i++) {
        assert_in_range(counts[i], 50, 150);
    }
}

#define WITH_MAP(test) cmocka_unit_test_setup_teardown(test, make_map, drop_map)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAP(is_empty_and_takes_no_memory_at_first),
        WITH_MAP(tells_keys_of_equal_hash_apart),
        WITH_MAP(finds_all_after_it_has_grown),
        WITH_MAP(is_unchanged_when_it_cannot_grow),
        WITH_MAP(lets_all_be_removed_on_the_way_through),
        WITH_MAP(agrees_with_a_plain_array),
        cmocka_unit_test(hashes_every_byte_and_the_length),
        cmocka_unit_test(hashes_the_same_in_every_version),
        cmocka_unit_test(spreads_neighbours_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
