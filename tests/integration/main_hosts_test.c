/* SPDX-License-Identifier: MIT */
/* A program of troupe_main that listens, and joins: EXAMPLE is examples/18_hosts, COMMAND the
 * program `troupe`, which makes the keys. */
#include <string.h>

#include "integration/commands.h"
#include "support/fixtures.h"

/* In a folder of their own: keys, a shop that lets the desk in, and what it says, line by line. */
#define SHOP_OPENS                                                                                 \
    "folder=$(mktemp -d); trap 'kill $shop 2>/dev/null; rm -rf $folder' EXIT; cd $folder;"         \
    "shop_key=$(troupe keygen shop.key); desk_key=$(troupe keygen desk.key);"                      \
    "other_key=$(troupe keygen other.key); echo \"desk $desk_key send\" >allowed;"                 \
    "exec {said}< <(exec '" EXAMPLE                                                                \
    "' --name shop --listen 'tcp://127.0.0.1:*'"                                                   \
    " --key-file shop.key --allowed-file allowed 2>&1); shop=$!;"                                  \
    "read -r -u $said line; address=tcp://${line##*tcp://};"

/* Promise: MAIN-HOSTS */
static void a_program_is_served_by_its_like_on_another_node(void **state)
{
    (void) state;
    command_ends(SHOP_OPENS "'" EXAMPLE
                            "' apples --join \"$address=$shop_key\""
                            " --key-file desk.key --log-level warning 4;"
                            "kill -TERM $shop; wait $shop; echo \"shop $?\"; cat <&$said",
                 0, "apples: 12 to pay\nshop 0\n", NULL);
}

/* Promise: MAIN-HOSTS */
static void who_is_not_on_its_list_is_not_let_in(void **state)
{
    (void) state;
    command_ends(SHOP_OPENS "exec {heard}< <(exec '" EXAMPLE
                            "' --join \"$address=$shop_key\""
                            " --key-file other.key apples 2>&1); other=$!;"
                            "read -r -u $heard line; echo \"$line\"; kill -TERM $other;"
                            "wait $other; kill -TERM $shop; wait $shop; cat <&$said >&2",
                 0, "no connection to tcp://127.0.0.1:", "is not allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_served_by_its_like_on_another_node),
        cmocka_unit_test(who_is_not_on_its_list_is_not_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
