/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <troupe/ref.h>

#include "base/assert.h"
#include "base/map.h"

troupe_ref troupe_ref_none(void)
{
    return (troupe_ref) {0};
}

bool troupe_ref_is_none(troupe_ref ref)
{
    return ref.generation == 0;
}

bool troupe_ref_is_same(troupe_ref left, troupe_ref right)
{
    return left.node == right.node && left.slot == right.slot &&
           left.generation == right.generation;
}

uint64_t troupe_ref_hash(troupe_ref ref)
{
    return tr_hash_u64(ref.node ^ tr_hash_u64((uint64_t) ref.generation << 32 | ref.slot));
}

void troupe_ref_print(troupe_ref ref, char text[TROUPE_REF_TEXT_SIZE])
{
    if (text == NULL) {
        return;
    }
    if (ref.seal == 0) {
        (void) snprintf(text, TROUPE_REF_TEXT_SIZE, "%" PRIx64 ".%" PRIu32 ".%" PRIu32, ref.node,
                        ref.slot, ref.generation); /* fits: 16 + 10 + 10 + 2 */
    } else {
        (void) snprintf(text, TROUPE_REF_TEXT_SIZE, "%" PRIx64 ".%" PRIu32 ".%" PRIu32 ".%" PRIx64,
                        ref.node, ref.slot, ref.generation, ref.seal);
    }
}

/* Reads a number of at most `max`, and moves *text behind it; false if there is none. */
static bool read_number(const char **text, unsigned base, uint64_t max, uint64_t *out_value)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;
    const char *at = *text;
    for (; *at != '\0'; at++) {
        const char *digit = memchr(digits, *at, base);
        if (digit == NULL) {
            break;
        }
        const uint64_t more = (uint64_t) (digit - digits);
        if (value > (max - more) / base) {
            return false;
        }
        value = value * base + more;
    }
    if (at == *text) {
        return false;
    }
    *text = at;
    *out_value = value;
    return true;
}

static bool skip_dot(const char **text)
{
    if (**text != '.') {
        return false;
    }
    (*text)++;
    return true;
}

troupe_error troupe_ref_parse(const char *text, troupe_ref *out_ref)
{
    TR_REQUIRE(text != NULL && out_ref != NULL, BAD_ARGUMENT);
    uint64_t node = 0;
    uint64_t slot = 0;
    uint64_t generation = 0;
    uint64_t seal = 0;
    const bool is_read = read_number(&text, 16, UINT64_MAX, &node) && skip_dot(&text) &&
                         read_number(&text, 10, UINT32_MAX, &slot) && skip_dot(&text) &&
                         read_number(&text, 10, UINT32_MAX, &generation);
    TR_REQUIRE(is_read, BAD_ARGUMENT);
    if (*text != '\0') {
        TR_REQUIRE(skip_dot(&text) && read_number(&text, 16, UINT64_MAX, &seal) && *text == '\0',
                   BAD_ARGUMENT);
    }
    *out_ref = (troupe_ref) {
        .node = node, .slot = (uint32_t) slot, .generation = (uint32_t) generation, .seal = seal};
    return TROUPE_OK;
}
