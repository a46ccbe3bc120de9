/* SPDX-License-Identifier: MIT */
#include "print.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

bool print_shows_progress(void)
{
    return isatty(STDERR_FILENO) == 1;
}

static double megabytes_per_second(const struct progress *progress, double seconds)
{
    return seconds > 0 ? (double) progress->bytes / 1e6 / seconds : 0;
}

void print_progress(const struct progress *progress, double seconds, const struct depths *depths)
{
    (void) fprintf(stderr,
                   CLEAR_LINE "%" PRIu64 " files, %.0f MB/s; queued: splitters %" PRIu32
                              ", counters %" PRIu32 ", reporter %" PRIu32,
                   progress->files, megabytes_per_second(progress, seconds), depths->splitters.now,
                   depths->counters.now, depths->reporter.now);
}

void print_no_progress(void)
{
    if (print_shows_progress()) {
        (void) fputs(CLEAR_LINE, stderr);
    }
}

void print_trouble(const char *line, size_t size)
{
    print_no_progress();
    (void) fwrite(line, 1, size, stderr);
}

/* The most memory this process ever had, in KiB; 0 if the kernel does not say. */
static unsigned long peak_kib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    if (status == NULL) {
        return 0;
    }
    unsigned long kib = 0;
    char line[256];
    while (kib == 0 && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtoul(line + 6, NULL, 10);
        }
    }
    (void) fclose(status); /* only read */
    return kib;
}

void print_result(const struct result *result, const struct top *top, uint32_t capacity)
{
    for (size_t i = 0; i < top->count; i++) {
        (void) printf("%10" PRIu64 "  ", top->list[i].count);
        (void) fwrite(top->list[i].bytes, 1, top->list[i].length, stdout);
        (void) putchar('\n');
    }

    const struct tally *total = &result->total;
    (void) printf("words: %" PRIu64 ", distinct: %" PRIu64 ", too long (over %d bytes): %" PRIu64
                  "\n",
                  total->words, total->distinct, WORD_BYTES_MAX, total->too_long);
    (void) printf("read: %" PRIu64 " files, %.1f MB in %.2f s, %.0f MB/s\n", total->read.files,
                  (double) total->read.bytes / 1e6, result->seconds,
                  megabytes_per_second(&total->read, result->seconds));
    if (total->away + total->anew > 0) {
        (void) printf("units: %" PRIu64 ", %" PRIu64 " of them by other nodes; %" PRIu64
                      " lost there and counted anew\n",
                      total->units, total->away, total->anew);
    }
    (void) printf("peak depth, of %" PRIu32 ": splitters %" PRIu32 ", counters %" PRIu32
                  ", reporter %" PRIu32 "\n",
                  capacity, result->depths.splitters.peak, result->depths.counters.peak,
                  result->depths.reporter.peak);
    (void) printf("peak memory: %.1f MiB\n", (double) peak_kib() / 1024);
}
