/* SPDX-License-Identifier: MIT */
#include <troupe/simulation_store.h>

#include "base/assert.h"
#include "simulation/simulation.h"

troupe_error troupe_simulation_write(troupe_simulation *simulation, uint32_t node, const char *file,
                                     uint64_t offset, const void *data, size_t size)
{
    tr_store *store = tr_simulation_store(simulation, node);
    TR_REQUIRE(store != NULL && file != NULL && (data != NULL || size == 0), BAD_ARGUMENT);
    return tr_store_write(store, file, offset, data, size);
}

troupe_error troupe_simulation_sync(troupe_simulation *simulation, uint32_t node, const char *file)
{
    tr_store *store = tr_simulation_store(simulation, node);
    TR_REQUIRE(store != NULL && file != NULL, BAD_ARGUMENT);
    return tr_store_sync(store, file);
}

size_t troupe_simulation_read(const troupe_simulation *simulation, uint32_t node, const char *file,
                              uint64_t offset, void *out, size_t size)
{
    const tr_store *store = tr_simulation_store(simulation, node);
    return store != NULL ? tr_store_read(store, file, offset, out, size) : 0;
}

uint64_t troupe_simulation_file_size(const troupe_simulation *simulation, uint32_t node,
                                     const char *file)
{
    const tr_store *store = tr_simulation_store(simulation, node);
    return store != NULL ? tr_store_size(store, file) : 0;
}

void troupe_simulation_remove(troupe_simulation *simulation, uint32_t node, const char *file)
{
    tr_store *store = tr_simulation_store(simulation, node);
    if (store != NULL) {
        tr_store_remove(store, file);
    }
}

void troupe_simulation_shape_disk(troupe_simulation *simulation, uint32_t node, uint64_t bytes_max,
                                  uint32_t files_max, uint32_t fail_ppm)
{
    tr_store *store = tr_simulation_store(simulation, node);
    if (store != NULL) {
        store->bytes_max = bytes_max;
        store->open_max = files_max;
        store->fail_ppm = fail_ppm < 1000000 ? fail_ppm : 1000000;
    }
}
