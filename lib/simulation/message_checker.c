/* SPDX-License-Identifier: MIT */
#include "simulation/message_checker.h"

#include "base/memory.h"

struct pair {
    tr_map_node node;
    tr_address from;
    tr_address to;
    tr_list under_way; /* in the order of sending */
};

struct tr_seen_message {
    tr_map_node node;
    const troupe_message *message;
    struct pair *pair; /* under way in it; NULL: it has entered, or its order means nothing */
    tr_list link;      /* in the pair */
    uint64_t entered;  /* as so manieth; 0: it has no place in the order of its lane */
    uint32_t lane;
    tr_seen_message *next; /* of those to be used again */
};

static bool is_message(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, tr_seen_message, node)->message == key;
}

static uint64_t hash_of(const troupe_message *message)
{
    return tr_hash_u64((uint64_t) (uintptr_t) message);
}

static tr_seen_message *find(tr_message_checker *check, const troupe_message *message)
{
    if (check->last == NULL || check->last->message != message) {
        tr_map_node *node = tr_map_find(&check->messages, hash_of(message), is_message, message);
        check->last = node != NULL ? TR_CONTAINER_OF(node, tr_seen_message, node) : NULL;
    }
    return check->last;
}

static tr_seen_message *add(tr_message_checker *check, const troupe_message *message)
{
    tr_seen_message *seen = check->spare;
    if (tr_map_reserve_one(&check->messages) != TROUPE_OK) {
        check->finding->is_blind = true;
        return NULL;
    }
    if (seen != NULL) {
        check->spare = seen->next;
    } else {
        seen = tr_allocate(tr_allocator_default(), sizeof *seen);
    }
    if (seen == NULL) {
        check->finding->is_blind = true;
        return NULL;
    }
    *seen = (tr_seen_message) {.message = message};
    tr_list_init(&seen->link);
    tr_map_add(&check->messages, &seen->node, hash_of(message));
    check->last = seen;
    return seen;
}

/* Pairs. */

struct pair_key {
    tr_address from;
    tr_address to;
};

static bool is_pair(const tr_map_node *node, const void *key)
{
    const struct pair *pair = TR_CONTAINER_OF_CONST(node, struct pair, node);
    const struct pair_key *wanted = key;
    return tr_address_is_same(pair->from, wanted->from) && tr_address_is_same(pair->to, wanted->to);
}

static struct pair *get_pair(tr_message_checker *check, tr_address from, tr_address to)
{
    const struct pair_key key = {from, to};
    const uint64_t hash = tr_hash_u64(((uint64_t) from.generation << 32 | from.slot) ^
                                      tr_hash_u64((uint64_t) to.generation << 32 | to.slot));
    tr_map_node *node = tr_map_find(&check->pairs, hash, is_pair, &key);
    if (node != NULL) {
        return TR_CONTAINER_OF(node, struct pair, node);
    }
    struct pair *pair = tr_map_reserve_one(&check->pairs) == TROUPE_OK
                            ? tr_allocate(tr_allocator_default(), sizeof *pair)
                            : NULL;
    if (pair == NULL) {
        check->finding->is_blind = true;
        return NULL;
    }
    pair->from = from;
    pair->to = to;
    tr_list_init(&pair->under_way);
    tr_map_add(&check->pairs, &pair->node, hash);
    return pair;
}

static void free_pair(tr_message_checker *check, struct pair *pair)
{
    tr_map_remove(&check->pairs, &pair->node);
    tr_free(tr_allocator_default(), pair, sizeof *pair);
}

static void leave_pair(tr_message_checker *check, tr_seen_message *seen)
{
    struct pair *pair = seen->pair;
    if (pair != NULL) {
        seen->pair = NULL;
        tr_list_remove(&seen->link);
        if (tr_list_is_empty(&pair->under_way)) {
            free_pair(check, pair);
        }
    }
}

/* What is told. */

static const char *type_of(const troupe_message *message)
{
    return tr_type_name(tr_message_form(message), message->type);
}

static void find_fault(tr_message_checker *check, const troupe_message *message, const char *what)
{
    char from[TR_TITLE_SIZE];
    char to[TR_TITLE_SIZE];
    tr_title_print(check->system, message->sender, from, sizeof from);
    tr_title_print(check->system, message->receiver, to, sizeof to);
    tr_finding_note(check->finding, "a message %s from %s to %s %s", type_of(message), from, to,
                    what);
}

static void accepted(tr_message_checker *check, const troupe_message *message)
{
    if (find(check, message) != NULL) {
        find_fault(check, message, "was accepted though it had had no outcome since it was before");
    } else {
        (void) add(check, message);
    }
}

static void sent(tr_message_checker *check, const troupe_message *message, tr_address from)
{
    tr_seen_message *seen = find(check, message);
    struct pair *pair = seen != NULL ? get_pair(check, from, message->receiver) : NULL;
    if (pair != NULL) {
        leave_pair(check, seen);
        seen->pair = pair;
        tr_list_push_back(&pair->under_way, &seen->link);
    }
}

static void entered(tr_message_checker *check, const tr_told *told)
{
    tr_seen_message *seen = find(check, told->message);
    if (seen == NULL) {
        return;
    }
    if (seen->pair != NULL && tr_list_first(&seen->pair->under_way) != &seen->link) {
        find_fault(check, told->message, "came before one that was sent earlier");
    }
    leave_pair(check, seen);
    seen->entered = ++check->entered;
    seen->lane = (uint32_t) told->number;
}

static void taken(tr_message_checker *check, const tr_told *told)
{
    tr_seen_message *seen = find(check, told->message);
    tr_seen_actor *actor = tr_actor_checker_get(check->actors, told->actor);
    if (seen == NULL || actor == NULL || seen->entered == 0) {
        return;
    }
    if (seen->entered < actor->taken[seen->lane]) {
        find_fault(check, told->message, "was handled after one that came later");
    }
    actor->taken[seen->lane] = seen->entered;
    seen->entered = 0; /* it may be put back */
}

static void out_of_order(tr_message_checker *check, const troupe_message *message)
{
    tr_seen_message *seen = find(check, message);
    if (seen != NULL) {
        leave_pair(check, seen);
        seen->entered = 0;
    }
}

static void ended(tr_message_checker *check, const troupe_message *message)
{
    tr_seen_message *seen = find(check, message);
    if (seen == NULL) {
        find_fault(check, message, "had a second outcome");
        return;
    }
    leave_pair(check, seen);
    tr_map_remove(&check->messages, &seen->node);
    check->last = NULL;
    seen->next = check->spare;
    check->spare = seen;
}

void tr_message_checker_hear(tr_message_checker *check, const tr_told *told)
{
    switch ((unsigned) told->tale) {
    case TR_TALE_ACCEPTED:
        accepted(check, told->message);
        break;
    case TR_TALE_SENT:
        if (told->number == 0) {
            sent(check, told->message, told->actor->address);
        }
        break;
    case TR_TALE_ENTERED:
        entered(check, told);
        break;
    case TR_TALE_GIVEN_BACK:
    case TR_TALE_SLIPPED_IN:
        out_of_order(check, told->message);
        break;
    case TR_TALE_TAKEN:
        taken(check, told);
        break;
    case TR_TALE_ENDED:
        ended(check, told->message);
        break;
    default:
        break;
    }
}

void tr_message_checker_init(tr_message_checker *check, const tr_system *system,
                             tr_actor_checker *actors, tr_finding *finding)
{
    *check = (tr_message_checker) {.system = system, .actors = actors, .finding = finding};
    tr_map_init(&check->messages, tr_allocator_default());
    tr_map_init(&check->pairs, tr_allocator_default());
}

void tr_message_checker_fini(tr_message_checker *check)
{
    for (tr_map_node *node = tr_map_first(&check->messages); node != NULL;
         node = tr_map_first(&check->messages)) {
        tr_seen_message *seen = TR_CONTAINER_OF(node, tr_seen_message, node);
        leave_pair(check, seen);
        tr_map_remove(&check->messages, node);
        tr_free(tr_allocator_default(), seen, sizeof *seen);
    }
    while (check->spare != NULL) {
        tr_seen_message *spare = check->spare;
        check->spare = spare->next;
        tr_free(tr_allocator_default(), spare, sizeof *spare);
    }
    tr_map_fini(&check->messages);
    tr_map_fini(&check->pairs);
}
