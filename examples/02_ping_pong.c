/* Ping-pong: two behaviors, actors that are a table of handlers and a state, hit a ball to and fro.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>

enum {
    ROUNDS = 5
};

static const troupe_type ball_type = TROUPE_SIGNAL("ball");

/* The state of either player: zeroed when it starts, freed when it has ended. */
struct player {
    unsigned hits;
};

/* Hits the ball to the other player. */
static troupe_error hit(troupe_self *self, struct player *player, const char *sound, troupe_ref to,
                        troupe_message **ball)
{
    player->hits++;
    (void) printf("%s %u\n", sound, player->hits);
    return troupe_send_message(self, to, ball);
}

static troupe_error pong_ball(troupe_self *self, void *state, troupe_message **ball)
{
    return hit(self, state, "pong", troupe_message_sender(*ball), ball);
}

static const troupe_handles pong_handlers[] = {{.type = &ball_type, .handler = pong_ball}, {0}};
static const troupe_behavior pong =
    TROUPE_BEHAVIOR(.name = "pong", .state_size = sizeof(struct player), .handlers = pong_handlers);

static troupe_error ping_ball(troupe_self *self, void *state, troupe_message **ball)
{
    struct player *player = state;
    if (player->hits == ROUNDS) {
        troupe_node_stop(troupe_self_node(self));
        return TROUPE_OK;
    }
    return hit(self, player, "ping", troupe_message_sender(*ball), ball);
}

static troupe_error ping_start(troupe_self *self, void *state, void *argument)
{
    (void) argument;
    troupe_ref partner;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &pong), &partner);
    if (error) {
        return error;
    }
    TROUPE_AUTO(troupe_message) *ball = NULL;
    error = troupe_message_create(self, &ball_type, NULL, &ball);
    return error ? error : hit(self, state, "ping", partner, &ball);
}

static const troupe_handles ping_handlers[] = {{.type = &ball_type, .handler = ping_ball}, {0}};
static const troupe_behavior ping =
    TROUPE_BEHAVIOR(.name = "ping", .state_size = sizeof(struct player), .start = ping_start,
                    .handlers = ping_handlers);

int main(void)
{
    TROUPE_AUTO(troupe_node) *node = NULL;
    troupe_ref ref;
    troupe_error error = troupe_node_create(TROUPE_NODE_OPTIONS(.name = "table"), &node);
    error = error ? error : troupe_node_start(node);
    error = error ? error : troupe_node_spawn(node, TROUPE_SPAWN(.behavior = &ping), &ref);
    error = error ? error : troupe_node_join(node);
    if (error) {
        (void) fprintf(stderr, "no game: %s\n", troupe_error_text(error));
    }
    return error ? 1 : 0;
}
