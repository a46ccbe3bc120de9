/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include <stdlib.h>
#include <troupe/ask.h>

/* Where the answer of one member comes. */
struct branch {
    struct gather *gather;
    uint32_t index;
};

struct gather {
    struct gathers *all;
    struct gather *next;
    struct gather *previous;
    troupe_message *request; /* NULL: answered */
    troupe_router_answers answers;
    uint32_t needed;
    uint32_t open; /* asks that have not ended */
    struct branch branches[];
};

static void drop_answers(void *body)
{
    troupe_router_answers *answers = body;
    for (uint32_t i = 0; answers->list != NULL && i < answers->count; i++) {
        troupe_message_destroy(&answers->list[i].reply);
    }
    free(answers->list);
    *answers = (troupe_router_answers) {0};
}

const troupe_type troupe_router_answers_type =
    TROUPE_TYPE_WITH(troupe_router_answers, .fini = drop_answers);

static void gather_free(struct gather *gather)
{
    struct gathers *all = gather->all;
    if (gather->previous != NULL) {
        gather->previous->next = gather->next;
    } else {
        all->first = gather->next;
    }
    if (gather->next != NULL) {
        gather->next->previous = gather->previous;
    }
    all->count--;
    troupe_message_destroy(&gather->request);
    drop_answers(&gather->answers);
    free(gather);
}

void gathers_fini(struct gathers *gathers)
{
    for (struct gather *at = gathers->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        gather_free(at);
    }
}

/* Answers the request with what there is. The list then is the message's. */
static void answer(troupe_self *self, struct gather *gather)
{
    troupe_message *message = NULL;
    troupe_error error =
        troupe_message_create(self, &troupe_router_answers_type, &gather->answers, &message);
    if (error == TROUPE_OK) {
        gather->answers.list = NULL;
        error = troupe_reply_message(self, gather->request, &message);
    }
    if (error) {
        (void) troupe_reply_error(self, gather->request, error); /* nobody waits any more */
    }
    troupe_message_destroy(&message);
    troupe_message_destroy(&gather->request);
}

static void answer_when_due(troupe_self *self, struct gather *gather)
{
    const bool is_due = gather->open == 0 || gather->answers.succeeded >= gather->needed;
    if (is_due && gather->request != NULL) {
        answer(self, gather);
    }
    if (gather->open == 0) {
        gather_free(gather);
    }
}

static troupe_error take_answer(troupe_self *self, void *state, troupe_error error,
                                troupe_message **reply, void *context)
{
    const struct branch *branch = context;
    struct gather *gather = branch->gather;
    (void) state;
    gather->open--;
    if (gather->request != NULL) {
        troupe_router_answer *to = &gather->answers.list[branch->index];
        /* A message of its own, which does not end with the router. */
        to->error = error ? error : troupe_message_copy(self, *reply, &to->reply);
        gather->answers.succeeded += to->error == TROUPE_OK ? 1 : 0;
    }
    answer_when_due(self, gather);
    return TROUPE_OK;
}

static struct gather *make(struct gathers *gathers, const struct members *members)
{
    struct gather *gather = calloc(1, sizeof *gather + members->count * sizeof(struct branch));
    if (gather == NULL) {
        return NULL;
    }
    gather->answers.list = calloc(members->count, sizeof(troupe_router_answer));
    if (gather->answers.list == NULL) {
        free(gather);
        return NULL;
    }
    gather->all = gathers;
    gather->next = gathers->first;
    if (gather->next != NULL) {
        gather->next->previous = gather;
    }
    gathers->first = gather;
    gathers->count++;
    gather->answers.count = members->count;
    return gather;
}

static troupe_error ask_member(troupe_self *self, struct gather *gather, uint32_t index,
                               troupe_timeout within)
{
    troupe_message *copy = NULL;
    const troupe_ref member = gather->answers.list[index].member;
    gather->branches[index] = (struct branch) {gather, index};
    troupe_error error = troupe_message_copy(self, gather->request, &copy);
    if (error == TROUPE_OK) {
        error = troupe_ask_message_then(self, member, &copy, within, take_answer,
                                        &gather->branches[index]);
    }
    troupe_message_destroy(&copy);
    return error;
}

troupe_error gather_begin(troupe_self *self, struct gathers *gathers, const struct members *members,
                          uint32_t needed, troupe_timeout within, troupe_message **request)
{
    struct gather *gather = make(gathers, members);
    if (gather == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    gather->request = *request;
    *request = NULL;
    gather->needed = needed != 0 && needed < members->count ? needed : members->count;
    gather->open = 1; /* this function's */
    for (uint32_t i = 0; i < members->count; i++) {
        gather->answers.list[i] = (troupe_router_answer) {.member = members->list[i].ref,
                                                          .error = TROUPE_ERROR_TIMED_OUT};
        const troupe_error error = ask_member(self, gather, i, within);
        if (error) {
            gather->answers.list[i].error = error;
            continue;
        }
        gather->open++;
        gathers->asked++;
    }
    gather->open--;
    answer_when_due(self, gather);
    return TROUPE_OK;
}
