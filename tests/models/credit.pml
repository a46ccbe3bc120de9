/* SPDX-License-Identifier: MIT */
/* Actors of node 0 send to two of node 1, 0 and 1, each through a window of its own; see
 * docs/credit.md. A session, which docs/sessions.md promises, brings frames in order and once until
 * either end loses it; the other hears of that later. Actor 0 may stop taking messages, for ever,
 * or end.
 *
 * Holds:  no more stands in the landing queues than the windows allow, and no credit comes that was
 *         not given; DOWN enters behind all that was sent before it; when nothing moves any more
 *         actor 1 has got all that was not lost with a session, so has 0 unless it has stopped, and
 *         all credit is back.
 * Run:    tests/models/run; `FAULTS` below, one at a time, each have to be found. */

/* FAULTS: OLD_CREDIT CREDITS_OLD_ONES CREDIT_AT_ARRIVAL KEEPS_WINDOWS ONE_QUEUE DROPS_BUSY_WINDOW DOWN_OVERTAKES NO_CREDIT_OF_THE_DEAD */

#define WINDOW 2
#define CAPACITY 1 /* of a mailbox */
#define MESSAGES 3 /* to each */
#define LOSSES 1
#define ROOM 4

mtype = { TELL, DOWN, CREDIT, HELLO }

chan data = [ROOM] of { mtype, byte, byte };    /* kind, session, which actor and window */
chan back = [ROOM] of { mtype, byte, byte };

byte session[2];
byte losses = LOSSES;

/* Node 0. */
byte left[2] = MESSAGES;
byte outstanding[2]; /* places of the window that are taken */
bool has_said_down;

/* Node 1. */
byte landed[2]; /* of this session: each is owed credit when it leaves */
byte old[2];    /* of a session that was lost; they stand before the others */
byte mailbox[2];
byte owed[2];
bool has_down;
bool has_stopped; /* actor 0 takes nothing any more */
bool has_ended;
bool may_end;

#ifdef ONE_QUEUE
#define is_first(n) (n == 0 || landed[0] + old[0] == 0)
#else
#define is_first(n) (true)
#endif

/* At node 0. */
inline begin_windows()
{
#ifndef KEEPS_WINDOWS
    outstanding[0] = 0;
    outstanding[1] = 0;
#endif
    skip
}

/* At node 1. */
inline begin_landing()
{
#ifndef CREDITS_OLD_ONES
    old[0] = old[0] + landed[0];
    old[1] = old[1] + landed[1];
    landed[0] = 0;
    landed[1] = 0;
#endif
    owed[0] = 0;
    owed[1] = 0;
    has_down = false /* NODE_LOST, which the watcher is told, is another matter */
}

inline leave_landing(n)
{
    if
    :: old[n] > 0 -> old[n]--
    :: old[n] == 0 ->
        landed[n]--;
#ifndef CREDIT_AT_ARRIVAL
        owed[n]++
#endif
    fi
}

proctype sender()
{
    mtype kind;
    byte number;
    byte n;

end:
    do
    :: atomic { left[0] > 0 && outstanding[0] < WINDOW && nfull(data) ->
        left[0]--; outstanding[0]++; data!TELL, session[0], 0 }
    :: atomic { left[1] > 0 && outstanding[1] < WINDOW && nfull(data) ->
        left[1]--; outstanding[1]++; data!TELL, session[0], 1 }
    :: atomic { left[0] == 0 && !has_said_down && nfull(data) ->
        has_said_down = true; data!DOWN, session[0], 0 }
#ifdef DROPS_BUSY_WINDOW
    :: outstanding[0] > 0 -> outstanding[0] = 0
#endif
    :: atomic { losses > 0 && nfull(data) ->
        losses--; session[0]++; begin_windows(); data!HELLO, session[0], 0 }
    :: atomic { back?kind, number, n ->
        if
        :: kind == HELLO && number > session[0] -> session[0] = number; begin_windows();
            data!HELLO, session[0], 0
#ifdef OLD_CREDIT
        :: kind == CREDIT ->
#else
        :: kind == CREDIT && number == session[0] ->
#endif
            assert(outstanding[n] > 0);
            outstanding[n]--
        :: else -> skip
        fi }
    od
}

proctype receiver()
{
    mtype kind;
    byte number;
    byte n;

end:
    do
    :: atomic { data?kind, number, n ->
        if
        :: number > session[1] -> session[1] = number; begin_landing()
        :: else -> skip
        fi;
        if
        :: kind == TELL && number == session[1] ->
            landed[n]++;
            assert(landed[n] <= WINDOW);
#ifdef CREDIT_AT_ARRIVAL
            owed[n]++;
#endif
        :: kind == DOWN && number == session[1] -> has_down = true
        :: else -> skip
        fi }
    :: atomic { landed[0] + old[0] > 0 && has_ended -> /* dead letters */
#ifdef NO_CREDIT_OF_THE_DEAD
        landed[0] = 0;
        old[0] = 0
#else
        leave_landing(0)
#endif
        }
    :: atomic { landed[0] + old[0] > 0 && !has_ended && mailbox[0] < CAPACITY ->
        mailbox[0]++; leave_landing(0) }
    :: atomic { landed[1] + old[1] > 0 && is_first(1) && mailbox[1] < CAPACITY ->
        mailbox[1]++; leave_landing(1) }
#ifdef DOWN_OVERTAKES
    :: atomic { has_down ->
#else
    :: atomic { has_down && landed[0] + old[0] == 0 ->
#endif
        has_down = false;
        assert(landed[0] + old[0] == 0) }
    :: atomic { owed[0] > 0 && nfull(back) -> owed[0]--; back!CREDIT, session[1], 0 }
    :: atomic { owed[1] > 0 && nfull(back) -> owed[1]--; back!CREDIT, session[1], 1 }
    :: atomic { losses > 0 && nfull(back) ->
        losses--; session[1]++;
        begin_landing();
        back!HELLO, session[1], 0 }
    od
}

/* Who takes messages from the mailboxes. */
proctype actors()
{
end:
    do
    :: mailbox[0] > 0 && !has_stopped -> mailbox[0]--
    :: mailbox[1] > 0 -> mailbox[1]--
    :: !has_stopped && !has_ended -> has_stopped = true
    :: may_end && !has_ended -> atomic { has_ended = true; mailbox[0] = 0 }
    od
}

init
{
    if
    :: may_end = true
    :: skip
    fi;
    atomic { run sender(); run receiver(); run actors() }
    timeout;
    assert(left[1] == 0 && outstanding[1] == 0 && landed[1] + old[1] + mailbox[1] == 0);
    assert(has_stopped && !has_ended || left[0] == 0 && outstanding[0] == 0);
    assert(has_stopped && !has_ended || landed[0] + old[0] + mailbox[0] == 0)
}
