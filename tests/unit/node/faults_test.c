/* SPDX-License-Identifier: MIT */
/* Faults: the actor is named, then comes what came before; and nothing is left behind. */
#include "node/faults.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "support/node_fixture.h"

#define OF_THE_PROGRAM 42
#define OUTPUT_BYTES_MAX 65536

/* How a child that ran `function` ended, and what it wrote to stderr. */
struct child {
    int status;
    char text[OUTPUT_BYTES_MAX];
};

static void run_child(struct child *child, void (*function)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void) fflush(NULL);
    const pid_t id = fork();
    if (id == 0) {
        const struct rlimit none = {0};
        (void) setrlimit(RLIMIT_CORE, &none);
        (void) dup2(ends[1], STDERR_FILENO);
        (void) signal(SIGSEGV, SIG_DFL); /* neither cmocka's nor a sanitizer's */
        function();
        _exit(0);
    }
    assert_true(id > 0);
    (void) close(ends[1]);
    size_t length = 0;
    ssize_t count = 0;
    do {
        length += (size_t) count;
        count = read(ends[0], child->text + length, sizeof child->text - 1 - length);
    } while (count > 0);
    child->text[length] = '\0';
    (void) close(ends[0]);
    assert_int_equal(waitpid(id, &child->status, 0), id);
}

/* Whether it ended as a process does whose fault nobody handles. */
static bool has_crashed(const struct child *child)
{
    return WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGSEGV;
}

static volatile unsigned depth; /* keeps the recursion from being turned into a loop */

__attribute__((noinline)) static unsigned recurse(unsigned left)
{
    volatile char frame[512];
    frame[left % sizeof frame] = (char) left;
    depth++;
    return left == 0 ? 0 : recurse(left - 1) + (unsigned) frame[left % sizeof frame];
}

static troupe_error overflowing_body(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return recurse(UINT32_MAX) == 1 ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
}

static troupe_error wild_body(troupe_self *self, void *argument)
{
    (void) self;
    *(volatile int *) argument = 1;
    return TROUPE_OK;
}

/* In the child; no assertion there. */
static void run_actor(const troupe_spawn_options *options, uint32_t has_fault_signals)
{
    troupe_node *node = NULL;
    troupe_ref ref;
    if (troupe_node_create(
            TROUPE_NODE_OPTIONS(.name = "mine", .workers = 1, .fault_signals = has_fault_signals),
            &node) ||
        troupe_node_start(node)) {
        _exit(1);
    }
    (void) troupe_node_spawn(node, options, &ref);
    _exit(0); /* it should not come back */
}

static void overflow_in_a_child(void)
{
    run_actor(TROUPE_SPAWN(.name = "deep", .body = overflowing_body), 1);
}

static void go_wild_in_a_child(void)
{
    run_actor(TROUPE_SPAWN(.name = "wild", .body = wild_body, .argument = (void *) 64), 1);
}

static void overflow_in_a_child_without(void)
{
    run_actor(TROUPE_SPAWN(.name = "deep", .body = overflowing_body), 0);
}

static void exit_on_a_fault(int signal, siginfo_t *info, void *context)
{
    (void) signal;
    (void) info;
    (void) context;
    _exit(OF_THE_PROGRAM);
}

static void overflow_under_a_handler_of_the_program(void)
{
    const struct sigaction action = {.sa_sigaction = exit_on_a_fault, .sa_flags = SA_SIGINFO};
    (void) sigaction(SIGSEGV, &action, NULL);
    overflow_in_a_child();
}

static const char overflow_line[] =
    " has overflowed its stack of 65536 bytes (.stack_size of the node): SIGSEGV at 0x";

/* Promise: FAULT-OVERFLOW */
static void name_the_actor_whose_stack_overflowed(void **state)
{
    static struct child child;
    (void) state;
    run_child(&child, overflow_in_a_child);

    assert_non_null(strstr(child.text, "troupe: node 'mine': actor 'deep' "));
    assert_non_null(strstr(child.text, overflow_line));
    assert_true(has_crashed(&child));
}

/* Promise: FAULT-ACTOR */
static void name_the_actor_in_which_it_was(void **state)
{
    static struct child child;
    (void) state;
    run_child(&child, go_wild_in_a_child);

    assert_non_null(strstr(child.text, "troupe: node 'mine': SIGSEGV in actor 'wild' "));
    assert_non_null(strstr(child.text, " at 0x40\n"));
    assert_true(has_crashed(&child));
}

/* Promise: FAULT-CHAIN */
static void do_what_was_done_before(void **state)
{
    static struct child child;
    (void) state;
    run_child(&child, overflow_under_a_handler_of_the_program);

    assert_non_null(strstr(child.text, overflow_line));
    assert_true(WIFEXITED(child.status));
    assert_int_equal(WEXITSTATUS(child.status), OF_THE_PROGRAM);
}

/* Promise: FAULT-OPTION */
static void are_left_alone_if_nobody_asks(void **state)
{
    static struct child child;
    (void) state;
    run_child(&child, overflow_in_a_child_without);

    assert_null(strstr(child.text, "troupe:"));
    assert_true(has_crashed(&child));
}

/* Of a thing that may be compared. */
struct actions {
    void (*of[_NSIG])(int);
};

static struct actions get_actions(void)
{
    struct actions actions = {0};
    for (int i = 1; i < _NSIG; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action) == 0) {
            actions.of[i] = action.sa_handler; /* of the union with sa_sigaction */
        }
    }
    return actions;
}

static unsigned count_differences(const struct actions *left, const struct actions *right)
{
    unsigned count = 0;
    for (int i = 1; i < _NSIG; i++) {
        count += left->of[i] != right->of[i] ? 1 : 0;
    }
    return count;
}

/* Promise: FAULT-OPTION */
static void are_handled_until_the_last_node_that_asked_has_gone(void **state)
{
    (void) state;
    const struct actions before = get_actions();
    troupe_node *without = a_node_of(1);
    struct actions now = get_actions();
    assert_int_equal(count_differences(&before, &now), 0);

    troupe_node *first = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .fault_signals = 1));
    troupe_node *second = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .fault_signals = 1));
    now = get_actions();
    assert_int_equal(count_differences(&before, &now), 3); /* two faults and one for backtraces */
    drop_node(&first);
    now = get_actions();
    assert_int_equal(count_differences(&before, &now), 3);
    drop_node(&second);
    now = get_actions();
    assert_int_equal(count_differences(&before, &now), 0);
    drop_node(&without);
}

static void ignore_a_fault(int signal)
{
    (void) signal;
}

/* Promise: FAULT-OPTION */
static void leave_a_later_handler_of_the_program_alone(void **state)
{
    (void) state;
    const struct actions before = get_actions();
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .fault_signals = 1));
    const struct sigaction later = {.sa_handler = ignore_a_fault};
    struct sigaction ours;
    assert_int_equal(sigaction(SIGSEGV, &later, &ours), 0);

    drop_node(&node);

    struct actions now = get_actions();
    assert_int_equal(count_differences(&before, &now), 1);
    assert_true(now.of[SIGSEGV] == ignore_a_fault);
    /* The program's, put back by it, is ours; which is then found and taken away. */
    assert_int_equal(sigaction(SIGSEGV, &ours, NULL), 0);
    node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .fault_signals = 1));
    drop_node(&node);
    now = get_actions();
    assert_int_equal(count_differences(&before, &now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_the_actor_whose_stack_overflowed),
        cmocka_unit_test(name_the_actor_in_which_it_was),
        cmocka_unit_test(do_what_was_done_before),
        cmocka_unit_test(are_left_alone_if_nobody_asks),
        cmocka_unit_test(are_handled_until_the_last_node_that_asked_has_gone),
        cmocka_unit_test(leave_a_later_handler_of_the_program_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
