/* SPDX-License-Identifier: MIT */
/* takeover: a worker is taken from a thread that a handler blocks, and the thread comes back.
 *
 * HOME is the worker's first thread, the others are spares. A thread publishes in its seat whether
 * it is inside the library, with a plain store, and then looks whether its worker has been taken,
 * with a plain load. That store is modelled as x86 does it: it waits in the thread's own store
 * buffer until the processor gets round to it, a lock is taken, or a membarrier comes. The seat's
 * lock is the engine's mutex; what is done in one hold of it is one step, but for the watchdog's.
 *
 * Holds:  one thread at a time is inside the library with the worker (the assertion in touch);
 *         no thread waits for ever, unless its handler does (no invalid end state): even if all
 *         spares are blocked, and by handlers that wait for one that wants the worker back.
 * Run:    tests/models/run; `FAULTS` below, one a time, each have to be found. */

/* FAULTS: NO_MEMBARRIER NO_SECOND_LOOK LOOK_FIRST ONE_FLAG NO_RETURN NO_STEP_IN NO_HOME */

#define THREADS 3
#define HOME 0
#define NOBODY 255
#ifndef TURNS
#define TURNS 3
#endif

bool mutex;
byte owner = HOME;      /* who runs the worker */
bool taken[THREADS];    /* the worker was taken from this thread in the middle of a handler */
byte away;              /* how many are taken */
byte lender = NOBODY;   /* waits at its safe point while another borrows the worker */
bool released[THREADS]; /* the lender: the worker does not come back to it */
bool home_idle;
bool pooled[THREADS];   /* spares that wait for work */
chan wanted = [THREADS] of { byte }; /* taken threads that want the worker */
byte turns = TURNS;     /* left to be run */
bool has_begun;         /* the first handler, which others wait for */
bool has_called;        /* it has made its call */

bool inside[THREADS];   /* as the others see it */
bool is_late[THREADS];  /* a store to it is still in the buffer: */
bool late[THREADS];
byte users;             /* inside the library with the worker */

#ifdef ONE_FLAG
#define FLAG(i) 0
#else
#define FLAG(i) i
#endif

inline flush(i)
{
    if
    :: is_late[i] -> inside[FLAG(i)] = late[i]; is_late[i] = false
    :: else
    fi
}

/* The buffer is a queue of one: a second store pushes the first one out. */
inline store_inside(i, value)
{
    d_step { flush(i); late[i] = value; is_late[i] = true }
}

inline touch()
{
    users++;
    assert(users == 1);
    users--
}

/* Lets the thread have the worker: at once if it is not taken, else at the owner's safe point. */
inline want(i)
{
    atomic {
        !mutex -> flush(i);
        if
        :: taken[i] && owner != i -> wanted!i
        :: else
        fi
    }
    atomic { !mutex && (owner == i || !taken[i]) }
}

/* tr_enter */
inline enter(i)
{
#ifdef LOOK_FIRST
    if
    :: taken[i] -> store_inside(i, true); want(i)
    :: else -> store_inside(i, true)
    fi
#else
    store_inside(i, true);
    if
    :: taken[i] -> want(i)
    :: else
    fi
#endif
}

/* tr_leave: who only borrowed the worker gives it back. */
inline leave(i)
{
    store_inside(i, false);
#ifndef NO_RETURN
    if
    :: taken[i] ->
        atomic {
            !mutex -> flush(i);
            if
            :: taken[i] && owner == i -> owner = lender; lender = NOBODY
            :: else
            fi
        }
    :: else
    fi
#endif
}

/* The handler has returned: the worker is the thread's again, its lender's no more. */
inline come_back(i)
{
    enter(i);
    atomic {
        !mutex -> flush(i);
        if
        :: taken[i] ->
            taken[i] = false;
            away--;
            released[lender] = true;
            lender = NOBODY
        :: else
        fi
    }
}

/* User code of one turn: calls the library or not, and blocks until another handler has called. */
inline handle(i)
{
    leave(i);
    if
    :: is_first -> enter(i); touch(); leave(i); has_called = true
    :: !is_first -> enter(i); touch(); leave(i)
    :: !is_first -> enter(i); touch(); leave(i); has_called /* blocks */
    :: !is_first -> has_called
    fi;
    come_back(i)
}

proctype thread(byte i)
{
    bool is_first;
    if
    :: i == HOME
    :: else -> goto pool
    fi;

base: /* the safe point: nothing of the worker is in the middle of anything */
    if
    :: atomic { !mutex && nempty(wanted) -> flush(i); wanted?owner; lender = i };
        /* lent */
        atomic { !mutex && (owner == i || released[i]) };
        if
        :: atomic { released[i] -> released[i] = false };
            goto idle
        :: else -> goto base
        fi
#ifndef NO_HOME
    :: atomic { !mutex && empty(wanted) && i != HOME && home_idle ->
            flush(i); owner = HOME; home_idle = false };
        goto pool
#endif
    :: atomic { empty(wanted) && turns > 0 && !(i != HOME && home_idle) ->
            turns--; is_first = !has_begun; has_begun = true };
        touch();
        handle(i);
        touch();
        goto base
    :: atomic { !mutex && turns == 0 && away == 0 && i == HOME && empty(wanted) };
        goto done
    fi;

idle: /* the worker has gone to another thread for good */
    if
    :: i == HOME ->
        home_idle = true;
        atomic { !mutex && owner == HOME };
        goto base
    :: else
    fi;

pool:
    pooled[i] = true;
end_pool:
    atomic { !mutex && owner == i && !pooled[i] };
    goto base;

done:
    skip
}

/* Makes room in the buffers of all processors. */
inline membarrier()
{
#ifdef NO_MEMBARRIER
    skip
#else
    d_step { flush(0); flush(1); flush(2) }
#endif
}

inline hand_over(to)
{
    away++;
    owner = to
}

/* Whether somebody waits whom a takeover helps, and there is who does it. */
#ifdef NO_STEP_IN
#define HELPS (len(wanted) == 0 && turns > 0 && (pooled[1] || pooled[2]))
#else
#define HELPS (len(wanted) > 0 || (turns > 0 && (pooled[1] || pooled[2])))
#endif

/* It looks at the thread that runs the worker, which has been in user code for the limit; some
 * times also when it is not worth it. */
proctype watchdog()
{
    byte held;
    byte spare;
    byte idle_looks = 2;
end_watch:
    do
    :: atomic { !mutex && !taken[owner] && !inside[FLAG(owner)] && (HELPS || idle_looks > 0) ->
            if
            :: HELPS
            :: else -> idle_looks--
            fi;
            mutex = true; held = owner };
        taken[held] = true;
        membarrier();
        if
#ifndef NO_SECOND_LOOK
        :: inside[FLAG(held)] -> taken[held] = false
        :: !inside[FLAG(held)] ->
#else
        :: true ->
#endif
            touch(); /* is there anything to do for others? */
            if
            :: !HELPS -> taken[held] = false /* no */
#ifndef NO_STEP_IN
            :: nempty(wanted) -> /* who wants it back steps in itself */
                atomic { wanted?spare; hand_over(spare); taken[spare] = false; away-- }
#endif
            :: atomic { empty(wanted) && pooled[1] -> pooled[1] = false; hand_over(1) }
            :: atomic { empty(wanted) && !pooled[1] && pooled[2] ->
                    pooled[2] = false; hand_over(2) }
            fi
        fi;
        mutex = false
    od
}

/* The processors get round to their buffers some time. */
proctype processor()
{
end_buffers:
    do
    :: d_step { is_late[0] -> flush(0) }
    :: d_step { is_late[1] -> flush(1) }
    :: d_step { is_late[2] -> flush(2) }
    od
}

init {
    atomic {
        inside[0] = true; inside[1] = true; inside[2] = true;
        run thread(0); run thread(1); run thread(2);
        run watchdog(); run processor()
    }
}
