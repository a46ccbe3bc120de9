/* SPDX-License-Identifier: MIT */
/* Two nodes, 0 and 1, have a session over links that break. See docs/sessions.md. Node 0 sends
 * frames, 1 takes them in. What a broken link leaves is modelled by what it does: some words are
 * lost, others come late, twice or after later ones; either end begins its new link by itself, with
 * a hello. Each may declare the other dead; node 1 may come back as a new incarnation.
 *
 * Holds:  what is taken in is in order, once and without a gap, of the session that both ends are
 *         in (the assertions in take); when the faults are over both are in one session and all
 *         that was accepted in it has come (no invalid end state: an end whose timers have asked
 *         PATIENCE times in vain waits for ever).
 * Run:    tests/models/run; `FAULTS` below, one at a time, each have to be found. */

/* FAULTS: NO_INCARNATION NO_NUMBER KEEPS_NUMBER NO_LEAST TAKES_AGAIN TAKES_OVER_GAP NO_PROBE DIES_UNOPENED OLD_NOT_ANSWERED HELLO_NOT_ANSWERED */

#define FRAMES 2 /* of a session, all of which the window has room for */
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef LATE
#define LATE 1 /* words that come after later ones, or twice */
#endif
#ifndef BREAKS
#define BREAKS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif
#define HELLOS 8
#ifndef PATIENCE
#define PATIENCE 4
#endif
#ifndef ROOM
#define ROOM 4
#endif

mtype = { HELLO, DATA, PROBE, ACK, AGAIN }

/* from, to: incarnations; own, known: session numbers; received up to; sequence */
chan way[2] = [ROOM] of { mtype, byte, byte, byte, byte, byte, byte };

byte losses = LOSSES;
byte late = LATE;
byte breaks = BREAKS;
byte deaths = DEATHS;
byte restarts = RESTARTS;
byte asked = 0; /* by timers, with nothing under way */
bool is_done;

byte incarnation[2] = 1;
byte peer[2] = 1;     /* the incarnation of the other */
byte number[2] = 1;   /* ours of this session */
byte bound[2] = 0;    /* theirs, 0: not known yet; never another for the same number of ours */
byte least[2] = 1;    /* theirs below it are of sessions that are over */
bool is_open[2];      /* the border has been told that it began */
bool is_ready[2];     /* on this link it is known what the other has received */
byte sent[2];         /* accepted from the border, and kept until acknowledged */
byte acked[2];
byte next[2] = 1;     /* to be put on the link */
byte received[2];

#define is_content(n) (is_open[n] && is_ready[n] && acked[n] == sent[n])
#define are_one \
    (peer[0] == incarnation[1] && bound[0] == number[1] && bound[1] == number[0] && \
     received[1] == sent[0])

inline say(n, what, about)
{
    if
    :: nfull(way[1 - n]) ->
        way[1 - n]!what, incarnation[n], peer[n], number[n], bound[n], received[n], about
    :: full(way[1 - n]) -> skip /* one more that is lost */
    fi
}

inline begin_anew(n)
{
    bound[n] = 0;
    is_open[n] = false;
    is_ready[n] = false;
    sent[n] = 0;
    acked[n] = 0;
    next[n] = 1;
    received[n] = 0
}

/* Whoever waits for anything of this session is told, if it has begun. */
inline lose(n)
{
#ifndef KEEPS_NUMBER
    number[n]++;
#endif
#ifndef NO_LEAST
    least[n] = bound[n] + 1;
#endif
    begin_anew(n)
}

/* The other is in this session, and has received so much. */
inline agree(n, upto)
{
    assert(upto <= sent[n]);
    is_open[n] = true;
    if
    :: upto > acked[n] -> acked[n] = upto
    :: else
    fi;
    if
    :: !is_ready[n] -> is_ready[n] = true; next[n] = acked[n] + 1
    :: else -> next[n] = (next[n] > acked[n] -> next[n] : acked[n] + 1)
    fi
}

/* Its `sequence` is here how many hellos it answers, one after the other, since the last fault. */
#define is_calm (losses == 0 && late == 0 && breaks == 0 && deaths == 0 && restarts == 0)

inline hear_hello(n)
{
    if
    :: is_calm -> assert(sequence < HELLOS); answers = sequence + 1
    :: else
    fi;
    if
    :: from < peer[n] /* of an incarnation that is over */
    :: from >= peer[n] ->
        if
        :: from > peer[n] -> /* whoever waits for the old one is told */
            peer[n] = from;
            number[n] = 1;
            least[n] = 1;
            begin_anew(n)
        :: else
        fi;
        if
        :: to != incarnation[n] -> say(n, HELLO, answers)
#ifdef OLD_NOT_ANSWERED
        :: to == incarnation[n] && own < least[n]
#else
        :: to == incarnation[n] && own < least[n] -> say(n, HELLO, answers)
#endif
        :: to == incarnation[n] && own >= least[n] ->
            if
            :: bound[n] != 0 && own > bound[n] -> lose(n)
            :: else
            fi;
            if
            :: bound[n] == 0 ->
                assert(known == 0 || known == number[n]);
                bound[n] = own;
                least[n] = own;
                if
                :: known == number[n] -> agree(n, upto)
                :: else
                fi;
                say(n, HELLO, answers)
            :: else ->
                if
                :: known != number[n] -> say(n, HELLO, answers)
#ifdef HELLO_NOT_ANSWERED
                :: known == number[n] -> agree(n, upto)
#else
                :: known == number[n] -> agree(n, upto); say(n, ACK, 0)
#endif
                fi
            fi
        fi
    fi
}

inline take(n)
{
    if
#ifdef TAKES_OVER_GAP
    :: kind == DATA && sequence > received[n] ->
#else
#ifdef TAKES_AGAIN
    :: kind == DATA && sequence <= received[n] + 1 ->
#else
    :: kind == DATA && sequence == received[n] + 1 ->
#endif
#endif
        assert(from == peer[n] && to == incarnation[n] && own == bound[n] && known == number[n]);
        assert(sequence == received[n] + 1);
        received[n] = sequence;
        say(n, ACK, 0)
    :: else ->
        if
        :: sequence > received[n] -> say(n, AGAIN, 0)
        :: else -> say(n, ACK, 0)
        fi
    fi
}

/* Hello alone names both numbers: who binds a number to one of ours never binds it to another. */
#ifdef NO_NUMBER
#define is_ours(n) (bound[n] != 0 && from == peer[n] && to == incarnation[n])
#else
#ifdef NO_INCARNATION
#define is_ours(n) (own == bound[n])
#else
#define is_ours(n) (from == peer[n] && to == incarnation[n] && own == bound[n])
#endif
#endif

inline hear(n)
{
    if
    :: kind == HELLO -> hear_hello(n)
    :: kind != HELLO && is_ours(n) ->
#ifndef NO_INCARNATION
        assert(from == peer[n] && to == incarnation[n] && own == bound[n] && known == number[n]);
#endif
        agree(n, upto);
        if
        :: kind == DATA || kind == PROBE -> take(n)
        :: kind == AGAIN -> next[n] = acked[n] + 1
        :: else
        fi
    :: kind != HELLO && !is_ours(n) ->
        if
#ifndef OLD_NOT_ANSWERED
        :: from >= peer[n] -> say(n, HELLO, 0)
#endif
        :: else
        fi
    fi
}

/* Who has bound but not opened does not know whether the other has bound too: it has nothing to lose,
 * and a number that it refused from then on might be one that the other goes on using. */
#ifdef DIES_UNOPENED
#define may_die(n) (bound[n] != 0)
#else
#define may_die(n) (is_open[n])
#endif

/* What was heard is nothing to the state any more. */
inline forget()
{
    kind = 0; from = 0; to = 0; own = 0; known = 0; upto = 0; sequence = 0; answers = 0
}

proctype node(byte n)
{
    mtype kind;
    byte from;
    byte to;
    byte own;
    byte known;
    byte upto;
    byte sequence;
    byte answers;
    say(n, HELLO, 0); /* its first link */
    do
    :: atomic { way[n]?kind, from, to, own, known, upto, sequence -> hear(n); forget() }
    :: atomic { n == 0 && is_open[n] && sent[n] < FRAMES -> sent[n]++ }
    :: atomic { is_open[n] && is_ready[n] && next[n] <= sent[n] && nfull(way[1 - n]) ->
            say(n, DATA, next[n]);
            next[n]++ }
    /* faults */
    :: atomic { !is_done && losses > 0 && nempty(way[n]) ->
            losses--; way[n]?kind, from, to, own, known, upto, sequence; forget() }
    :: atomic { !is_done && late > 0 && nempty(way[n]) && nfull(way[n]) -> /* twice: now, and later */
            late--;
            way[n]?kind, from, to, own, known, upto, sequence;
            way[n]!kind, from, to, own, known, upto, sequence;
            hear(n);
            forget() }
    :: atomic { !is_done && late > 0 && len(way[n]) > 1 -> /* after the others */
            late--;
            way[n]?kind, from, to, own, known, upto, sequence;
            way[n]!kind, from, to, own, known, upto, sequence;
            forget() }
    :: atomic { !is_done && breaks > 0 -> breaks--; is_ready[n] = false; say(n, HELLO, 0) }
    :: atomic { !is_done && deaths > 0 && may_die(n) -> deaths--; lose(n); say(n, HELLO, 0) }
    :: atomic { !is_done && n == 1 && restarts > 0 ->
            restarts--;
            incarnation[n]++;
            number[n] = 1;
            least[n] = 1;
            begin_anew(n);
            say(n, HELLO, 0) }
    /* time passes */
    :: atomic { empty(way[0]) && empty(way[1]) && asked < PATIENCE && !is_content(n) &&
                !(is_open[n] && is_ready[n] && next[n] <= sent[n]) ->
            if
            :: !is_open[n] || !is_ready[n] -> asked++; say(n, HELLO, 0)
            :: else ->
                asked++;
#ifndef NO_PROBE
                say(n, PROBE, sent[n])
#endif
            fi }
    :: atomic { !is_done && empty(way[0]) && empty(way[1]) && is_content(0) && is_content(1) &&
                sent[0] == FRAMES ->
            assert(are_one);
            is_done = true }
    :: is_done -> break
    od
}

init {
    atomic { run node(0); run node(1) }
}
