/* SPDX-License-Identifier: MIT */
/* session_pair: two ends of a session, joined by a link in memory that a seed makes bad.
 *
 * Words are lost, come twice, overtake each other and come late, in the next link; the link breaks,
 * is cut one way, or takes no more for a while; an end stalls, or comes back as a new incarnation.
 * Each end's border sends frames when it has room. What comes is looked at: it has to be in order
 * and once, and of one session of the other's.
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_SESSION_PAIR_H
#define TR_TESTS_SUPPORT_SESSION_PAIR_H

#include "cluster/session.h"

#define PAIR_WORDS_MAX 8192
#define PAIR_MS UINT64_C(1000000)

struct session_pair;

struct pair_word {
    unsigned char *data;
    size_t size;
    uint64_t due_ns;
    uint32_t to;
    tr_link_kind kind;
};

/* What the border of one end knows. */
struct pair_end {
    struct session_pair *pair;
    uint32_t index;
    tr_session session;
    uint64_t incarnation;
    bool is_up;   /* its end of the link */
    bool is_open; /* told that it began, and not that it was lost */
    uint64_t begun;
    uint64_t lost;
    uint64_t lost_stale;
    uint64_t sent; /* taken by the session, in this one */
    uint64_t taken;
    uint64_t taken_of; /* which session of the other's; 0: none yet */
    uint64_t taken_before;
    uint64_t to_send; /* frames that it would still like to send */
    uint64_t refused;
    bool waits; /* until it is told that there is room */
    uint64_t stalled_until_ns;
    uint64_t last_due_ns[2];
    uint64_t age_ns_max; /* that came */
};

struct session_pair {
    struct pair_end ends[2];
    tr_random random;
    uint64_t now_ns;
    bool is_cut[2]; /* what goes to that end waits */
    bool is_dialed;
    uint64_t up_ns; /* when the link that was asked for is there */
    /* To be set by the test. */
    tr_session_options options;
    uint64_t delay_ns_max;
    uint32_t lose_percent;
    uint32_t repeat_percent;
    uint32_t overtake_percent;
    uint32_t late_percent;   /* of what is under way when a link breaks comes in the next one */
    uint32_t refuse_percent; /* of links that are asked for */
    uint32_t room;           /* words that a link takes, one way */
    size_t frame_size_max;
    struct pair_word words[PAIR_WORDS_MAX];
    uint32_t count;
    uint32_t under_way[2];
    uint64_t words_sent;
    char wrong[200]; /* "": nothing */
};

struct session_pair *a_session_pair(uint64_t seed);
void drop_session_pair(struct session_pair **in_pair);

/* Until so much time has passed, or something is wrong. */
void pair_run(struct session_pair *pair, uint64_t ns);

void pair_break(struct session_pair *pair);
void pair_cut(struct session_pair *pair, uint32_t to, bool is_cut);
void pair_stall(struct session_pair *pair, uint32_t end, uint64_t ns);
/* As a new incarnation, which the other has to find out. */
void pair_restart(struct session_pair *pair, uint32_t end);
/* What its border would like to send. */
void pair_send(struct session_pair *pair, uint32_t end, uint64_t frames);
/* Nothing is in the way any more. */
void pair_calm(struct session_pair *pair);
/* Both in one session, nothing under way in it, all that was accepted has come. */
bool pair_is_one(const struct session_pair *pair);

#endif
