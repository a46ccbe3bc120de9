/* SPDX-License-Identifier: MIT */
#include "cluster/window.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

void tr_window_init(tr_window *window, const troupe_allocator *allocator)
{
    *window = (tr_window) {.allocator = allocator, .next = 1};
}

static void drop_first(tr_window *window)
{
    tr_kept *first = window->first;
    window->first = first->next;
    if (window->at == first) {
        window->at = first->next;
    }
    if (window->first == NULL) {
        window->last = NULL;
    }
    window->bytes -= first->size;
    tr_free(window->allocator, first, sizeof *first + first->size);
}

void tr_window_clear(tr_window *window)
{
    while (window->first != NULL) {
        drop_first(window);
    }
    window->sent = 0;
    window->acked = 0;
    window->next = 1;
}

static bool has_room(const tr_window *window, size_t size)
{
    return window->sent - window->acked < window->frames_max &&
           (window->first == NULL || window->bytes + size <= window->bytes_max);
}

bool tr_window_add(tr_window *window, uint64_t now_ns, const void *frame, size_t size)
{
    tr_kept *kept =
        has_room(window, size) ? tr_allocate_unset(window->allocator, sizeof *kept + size) : NULL;
    if (kept == NULL) {
        return false;
    }
    kept->next = NULL;
    kept->packed_ns = now_ns;
    kept->size = size;
    memcpy(kept->frame, frame, size);
    if (window->last != NULL) {
        window->last->next = kept;
    } else {
        window->first = kept;
    }
    window->last = kept;
    window->at = window->at != NULL ? window->at : kept;
    window->sent++;
    window->bytes += size;
    return true;
}

bool tr_window_acknowledge(tr_window *window, uint64_t upto)
{
    TR_ASSERT(upto <= window->sent);
    if (upto <= window->acked) {
        return false;
    }
    while (window->acked < upto) {
        drop_first(window);
        window->acked++;
    }
    window->next = window->next > upto ? window->next : upto + 1;
    return true;
}

void tr_window_rewind(tr_window *window)
{
    window->at = window->first;
    window->next = window->acked + 1;
}

void tr_window_advance(tr_window *window)
{
    window->at = window->at->next;
    window->next++;
}
