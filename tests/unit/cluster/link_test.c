/* SPDX-License-Identifier: MIT */
/* What a link of actors of two nodes does: what one within a node does. */
#include "core/link.h"

#include "cluster/peer.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

/* Orders, as figures; those with an actor to do it with have its index added. */
enum {
    FAIL = 1,
    RETURN = 2,
    SPEAK_TO = 10, /* two figures, then it fails */
    LINK_WITH = 20,
    UNLINK_FROM = 30
};

/* Actors 0 and 1 are of node 0, the others of node 1. */
struct company {
    struct wires *wires;
    struct probe *seen;
    troupe_ref refs[4];
};

struct member {
    struct company *company;
    unsigned index;
};

/* Whom this is about. */
static unsigned index_of(const struct company *company, troupe_ref ref)
{
    unsigned i = 0;
    while (i < 4 && !troupe_ref_is_same(company->refs[i], ref)) {
        i++;
    }
    return i;
}

static troupe_error obey(troupe_self *self, const struct member *member, uint64_t order)
{
    struct company *company = member->company;
    const troupe_ref other = company->refs[order % 10 % 4];
    troupe_error error = TROUPE_OK;
    switch (order / 10 * 10) {
    case SPEAK_TO:
        error = send_figure(self, other, 100);
        error = error ? error : send_figure(self, other, 101);
        return error ? error : TROUPE_ERROR_PROTOCOL;
    case LINK_WITH:
        probe_say(company->seen, "%u link %s", member->index,
                  troupe_error_name(troupe_link(self, other)));
        return TROUPE_OK;
    case UNLINK_FROM:
        probe_say(company->seen, "%u unlink %d", member->index, troupe_unlink(self, other));
        return TROUPE_OK;
    default:
        return order == FAIL ? TROUPE_ERROR_PROTOCOL : TROUPE_ERROR_END;
    }
}

static troupe_error plays(troupe_self *self, void *argument)
{
    const struct member *member = argument;
    struct probe *seen = member->company->seen;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
        if (error == TROUPE_ERROR_STOPPING) {
            break; /* the test is over */
        }
        if (error) {
            probe_say(seen, "%u ends %s", member->index, troupe_error_name(error));
        } else if (exit != NULL) {
            probe_say(seen, "%u exit of %u %s %d", member->index,
                      index_of(member->company, exit->actor), troupe_error_name(exit->reason),
                      (int) exit->kind);
        } else if (figure_of(message) >= 100) {
            probe_say(seen, "%u got %d", member->index, (int) figure_of(message));
        } else {
            error = obey(self, member, figure_of(message));
        }
    }
    return error == TROUPE_ERROR_END ? TROUPE_OK : error;
}

/* The traps are a bit for each. */
static void gather(struct company *company, struct member members[4], struct wires *wires,
                   unsigned traps)
{
    *company = (struct company) {.wires = wires, .seen = a_probe()};
    for (unsigned i = 0; i < 4; i++) {
        members[i] = (struct member) {.company = company, .index = i};
        company->refs[i] = wires_root(
            wires, i / 2,
            TROUPE_SPAWN(.body = plays, .argument = &members[i], .trap_exits = traps >> i & 1U));
    }
}

struct word {
    troupe_ref to;
    uint64_t order;
};

static troupe_error says(troupe_self *self, void *argument)
{
    const struct word *word = argument;
    return send_figure(self, word->to, word->order);
}

/* Has one of them do something, and waits until it is done. */
static void order(struct company *company, unsigned member, uint64_t what)
{
    struct word word = {.to = company->refs[member], .order = what};
    (void) wires_root(company->wires, member / 2, TROUPE_SPAWN(.body = says, .argument = &word));
    wires_run(company->wires, 2 * MS);
}

/* Nothing is open between the nodes. */
static void assert_nothing_open(struct wires *wires)
{
    for (unsigned i = 0; i < 2; i++) {
        const tr_peer *peer = tr_border_peer(&wires->ends[i].border, wires->ends[1 - i].node);
        assert_int_equal(peer->numbers.own.count, 0);
        assert_int_equal(peer->numbers.theirs.count, 0);
        const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
        assert_true(carrier->extra == NULL || carrier->extra->monitors.count == 0);
    }
}

/* Promise: REMOTE-LINK */
static void tells_who_traps_behind_the_last_words(void **state)
{
    struct company company;
    struct member members[4];
    gather(&company, members, *state, 5);
    order(&company, 0, LINK_WITH + 2);
    order(&company, 2, SPEAK_TO + 0); /* the other of the link fails */
    assert_said(company.seen, "0 link OK", "0 got 100", "0 got 101", "0 exit of 2 PROTOCOL 2");
    assert_nothing_open(*state);
    probe_clear(company.seen);

    order(&company, 3, LINK_WITH + 0);
    order(&company, 3, SPEAK_TO + 0); /* its maker fails */
    assert_said(company.seen, "3 link OK", "0 got 100", "0 got 101", "0 exit of 3 PROTOCOL 2");
    assert_nothing_open(*state);
    drop_probe(&company.seen);
}

/* Promise: REMOTE-LINK */
static void cancels_who_does_not_trap(void **state)
{
    for (unsigned maker = 0; maker < 3; maker += 2) {
        struct company company;
        struct member members[4];
        gather(&company, members, *state, 0);
        order(&company, maker, LINK_WITH + 2 - maker);
        probe_clear(company.seen);

        order(&company, 2, FAIL);

        assert_said(company.seen, "0 ends CANCELLED");
        assert_nothing_open(*state);
        drop_probe(&company.seen);
    }
}

/* Promise: REMOTE-LINK */
static void is_gone_with_an_orderly_end(void **state)
{
    for (unsigned maker = 0; maker < 3; maker += 2) {
        struct company company;
        struct member members[4];
        gather(&company, members, *state, 1);
        order(&company, maker, LINK_WITH + 2 - maker);
        probe_clear(company.seen);

        order(&company, 2, RETURN);

        assert_silent(company.seen);
        assert_nothing_open(*state);
        order(&company, 0, UNLINK_FROM + 2);
        assert_said(company.seen, "0 unlink 0");
        drop_probe(&company.seen);
    }
}

/* Promise: REMOTE-LINK */
static void is_ended_by_either(void **state)
{
    for (unsigned maker = 0; maker < 3; maker += 2) {
        for (unsigned ender = 0; ender < 3; ender += 2) {
            struct company company;
            struct member members[4];
            gather(&company, members, *state, 5);
            order(&company, maker, LINK_WITH + 2 - maker);
            order(&company, maker, LINK_WITH + 2 - maker); /* again: nothing happens */
            probe_clear(company.seen);

            order(&company, ender, UNLINK_FROM + 2 - ender);
            assert_nothing_open(*state);
            order(&company, 2 - ender, UNLINK_FROM + ender);
            order(&company, maker, FAIL);

            assert_string_equal(probe_line(company.seen, 0),
                                ender == 0 ? "0 unlink 1" : "2 unlink 1");
            assert_string_equal(probe_line(company.seen, 1),
                                ender == 0 ? "2 unlink 0" : "0 unlink 0");
            assert_int_equal(probe_count(company.seen), 2);
            drop_probe(&company.seen);
        }
    }
}

/* Promise: REMOTE-LINK */
static void is_with_one_of_several_of_a_node(void **state)
{
    struct company company;
    struct member members[4];
    gather(&company, members, *state, 15);
    order(&company, 0, LINK_WITH + 2);
    order(&company, 0, LINK_WITH + 3);
    order(&company, 3, LINK_WITH + 1);
    probe_clear(company.seen);

    order(&company, 0, UNLINK_FROM + 2);
    order(&company, 3, FAIL);

    assert_int_equal(probe_count(company.seen), 3);
    assert_int_equal(probe_count_of(company.seen, "0 unlink 1"), 1);
    assert_int_equal(probe_count_of(company.seen, "0 exit of 3 PROTOCOL 2"), 1);
    assert_int_equal(probe_count_of(company.seen, "1 exit of 3 PROTOCOL 2"), 1);
    assert_nothing_open(*state);
    drop_probe(&company.seen);
}

/* Promise: REMOTE-LINK */
static void is_told_once_though_both_have_made_it(void **state)
{
    struct wires *wires = *state;
    struct company company;
    struct member members[4];
    gather(&company, members, wires, 15);
    wires->ends[0].is_stuck = true;
    order(&company, 0, LINK_WITH + 2);
    order(&company, 2, LINK_WITH + 0);
    wires->ends[0].is_stuck = false;
    wires_run(wires, 5 * MS);
    const tr_peer *peer = tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
    assert_int_equal(peer->numbers.own.count + peer->numbers.theirs.count, 2);
    probe_clear(company.seen);

    order(&company, 2, FAIL);

    assert_said(company.seen, "0 exit of 2 PROTOCOL 2");
    assert_nothing_open(wires);
    drop_probe(&company.seen);
}

/* Promise: REMOTE-LINK */
static void ends_at_both_ends_when_the_connection_is_lost(void **state)
{
    struct wires *wires = *state;
    struct company company;
    struct member members[4];
    gather(&company, members, wires, 5);
    order(&company, 0, LINK_WITH + 2);
    order(&company, 3, LINK_WITH + 1);
    probe_clear(company.seen);

    wires_cut(wires, true);
    wires_run(wires, 2 * MS);
    assert_int_equal(probe_count(company.seen), 4);
    assert_int_equal(probe_count_of(company.seen, "0 exit of 2 NODE_LOST 7"), 1);
    assert_int_equal(probe_count_of(company.seen, "2 exit of 0 NODE_LOST 7"), 1);
    assert_int_equal(probe_count_of(company.seen, "1 ends CANCELLED"), 1);
    assert_int_equal(probe_count_of(company.seen, "3 ends CANCELLED"), 1);
    assert_nothing_open(wires);

    wires_connect(wires);
    order(&company, 2, UNLINK_FROM + 0);
    order(&company, 2, FAIL); /* concerns nobody any more */
    assert_int_equal(probe_count(company.seen), 5);
    assert_string_equal(probe_line(company.seen, 4), "2 unlink 0");
    drop_probe(&company.seen);
}

/* Promise: REMOTE-LINK */
static void with_one_that_cannot_be_reached_ends_at_once(void **state)
{
    struct wires *wires = *state;
    struct company company;
    struct member members[4];
    gather(&company, members, wires, 1);
    order(&company, 2, RETURN);
    order(&company, 0, LINK_WITH + 2);
    wires_run(wires, 2 * MS);
    wires_cut(wires, true);
    order(&company, 0, LINK_WITH + 3);
    tr_border_lost(&wires->ends[0].border, wires->ends[1].node, TROUPE_ERROR_STALE);
    order(&company, 0, LINK_WITH + 3);

    assert_said(company.seen, "0 link OK", "0 exit of 2 STALE 5", "0 link OK",
                "0 exit of 3 NODE_LOST 7", "0 link OK", "0 exit of 3 STALE 5");
    drop_probe(&company.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(tells_who_traps_behind_the_last_words),
        WITH_WIRES(cancels_who_does_not_trap),
        WITH_WIRES(is_gone_with_an_orderly_end),
        WITH_WIRES(is_ended_by_either),
        WITH_WIRES(is_with_one_of_several_of_a_node),
        WITH_WIRES(is_told_once_though_both_have_made_it),
        WITH_WIRES(ends_at_both_ends_when_the_connection_is_lost),
        WITH_WIRES(with_one_that_cannot_be_reached_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
