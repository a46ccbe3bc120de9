/* SPDX-License-Identifier: MIT */
/* oracle: an actor that answers, and how it is found from another node. */
#ifndef TR_TESTS_INTEGRATION_ORACLE_H
#define TR_TESTS_INTEGRATION_ORACLE_H

#include <troupe/troupe.h>

static const troupe_type question_type = TROUPE_SIGNAL("question");
static const troupe_type answer_type = TROUPE_SIGNAL("answer");

/* Answers until it is stopped; to be spawned with the name "oracle". */
static troupe_error answers(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &question_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : troupe_reply_struct(self, message, &answer_type, NULL);
    }
    return error;
}

/* Looks it up until the nodes are connected; what it answers is known from then on. */
static inline troupe_error find_oracle(troupe_self *self, uint64_t node, troupe_ref *out_oracle)
{
    troupe_error error = troupe_learn_type(self, &answer_type);
    while (!error) {
        error = troupe_lookup_on(self, node, "oracle", TROUPE_WITHIN_S(5), out_oracle);
        if (error != TROUPE_ERROR_UNREACHABLE && error != TROUPE_ERROR_NO_SUCH_ACTOR &&
            error != TROUPE_ERROR_NODE_LOST && error != TROUPE_ERROR_TIMED_OUT) {
            break;
        }
        error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    return error;
}

#endif
