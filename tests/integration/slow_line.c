/* SPDX-License-Identifier: MIT */
/* slow_line TARGET MILLISECONDS: stands before a node, for scripts; where, it says in a line. Each
 * byte takes so long, either way. It ends with its input. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/tcp_proxy.h"

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    struct tcp_proxy *proxy = a_tcp_proxy(argv[1]);
    const struct tcp_faults faults = {.delay_ms = (uint32_t) strtoul(argv[2], NULL, 10)};
    tcp_proxy_be(proxy, &faults);
    (void) printf("%s\n", tcp_proxy_endpoint(proxy));
    (void) fflush(stdout);
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {}
    drop_tcp_proxy(&proxy);
    return 0;
}
