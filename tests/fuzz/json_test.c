/* SPDX-License-Identifier: MIT */
/* Fuzzes what reads JSON, from people and from the network, and writes it: what is read is written
 * as something that is read as the same. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fuzz/target.h"
#include "node/json.h"
#include "shop.pb-c.h"

const fuzz_target fuzz_this = {.name = "json_test", .runs = 200000};

#define BYTES_MAX (1 << 16)

static void must(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static tr_json_buffer a_buffer(void)
{
    return (tr_json_buffer) {.allocator = tr_allocator_default(), .limit = BYTES_MAX};
}

static void write_and_read_again(const ProtobufCMessage *message)
{
    char why[TR_JSON_WHY_SIZE];
    tr_json_buffer text = a_buffer();
    tr_json_buffer again = a_buffer();
    if (tr_json_write(message, &text)) {
        must(tr_json_read(message->descriptor, (const char *) text.data, text.size, &again, why) ||
             again.is_full);
        ProtobufCMessage *same =
            protobuf_c_message_unpack(message->descriptor, NULL, again.size, again.data);
        must(same != NULL || again.is_full);
        if (same != NULL) {
            must(protobuf_c_message_get_packed_size(same) ==
                 protobuf_c_message_get_packed_size(message));
            protobuf_c_message_free_unpacked(same, NULL);
        }
    }
    tr_json_buffer_free(&text);
    tr_json_buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[TR_JSON_WHY_SIZE];
    tr_json_buffer packed = a_buffer();
    if (tr_json_read(&shop__order__descriptor, (const char *) data, size, &packed, why)) {
        must(why[0] == '\0');
        ProtobufCMessage *message =
            protobuf_c_message_unpack(&shop__order__descriptor, NULL, packed.size, packed.data);
        if (message != NULL) { /* else something that is required is missing */
            write_and_read_again(message);
            protobuf_c_message_free_unpacked(message, NULL);
        }
    } else {
        must(why[0] != '\0');
    }
    tr_json_buffer_free(&packed);
    return 0;
}

size_t fuzz_sample(size_t index, uint8_t *bytes, size_t capacity)
{
    static const char *const samples[] = {
        "{\"id\": 5, \"items\": [{\"name\": \"tea\", \"quantity\": 2, \"priceCents\": \"250\"}],"
        " \"note\": \"a\\n\\u00e4\\ud83d\\ude00\", \"signature\": \"AAEC/+8=\"}",
        "{\"id\": 1, \"urgency\": \"NOW\", \"discount\": -1.5e3, \"tags\": [\"a\", \"b\"],"
        " \"card\": {\"number\": \"4\", \"expires_month\": 12}, \"floor\": -1}",
        "{\"id\": 1, \"replaces\": {\"id\": 2, \"replaces\": {\"id\": 3}}, \"is_gift\": true,"
        " \"shelf_numbers\": [1, 2, 3], \"urgencies\": [\"TODAY\", 0], \"wrapping\": null}",
    };
    if (index >= sizeof samples / sizeof samples[0]) {
        return 0;
    }
    const size_t size = strlen(samples[index]);
    if (size <= capacity) {
        (void) memcpy(bytes, samples[index], size);
    }
    return size <= capacity ? size : 0;
}
