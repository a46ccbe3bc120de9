/* SPDX-License-Identifier: MIT */
#include "core/talk.h"

#include "base/map.h"
#include "core/limits.h"

void tr_talk_set_time(tr_talk *talk, uint64_t now_ns)
{
    const uint64_t epoch = now_ns / TR_TALK_EPOCH_NS;
    if (epoch != talk->epoch) {
        talk->epoch = epoch;
        talk->count = 0;
        talk->tries_left = TR_TALK_TRIES;
    }
}

void tr_talk_note(tr_talk *talk, tr_address sender, uint32_t to)
{
    for (uint32_t i = 0; i < talk->count; i++) {
        tr_talk_entry *entry = &talk->entries[i];
        if (entry->to == to && tr_address_is_same(entry->sender, sender)) {
            entry->samples += entry->samples > 0 ? 1 : 0;
            return;
        }
    }
    if (talk->count < TR_TALK_ENTRIES) {
        talk->entries[talk->count++] = (tr_talk_entry) {.sender = sender, .to = to, .samples = 1};
    }
}

bool tr_talk_may_go(uint64_t epoch, uint32_t from, uint32_t to)
{
    const bool goes_up = epoch % 2 == 0;
    const bool takes_part = tr_hash_u64(epoch / 2 * TR_WORKERS_MAX + from) % 2 == 0;
    return takes_part && goes_up == (to > from);
}

static uint32_t samples_of(const tr_talk *talk, tr_address sender)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < talk->count; i++) {
        sum += tr_address_is_same(talk->entries[i].sender, sender) ? talk->entries[i].samples : 0;
    }
    return sum;
}

bool tr_talk_take(tr_talk *talk, uint32_t self, tr_talk_entry *out_entry, uint32_t *out_percent)
{
    tr_talk_entry *best = NULL;
    for (uint32_t i = 0; i < talk->count; i++) {
        tr_talk_entry *entry = &talk->entries[i];
        if (entry->samples >= TR_TALK_SAMPLES_MIN && tr_talk_may_go(talk->epoch, self, entry->to) &&
            (best == NULL || entry->samples > best->samples)) {
            best = entry;
        }
    }
    if (best == NULL || talk->tries_left == 0) {
        return false;
    }
    *out_entry = *best;
    *out_percent = best->samples * 100 / samples_of(talk, best->sender);
    best->samples = 0;
    talk->tries_left--;
    return true;
}
