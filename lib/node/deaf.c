/* SPDX-License-Identifier: MIT */
#include "node/deaf.h"

static bool is_awaited(const tr_deaf_view *view)
{
    return (view->messages > 0 || view->senders > 0) && !view->is_receiving;
}

bool tr_deaf_look(tr_deaf *deaf, const tr_deaf_view *view, uint64_t now_ns, uint64_t limit_ns)
{
    const bool goes_on = deaf->is_awaited && view->received == deaf->view.received;
    deaf->view = *view;
    deaf->is_awaited = is_awaited(view);
    if (!goes_on || !deaf->is_awaited) {
        deaf->since_ns = now_ns;
        deaf->is_told = false;
        return false;
    }
    const bool is_due = !deaf->is_told && now_ns - deaf->since_ns >= limit_ns;
    deaf->is_told = deaf->is_told || is_due;
    return is_due;
}
