/* SPDX-License-Identifier: MIT */
/* What brings results and items from one to another, called with bad arguments. */
#include "api/arguments.h"

static troupe_error resolved(troupe_self *self, void *state, troupe_error error, void *result,
                             void *context)
{
    (void) self;
    (void) state;
    (void) result;
    (void) context;
    return error;
}

void call_about_futures(troupe_self *self)
{
    troupe_future *none = NULL;
    troupe_future *future = NULL;
    troupe_promise *promise = NULL;
    troupe_promise *no_promise = NULL;
    size_t index = 0;
    BAD(troupe_future_create, (NULL, &future, &promise));
    BAD(troupe_future_create, (self, NULL, &promise));
    BAD(troupe_future_create, (self, &future, NULL));
    BAD(troupe_future_wait, (NULL, &none, TROUPE_NOW, NULL));
    BAD(troupe_future_wait, (self, NULL, TROUPE_NOW, NULL));
    BAD(troupe_future_wait, (self, &none, TROUPE_NOW, NULL));
    BAD(troupe_future_wait_any, (NULL, &none, 1, TROUPE_NOW, &index));
    BAD(troupe_future_wait_any, (self, NULL, 1, TROUPE_NOW, &index));
    BAD(troupe_future_wait_any, (self, &none, 1, TROUPE_NOW, &index));
    BAD(troupe_future_wait_any, (self, &none, 1, TROUPE_NOW, NULL));
    BAD(troupe_future_then, (NULL, &none, TROUPE_NOW, resolved, NULL));
    BAD(troupe_future_then, (self, &none, TROUPE_NOW, resolved, NULL));
    BAD(troupe_promise_complete, (NULL, NULL, NULL));
    BAD(troupe_promise_complete, (&no_promise, NULL, NULL));
    BAD(troupe_promise_fail, (NULL, TROUPE_ERROR_END));
    BAD(troupe_promise_fail, (&no_promise, TROUPE_ERROR_END));
    GIVES(troupe_promise_is_wanted, (NULL), false);
    RETURNS(troupe_promise_destroy, (NULL));
    RETURNS(troupe_promise_destroy, (&no_promise));
    RETURNS(troupe_future_destroy, (NULL));
    RETURNS(troupe_future_destroy, (&none));
}
