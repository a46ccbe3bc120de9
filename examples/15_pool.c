/* A pool under load: it has more workers while much is to be done, and fewer again afterwards.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/actors/pool.h>
#include <troupe/troupe.h>

#define CLIENTS 40
#define REQUESTS 20

static const troupe_type request_type = TROUPE_SIGNAL("request");
static const troupe_type done_type = TROUPE_TYPE(unsigned);

/* A worker takes its time for each message. What it does not know, such as a farewell, it ends. */
static troupe_error worker(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error && troupe_message_is(message, &request_type)) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(2));
            error = error ? error : troupe_reply_struct(self, message, &request_type, NULL);
        }
    }
    return error;
}

/* Asks the pool as if it were one actor, and says in the end how many answers it had. */
static troupe_error client(troupe_self *self, void *argument)
{
    const troupe_ref *pool = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    unsigned answered = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        answered += troupe_ask_struct(self, *pool, &request_type, NULL, TROUPE_WITHIN_S(60),
                                      &reply) == TROUPE_OK;
    }
    return troupe_send_struct(self, troupe_self_parent(self), &done_type, &answered);
}

static troupe_error look(troupe_self *self, troupe_ref pool, troupe_pool_info *out_info)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error =
        troupe_ask_struct(self, pool, &troupe_pool_look_type, NULL, TROUPE_WITHIN_S(60), &reply);
    const troupe_pool_info *info = troupe_message_struct(reply, &troupe_pool_info_type);
    if (info != NULL) {
        *out_info = *info;
    }
    return error;
}

static troupe_error collect(troupe_self *self, unsigned *out_answered)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < CLIENTS && !error; i++) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const unsigned *answered = troupe_message_struct(message, &done_type);
        *out_answered += answered != NULL ? *answered : 0;
    }
    return error;
}

static troupe_error office(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref pool;
    troupe_ref ref;
    troupe_pool_info info = {0};
    unsigned answered = 0;
    troupe_error error =
        troupe_pool_spawn(self,
                          TROUPE_POOL(.worker = TROUPE_SPAWN(.body = worker), .workers_min = 1,
                                      .workers_max = 8, .delay_max = TROUPE_WITHIN_MS(5),
                                      .check_every = TROUPE_WITHIN_MS(10), .calm_checks = 2),
                          &pool);
    for (unsigned i = 0; i < CLIENTS && !error; i++) {
        error = troupe_spawn(self, TROUPE_SPAWN(.body = client, .argument = &pool), &ref);
    }
    error = error ? error : collect(self, &answered);
    error = error ? error : look(self, pool, &info);
    (void) printf("%u requests answered\n", answered);
    (void) printf("workers were added: %s\n", info.grown > 1 ? "yes" : "no");
    while (!error && info.workers + info.leaving > 1) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
        error = error ? error : look(self, pool, &info);
    }
    (void) printf("workers in the end: %u\n", info.workers);
    return error;
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, office, NULL);
}
