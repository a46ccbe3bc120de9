/* SPDX-License-Identifier: MIT */
/* simulation_store: the disk of a simulated node, which loses what was not synced.
 *
 * What is written is read at once, and is lasting when a sync of the file has returned. At a crash
 * each write since then is kept, lost, or torn at a sector's end, as chance says. Part of
 * libtroupe_simulation.
 * Threads: the one of the simulation; from within actors too. None of these waits. */
#ifndef TROUPE_SIMULATION_STORE_H
#define TROUPE_SIMULATION_STORE_H

#include <troupe/simulation.h>

TROUPE_BEGIN

/* Makes the file if there is none, and opens it if nothing was written since its last sync.
 * Errors: LIMIT_REACHED, the disk is full or has too many files, or the node has no descriptor;
 * SYSTEM; NO_MEMORY; BAD_ARGUMENT. Nothing was written then. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_write(troupe_simulation *simulation, uint32_t node, const char *file,
                        uint64_t offset, const void *data, size_t size);
/* All that was written is lasting. Errors: SYSTEM, and nobody knows; BAD_ARGUMENT. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_sync(troupe_simulation *simulation, uint32_t node, const char *file);
/* How many bytes were read: less than `size` at the end of the file, 0 if there is none. */
TROUPE_SIMULATION_API size_t troupe_simulation_read(const troupe_simulation *simulation,
                                                    uint32_t node, const char *file,
                                                    uint64_t offset, void *out, size_t size);
TROUPE_SIMULATION_API uint64_t troupe_simulation_file_size(const troupe_simulation *simulation,
                                                           uint32_t node, const char *file);
TROUPE_SIMULATION_API void troupe_simulation_remove(troupe_simulation *simulation, uint32_t node,
                                                    const char *file);
/* From now on the disk has room for so many bytes and files (0: no limit), and so many writes and
 * syncs in a million fail. */
TROUPE_SIMULATION_API void troupe_simulation_shape_disk(troupe_simulation *simulation,
                                                        uint32_t node, uint64_t bytes_max,
                                                        uint32_t files_max, uint32_t fail_ppm);

TROUPE_END

#endif
