/* SPDX-License-Identifier: MIT */
#include "support/world_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "simulation/passes.h"
#include "support/failing_allocator.h"

static uint64_t running_seed;
static int is_running; /* for_each_seed is */

/* Where seeds are swept the library has chances of its own with every third. */
static tr_world_options with_chances(const tr_world_options *options)
{
    tr_world_options own = *options;
    if (is_running && running_seed % 3 == 0 && tr_passes_can_stop()) {
        own.switch_percent = 5;
        own.rare_percent = 5;
    }
    return own;
}

tr_world *a_world_of(const tr_world_options *options)
{
    const tr_world_options own = with_chances(options);
    return a_world_as_it_is(&own);
}

tr_world *a_world_as_it_is(const tr_world_options *options)
{
    tr_world *world = NULL;
    assert_ok(tr_world_create(options, &world));
    return world;
}

tr_world *a_world(uint64_t seed, uint32_t workers)
{
    return a_world_of(&(const tr_world_options) {
        .seed = seed, .workers = workers, .delay_ns_max = UINT64_C(1000000)});
}

/* The memory of the shaken world. */
static tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
static troupe_allocator port;
static tr_world *shaken;

tr_world *a_shaken_world_of(const tr_world_options *options)
{
    tr_world_options own = with_chances(options);
    memory = (tr_failing_allocator) TR_FAILING_ALLOCATOR_INIT;
    port = tr_failing_allocator_port(&memory);
    own.allocator = &port;
    if (SHAKES) {
        tr_failing_allocator_fail_at_random(&memory, own.seed, SHAKEN_ONE_IN(own.seed));
    }
    shaken = NULL;
    while (shaken == NULL) {
        const troupe_error error = tr_world_create(&own, &shaken);
        assert_true(error == (shaken != NULL ? TROUPE_OK : TROUPE_ERROR_NO_MEMORY));
        assert_true(shaken != NULL || tr_failing_allocator_live(&memory) == 0);
    }
    return shaken;
}

tr_world *a_shaken_world(uint64_t seed, uint32_t workers)
{
    return a_shaken_world_of(&(const tr_world_options) {
        .seed = seed, .workers = workers, .delay_ns_max = UINT64_C(1000000)});
}

uint64_t a_shaken_worlds_refusals(void)
{
    return (uint64_t) atomic_load(&memory.refused);
}

static void destroy(tr_world **world)
{
    const bool is_shaken = *world == shaken;
    tr_world_destroy(world);
    if (is_shaken) {
        shaken = NULL;
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }
}

void tr_assert_sound(tr_world *world, const char *file, int line)
{
    if (!tr_world_is_sound(world)) {
        print_error("the world is not sound: %s\n", tr_world_fault(world));
        _fail(file, line);
    }
}

void drop_world(tr_world **world)
{
    if (*world == NULL) {
        return;
    }
    if (!tr_world_stop(*world)) {
        print_error("the world does not stop: %s\n", tr_world_fault(*world));
        _fail(__FILE__, __LINE__);
    }
    assert_sound(*world);
    destroy(world);
}

void drop_world_as_it_is(tr_world **world)
{
    assert_sound(*world);
    destroy(world);
}

troupe_ref a_root(tr_world *world, const troupe_spawn_options *options)
{
    troupe_ref ref = troupe_ref_none();
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    while (error == TROUPE_ERROR_NO_MEMORY) {
        error = tr_world_spawn(world, options, &ref);
        if (!SHAKES || world != shaken) {
            break;
        }
    }
    assert_ok(error);
    return ref;
}

int make_world(void **state)
{
    *state = a_world(1, 1);
    return 0;
}

int make_world_of_two(void **state)
{
    *state = a_world(1, 2);
    return 0;
}

int make_world_of_three(void **state)
{
    *state = a_world(1, 3);
    return 0;
}

int drop_made_world(void **state)
{
    tr_world *world = *state;
    drop_world(&world);
    return 0;
}

/* An assertion that fails leaves for_each_seed by a jump, an abort by a signal; hence this. */
static void say_seed(void)
{
    static const char before[] = "seed ";
    static const char after[] = " failed; to run it alone: TROUPE_SEED=that number\n";
    char digits[24];
    size_t at = sizeof digits;
    if (!is_running) {
        return;
    }
    is_running = 0;
    uint64_t seed = running_seed;
    do {
        digits[--at] = (char) ('0' + seed % 10);
        seed /= 10;
    } while (seed > 0);
    /* Nothing can be done where even this fails. */
    if (write(STDERR_FILENO, before, sizeof before - 1) < 0 ||
        write(STDERR_FILENO, digits + at, sizeof digits - at) < 0 ||
        write(STDERR_FILENO, after, sizeof after - 1) < 0) {
        return;
    }
}

static void on_abort(int number)
{
    say_seed();
    (void) signal(number, SIG_DFL);
    (void) raise(number);
}

/* AddressSanitizer calls this, by this name, before it ends the program. */
#if !defined(__SANITIZE_ADDRESS__) /* else core/poison.h has brought its declaration */
void __asan_on_error(void);        /* NOLINT(bugprone-reserved-identifier,cert-dcl*) */
#endif
void __asan_on_error(void) /* NOLINT(bugprone-reserved-identifier,cert-dcl*) */
{
    say_seed();
}

static void prepare(void)
{
    static int is_prepared;
    say_seed(); /* of an earlier test */
    if (!is_prepared) {
        is_prepared = 1;
        (void) atexit(say_seed);
        (void) signal(SIGABRT, on_abort);
    }
}

void for_each_seed(uint64_t count, void (*run)(uint64_t seed, void *context), void *context)
{
    const char *given = getenv("TROUPE_SEED"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    const uint64_t first = given != NULL ? strtoull(given, NULL, 10) : 1;
    prepare();
    for (uint64_t i = 0; i < (given != NULL ? 1 : count); i++) {
        running_seed = first + i;
        is_running = 1;
        run(running_seed, context);
    }
    is_running = 0;
}
