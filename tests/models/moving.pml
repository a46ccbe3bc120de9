/* SPDX-License-Identifier: MIT */
/* Actor X moves from worker A to worker B while Z on worker C and Y on B send to it, and it sends
 * to Z. See docs/moving.md. Each pipe keeps its order; different pipes race. Whoever hears words
 * asserts that they come in order, once; a word that is lost leaves the workers waiting for ever,
 * which the search reports as an invalid end.
 *
 * FAULTS: MARK_NOT_AWAITED MARK_OVERTAKES NOT_HEARD OVER_TOO_SOON EARLY_FORGOTTEN OWN_NOT_HELD */

#define WORDS 2

mtype = { SHIP, ANNOUNCE, HEARD, MARK, OWN_MARK, ANSWER, SETTLED, OVER, Z_WORD, Y_WORD, X_WORD }

#define AT_A 0
#define MOVING 1
#define AT_B 2
byte way = AT_A;

chan ab = [9] of { mtype, byte };
chan ba = [9] of { mtype, byte };
chan ac = [9] of { mtype, byte };
chan ca = [9] of { mtype, byte };
chan bc = [9] of { mtype, byte };
chan cb = [9] of { mtype, byte };

/* X, which one worker has at a time. */
byte from_z = 0;
byte from_y = 0;
byte x_said = 0;
/* Z */
byte from_x = 0;

bool is_over = false;
#define is_done (is_over && from_z == WORDS && from_y == WORDS && from_x == WORDS)

inline x_hears_z(n) { assert(n == from_z + 1); from_z = n }
inline x_hears_y(n) { assert(n == from_y + 1); from_y = n }

active proctype A()
{
    byte n;
    bool has_x = true;
    do
    :: has_x && x_said < WORDS -> atomic { x_said++; ac!X_WORD(x_said) }
    :: has_x -> atomic { has_x = false; way = MOVING; ab!SHIP(0); ac!ANNOUNCE(0) }
    :: atomic { ca?Z_WORD(n) ->
           assert(!is_over);
           if
           :: has_x -> x_hears_z(n)
           :: else -> ab!Z_WORD(n)
           fi }
    :: atomic { ba?Y_WORD(n) ->
           assert(!is_over);
           if
           :: has_x -> x_hears_y(n)
           :: else -> ab!Y_WORD(n)
           fi }
    :: atomic { ca?MARK(n) ->
#ifdef MARK_OVERTAKES
           ac!ANSWER(0)
#else
           ab!MARK(0)
#endif
       }
    :: atomic { ba?OWN_MARK(n) -> ab!OWN_MARK(0) }
    :: atomic { ba?OVER(n) -> is_over = true }
    :: is_done -> break
    od
}

active proctype B()
{
    byte n;
    byte y_said = 0;
    bool has_x = false;
    bool is_holding = false;
    bool has_heard = false;
    bool has_c_settled = false;
    bool has_told = false;
    chan held = [WORDS] of { byte }; /* Y's */
    chan out = [WORDS] of { byte };  /* X's */
    chan early = [WORDS] of { byte };
    do
    :: y_said < WORDS -> atomic {
           y_said++;
           if
           :: !has_x -> ba!Y_WORD(y_said)
           :: has_x && is_holding -> held!y_said
           :: else -> x_hears_y(y_said)
           fi }
    :: has_x && x_said < WORDS -> atomic {
           x_said++;
           if
           :: has_heard -> bc!X_WORD(x_said)
           :: else -> out!x_said
           fi }
    :: atomic { ab?SHIP(n) ->
           has_x = true;
           ba!OWN_MARK(0);
#ifndef OWN_NOT_HELD
           is_holding = true;
#endif
#ifdef NOT_HEARD
           has_heard = true;
#endif
           do
           :: nempty(early) -> early?n; x_hears_z(n)
           :: else -> break
           od }
    :: atomic { ab?Z_WORD(n) -> x_hears_z(n) }
    :: atomic { ab?Y_WORD(n) -> x_hears_y(n) }
    :: atomic { cb?Z_WORD(n) ->
           if
           :: has_x -> x_hears_z(n)
#ifndef EARLY_FORGOTTEN
           :: else -> early!n
#else
           :: else -> skip
#endif
           fi }
    :: atomic { cb?HEARD(n) ->
           has_heard = true;
           do
           :: nempty(out) -> out?n; bc!X_WORD(n)
           :: else -> break
           od }
    :: atomic { ab?MARK(n) -> bc!ANSWER(0) }
    :: atomic { ab?OWN_MARK(n) ->
           is_holding = false;
           do
           :: nempty(held) -> held?n; x_hears_y(n)
           :: else -> break
           od }
    :: atomic { cb?SETTLED(n) -> has_c_settled = true }
    :: atomic { has_x && !has_told && has_heard && !is_holding &&
#ifndef OVER_TOO_SOON
           has_c_settled &&
#endif
           true ->
           has_told = true;
           way = AT_B;
           ba!OVER(0) }
    :: is_done -> break
    od
}

#define NOTHING 0
#define HOLDING 1
#define NEW_WAY 2

active proctype C()
{
    byte n;
    byte said = 0;
    byte row = NOTHING;
    chan held = [WORDS] of { byte };
    /* An end that was made after the ship knows nothing of the old way: it sends to B at once. */
    bool is_late = false;
    do
    :: said == 0 && way == MOVING && row == NOTHING && !is_late -> is_late = true
    :: said < WORDS -> atomic {
           said++;
           if
           :: way == AT_B || (way == MOVING && (row == NEW_WAY || is_late)) -> cb!Z_WORD(said)
           :: way == MOVING && row == HOLDING && !is_late -> held!said
           :: else -> ca!Z_WORD(said)
           fi }
    :: atomic { ac?ANNOUNCE(n) ->
           row = HOLDING;
           ca!MARK(0);
           cb!HEARD(0);
#ifdef MARK_NOT_AWAITED
           row = NEW_WAY
#endif
       }
    :: atomic { (bc?[ANSWER(n)] || ac?[ANSWER(n)]) ->
           if
           :: bc?ANSWER(n)
           :: ac?ANSWER(n)
           fi;
           do
           :: nempty(held) -> held?n; cb!Z_WORD(n)
           :: else -> break
           od;
           row = NEW_WAY;
           cb!SETTLED(0) }
    :: atomic { ac?X_WORD(n) -> assert(n == from_x + 1); from_x = n }
    :: atomic { bc?X_WORD(n) -> assert(n == from_x + 1); from_x = n }
    :: is_done -> break
    od
}
