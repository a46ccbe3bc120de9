/* SPDX-License-Identifier: MIT */
/* inspected: what a node's inspector answers.
 *
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_INSPECTED_H
#define TR_TESTS_SUPPORT_INSPECTED_H

#include <protobuf-c/protobuf-c.h>
#include <troupe/node.h>

/* What `asker` is told by the inspector of the node with this id, which may be its own: the answer,
 * until inspected_free, or NULL and the error. It waits until that node can be reached. */
void *inspected(troupe_node *asker, uint64_t node, const void *request,
                const ProtobufCMessageDescriptor *answer, troupe_error *out_error);
/* The same, which has to be answered. */
void *inspected_ok(troupe_node *asker, uint64_t node, const void *request,
                   const ProtobufCMessageDescriptor *answer);
void inspected_free(void *answer);

#endif
