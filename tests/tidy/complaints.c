/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "tidy/rules.h"

void complain(struct complaints *complaints, const struct source *source, size_t line,
              const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    complaints->count++;
    const size_t room = sizeof complaints->text - complaints->length;
    const int length = snprintf(complaints->text + complaints->length, room, "%s:%zu: %s\n",
                                source->path, line + 1, text);
    if (length > 0 && (size_t) length < room) {
        complaints->length += (size_t) length;
    } else {
        complaints->text[complaints->length] = '\0';
    }
}
