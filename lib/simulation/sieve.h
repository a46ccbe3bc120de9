/* SPDX-License-Identifier: MIT */
/* sieve: what of a run is left when faults and nodes are left out of it.
 *
 * Faults have numbers, from 1, in the order in which the script has them or chance brings them.
 * In words it is what stands in the environment: "TROUPE_FAULTS=3,7-9 TROUPE_NODES=2".
 * Owns:       nothing.
 * Invariants: the faults above TR_FAULTS_SINGLE are one: a set has all of them or none.
 * Threads:    any. */
#ifndef TR_SIMULATION_SIEVE_H
#define TR_SIMULATION_SIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many stand for themselves; the number after it for all that follow. */
#define TR_FAULTS_SINGLE 65536
#define TR_FAULTS_LAST (TR_FAULTS_SINGLE + 1)

typedef struct tr_fault_set {
    uint64_t bits[TR_FAULTS_SINGLE / 64 + 1];
} tr_fault_set;

typedef struct tr_sieve {
    bool has_faults; /* only those in the set happen; otherwise all */
    uint32_t nodes;  /* that a scenario has that asks how many; 0: as it draws */
    uint32_t course; /* another course of chance with the same faults; 0: that of the seed */
    uint64_t end_ns; /* when time for runs is over; 0: never */
    tr_fault_set faults;
} tr_sieve;

void tr_fault_set_put(tr_fault_set *set, uint64_t number);
void tr_fault_set_remove(tr_fault_set *set, uint64_t number);
bool tr_fault_set_has(const tr_fault_set *set, uint64_t number);
/* Those above TR_FAULTS_SINGLE count as one. */
uint32_t tr_fault_set_count(const tr_fault_set *set);

/* True if that fault happens in a run with this sieve. */
bool tr_sieve_keeps(const tr_sieve *sieve, uint64_t fault);

/* Adds nothing for what is as it would be anyway. False if there is not enough room. */
bool tr_sieve_print(const tr_sieve *sieve, char *out, size_t size);

/* Reads a number, and moves *text behind it. False if none is there, or one that is too large. */
bool tr_sieve_read_number(const char **text, uint64_t *out_number);
/* Reads "3,7-9", "5-" (from 5 on) or "none". False if it says anything else. */
bool tr_sieve_read_faults(tr_sieve *sieve, const char *text);

#endif
