/* SPDX-License-Identifier: MIT */
/* limit: the workloads of the limit program that are not of its dispatcher. */
#ifndef TR_BENCH_PEERS_LIMIT_H
#define TR_BENCH_PEERS_LIMIT_H

#include "bench/bench.h"

/* Two stacks that throw a number to each other: one switch of boost.context per message. */
void limit_ping_pong_coroutines(const bench_arguments *arguments);

/* A ring of 1024 places of 64 bytes between two pinned threads that spin. */
void limit_count_two_threads(const bench_arguments *arguments);

/* Work in equal parts on as many pinned threads. */
void limit_compute(const bench_arguments *arguments);

/* Two pinned threads that sleep, each on an eventfd. */
void limit_round_trip(const bench_arguments *arguments);

#endif
