/* SPDX-License-Identifier: MIT */
/* What a list promises: order at both ends, and nodes that know whether they are in one. */
#include "base/list.h"
#include "support/fixtures.h"

struct three {
    tr_list list;
    tr_list nodes[3];
};

static int make_list_of_three(void **state)
{
    static struct three three;
    tr_list_init(&three.list);
    for (size_t i = 0; i < 3; i++) {
        tr_list_push_back(&three.list, &three.nodes[i]);
    }
    *state = &three;
    return 0;
}

static void is_empty_at_first(void **state)
{
    (void) state;
    tr_list list;
    tr_list_init(&list);

    assert_true(tr_list_is_empty(&list));
    assert_null(tr_list_first(&list));
    assert_null(tr_list_pop_front(&list));
}

static void pops_in_the_order_of_pushing_back(void **state)
{
    struct three *three = *state;
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(tr_list_pop_front(&three->list), &three->nodes[i]);
    }
    assert_true(tr_list_is_empty(&three->list));
}

static void pops_first_what_was_pushed_to_the_front(void **state)
{
    struct three *three = *state;
    tr_list urgent;

    tr_list_push_front(&three->list, &urgent);

    assert_ptr_equal(tr_list_pop_front(&three->list), &urgent);
    assert_ptr_equal(tr_list_pop_front(&three->list), &three->nodes[0]);
}

static void removes_from_the_middle(void **state)
{
    struct three *three = *state;

    tr_list_remove(&three->nodes[1]);

    assert_false(tr_list_is_linked(&three->nodes[1]));
    assert_ptr_equal(tr_list_next(&three->list, &three->nodes[0]), &three->nodes[2]);
}

static void lets_a_node_be_removed_twice(void **state)
{
    struct three *three = *state;

    tr_list_remove(&three->nodes[2]);
    tr_list_remove(&three->nodes[2]);

    assert_null(tr_list_next(&three->list, &three->nodes[1]));
}

static void lets_a_popped_node_be_pushed_again(void **state)
{
    struct three *three = *state;
    tr_list *first = tr_list_pop_front(&three->list);
    assert_false(tr_list_is_linked(first));

    tr_list_push_back(&three->list, first);

    assert_true(tr_list_is_linked(first));
    assert_ptr_equal(tr_list_next(&three->list, &three->nodes[2]), first);
}

static void walks_from_the_first_to_the_last(void **state)
{
    struct three *three = *state;
    size_t count = 0;
    for (tr_list *node = tr_list_first(&three->list); node != NULL;
         node = tr_list_next(&three->list, node)) {
        assert_ptr_equal(node, &three->nodes[count]);
        count++;
    }
    assert_int_equal(count, 3);
}

#define WITH_THREE(test) cmocka_unit_test_setup(test, make_list_of_three)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_at_first),
        WITH_THREE(pops_in_the_order_of_pushing_back),
        WITH_THREE(pops_first_what_was_pushed_to_the_front),
        WITH_THREE(removes_from_the_middle),
        WITH_THREE(lets_a_node_be_removed_twice),
        WITH_THREE(lets_a_popped_node_be_pushed_again),
        WITH_THREE(walks_from_the_first_to_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
