/* SPDX-License-Identifier: MIT */
#include "simulation/finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/actor.h"

const tr_actor *tr_title_actor(const tr_system *system, tr_address address)
{
    const uint32_t used = atomic_load_explicit(&system->slots.used, memory_order_relaxed);
    if (address.slot >= used) {
        return NULL;
    }
    const tr_slot *slot = tr_slots_at(&system->slots, address.slot);
    return tr_slot_generation(slot) == address.generation
               ? atomic_load_explicit(&slot->actor, memory_order_relaxed)
               : NULL;
}

void tr_title_print(const tr_system *system, tr_address address, char *out, size_t size)
{
    const tr_actor *actor = tr_title_actor(system, address);
    const char *title = actor != NULL ? tr_actor_title(actor) : "actor";
    int length = 0; /* cut if long */
    if (actor != NULL && tr_actor_name(actor) != NULL) {
        length = snprintf(out, size, "'%s'", title);
    } else if (address.generation == 0) {
        length = snprintf(out, size, "nobody");
    } else {
        length = snprintf(out, size, "%s %u.%u", title, address.slot, address.generation);
    }
    (void) length;
}

void tr_finding_note(tr_finding *finding, const char *format, ...)
{
    if (!tr_finding_is_open(finding)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(finding->text, sizeof finding->text, format, arguments); /* cut if long */
    va_end(arguments);
}
