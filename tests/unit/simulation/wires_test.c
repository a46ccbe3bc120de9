/* SPDX-License-Identifier: MIT */
/* What wires promise: frames in their order and at their times, and none uncounted. */
#include "simulation/wires.h"

#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "support/fixtures.h"

#define US UINT64_C(1000)

struct stage {
    tr_course course;
    tr_wires wires;
};

static int make(void **state)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    tr_course_init(&stage.course, 1);
    tr_wires_init(&stage.wires, &stage.course);
    *state = &stage;
    return 0;
}

static int drop(void **state)
{
    struct stage *stage = *state;
    tr_wires_fini(&stage->wires);
    return 0;
}

/* Sends these numbers to side 1 of the pair, each as a frame of `size` bytes. */
static void send(struct stage *stage, tr_pair *pair, uint32_t count, size_t size)
{
    unsigned char data[1000] = {0};
    for (uint32_t i = 0; i < count; i++) {
        data[0] = (unsigned char) i;
        tr_wires_occupy(&stage->wires, &pair->sides[1], size);
        assert_true(tr_wires_add(&stage->wires, pair, 1, data, size));
        stage->wires.counts.sent++;
    }
}

/* Takes the next frame; its number, and in *out_ns the time that it was due. -1: none. */
static int take(struct stage *stage, uint64_t *out_ns)
{
    tr_date *date = tr_agenda_first(&stage->wires.agenda);
    if (date == NULL) {
        return -1;
    }
    tr_happening *what = TR_CONTAINER_OF(date, tr_happening, date);
    tr_frame *frame = TR_CONTAINER_OF(what, tr_frame, happening);
    const int number = frame->data[0];
    tr_agenda_remove(&stage->wires.agenda, date);
    *out_ns = date->due_ns - stage->course.now_ns;
    stage->wires.counts.came++;
    tr_wires_end(&stage->wires, frame);
    return number;
}

static void has_one_pair_for_two_nodes(void **state)
{
    struct stage *stage = *state;
    assert_null(tr_wires_find(&stage->wires, 4, 2));
    tr_pair *pair = tr_wires_get(&stage->wires, 4, 2);
    assert_non_null(pair);
    assert_ptr_equal(tr_wires_get(&stage->wires, 2, 4), pair);
    assert_ptr_equal(tr_wires_find(&stage->wires, 2, 4), pair);
    assert_int_equal(tr_pair_side(pair, 2), 0);
    assert_int_equal(tr_pair_side(pair, 4), 1);
    assert_true(tr_wires_get(&stage->wires, 2, 3) != pair);
}

static void keeps_the_order_within_the_latencies(void **state)
{
    struct stage *stage = *state;
    tr_pair *pair = tr_wires_get(&stage->wires, 0, 1);
    uint64_t at_ns = 0;
    send(stage, pair, 100, 10);
    assert_true(tr_wires_are_sound(&stage->wires));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(take(stage, &at_ns), i);
        assert_in_range(at_ns, 50 * US, 500 * US);
    }
    assert_int_equal(take(stage, &at_ns), -1);
    assert_true(tr_wires_are_sound(&stage->wires));
}

static void sends_no_faster_than_its_bytes_per_second(void **state)
{
    struct stage *stage = *state;
    tr_pair *pair = tr_wires_get(&stage->wires, 0, 1);
    uint64_t at_ns = 0;
    pair->sides[1].options.bytes_per_second = 1000000;
    pair->sides[1].options.latency_ns_max = pair->sides[1].options.latency_ns_min;
    send(stage, pair, 10, 1000);
    for (uint64_t i = 1; i <= 10; i++) {
        (void) take(stage, &at_ns);
        assert_int_equal(at_ns, 50 * US + i * 1000 * US);
    }
}

static void takes_longer_for_some(void **state)
{
    struct stage *stage = *state;
    tr_pair *pair = tr_wires_get(&stage->wires, 0, 1);
    tr_wire_options *options = &pair->sides[1].options;
    options->tail_ns_max = 10000 * US;
    tr_wire_options_complete(options);
    assert_int_equal(options->tail_ppm, 10000);
    uint32_t late = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        late += tr_wires_latency_ns(&stage->wires, options) > 500 * US ? 1 : 0;
    }
    assert_in_range(late, 50, 150);
}

static void loses_and_reorders_only_where_told(void **state)
{
    struct stage *stage = *state;
    tr_pair *pair = tr_wires_get(&stage->wires, 0, 1);
    uint64_t at_ns = 0;
    int last = -1;
    uint32_t back = 0;
    pair->sides[1].options.loss_ppm = 300000;
    pair->sides[1].options.reorder_ppm = 300000;
    send(stage, pair, 200, 1);
    assert_in_range(stage->wires.counts.dropped, 30, 90);
    assert_true(tr_wires_are_sound(&stage->wires));
    for (int number = take(stage, &at_ns); number >= 0; number = take(stage, &at_ns)) {
        back += number < last ? 1 : 0;
        last = number;
    }
    assert_true(back > 0);
    assert_int_equal(stage->wires.counts.came + stage->wires.counts.dropped, 200);
}

static void leaves_nothing_of_what_is_under_way(void **state)
{
    struct stage *stage = *state;
    tr_pair *pair = tr_wires_get(&stage->wires, 0, 1);
    send(stage, pair, 3, 100);
    tr_date *date = tr_agenda_first(&stage->wires.agenda);
    tr_agenda_remove(&stage->wires.agenda, date);
    tr_happening *what = TR_CONTAINER_OF(date, tr_happening, date);
    tr_wires_wait(&pair->sides[1], TR_CONTAINER_OF(what, tr_frame, happening));
    assert_true(tr_wires_are_sound(&stage->wires)); /* the fini finds the rest */
}

int main(void)
{
#define WITH_WIRES(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_WIRES(has_one_pair_for_two_nodes),
        WITH_WIRES(keeps_the_order_within_the_latencies),
        WITH_WIRES(sends_no_faster_than_its_bytes_per_second),
        WITH_WIRES(takes_longer_for_some),
        WITH_WIRES(loses_and_reorders_only_where_told),
        WITH_WIRES(leaves_nothing_of_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
