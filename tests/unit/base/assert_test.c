/* SPDX-License-Identifier: MIT */
/* What assertions promise: a line that says where and what, and an end. */
#include "base/assert.h"
#include "support/fixtures.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct inner {
    int number;
};

struct outer {
    char before;
    struct inner inner;
};

static troupe_error require_positive(int number)
{
    TR_REQUIRE(number > 0, BAD_ARGUMENT);
    return TROUPE_OK;
}

static void goes_on_when_the_condition_holds(void **state)
{
    (void) state;
    TR_ASSERT(sizeof(int) > 1);
}

/* In a child: what it writes to standard error, and how it ends. */
static int status_of_a_failed_assertion(char *text, size_t text_size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void) dup2(ends[1], STDERR_FILENO);
        (void) signal(SIGABRT, SIG_DFL); /* not cmocka's */
        TR_ASSERT(text_size == 0);
        _exit(0);
    }

    (void) close(ends[1]);
    const ssize_t size = read(ends[0], text, text_size - 1);
    assert_true(size > 0);
    text[size] = '\0';
    (void) close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void prints_where_and_what_and_aborts(void **state)
{
    (void) state;
    char text[512];

    const int status = status_of_a_failed_assertion(text, sizeof text);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "assert_test.c:"));
    assert_non_null(strstr(text, ": broken invariant: text_size == 0\n"));
}

static void returns_the_named_error_to_a_caller_at_fault(void **state)
{
    (void) state;
    assert_ok(require_positive(1));
    assert_fails(require_positive(0), BAD_ARGUMENT);
}

static void finds_the_container_of_a_member(void **state)
{
    (void) state;
    struct outer outer = {.inner.number = 7};
    struct inner *inner = &outer.inner;
    const struct inner *inner_const = inner;

    assert_ptr_equal(TR_CONTAINER_OF(inner, struct outer, inner), &outer);
    assert_ptr_equal(TR_CONTAINER_OF_CONST(inner_const, struct outer, inner), &outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_when_the_condition_holds),
        cmocka_unit_test(prints_where_and_what_and_aborts),
        cmocka_unit_test(returns_the_named_error_to_a_caller_at_fault),
        cmocka_unit_test(finds_the_container_of_a_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
