/* SPDX-License-Identifier: MIT */
#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void tr_assert_failed(const char *file, int line, const char *expression)
{
    (void) fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expression);
    abort();
}

void tr_misused(const char *function, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    (void) fprintf(stderr, "%s: called with what it must not be: %s\n", function, what);
    abort();
}
