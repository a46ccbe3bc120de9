/* SPDX-License-Identifier: MIT */
#include "cluster/window.h"

#include <string.h>

#include "base/assert.h"

/* Of copies that wait to be used again. */
#define SPARE_BYTES ((size_t) 512 << 10)

void tr_window_init(tr_window *window, const troupe_allocator *allocator)
{
    *window = (tr_window) {.next = 1};
    tr_crates_init(&window->crates, allocator, SPARE_BYTES);
}

static void drop_first(tr_window *window)
{
    tr_crate *first = window->first;
    window->first = first->next;
    if (window->at == first) {
        window->at = first->next;
    }
    if (window->first == NULL) {
        window->last = NULL;
    }
    window->bytes -= first->size;
    window->bulk_bytes -= first->bulk;
    tr_crates_give(first);
}

void tr_window_clear(tr_window *window)
{
    while (window->first != NULL) {
        drop_first(window);
    }
    tr_crates_clear(&window->crates);
    window->sent = 0;
    window->acked = 0;
    window->next = 1;
}

static bool has_room(const tr_window *window, size_t size)
{
    return window->sent - window->acked < window->frames_max &&
           (window->first == NULL || window->bytes + size <= window->bytes_max);
}

static void append(tr_window *window, uint64_t now_ns, tr_crate *frame)
{
    frame->next = NULL;
    frame->packed_ns = now_ns;
    if (window->last != NULL) {
        window->last->next = frame;
    } else {
        window->first = frame;
    }
    window->last = frame;
    window->at = window->at != NULL ? window->at : frame;
    window->sent++;
    window->bytes += frame->size;
    window->bulk_bytes += frame->bulk;
}

bool tr_window_add(tr_window *window, uint64_t now_ns, const void *frame, size_t size)
{
    tr_crate *copy = has_room(window, size) ? tr_crates_take(&window->crates, size) : NULL;
    if (copy == NULL) {
        return false;
    }
    copy->size = size;
    memcpy(copy->data, frame, size);
    append(window, now_ns, copy);
    return true;
}

bool tr_window_keep(tr_window *window, uint64_t now_ns, tr_crate *frame)
{
    if (!has_room(window, frame->size)) {
        return false;
    }
    append(window, now_ns, frame);
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
