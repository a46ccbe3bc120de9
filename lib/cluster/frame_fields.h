/* SPDX-License-Identifier: MIT */
/* frame_fields: the numbers of a frame's fields, for what writes and reads them.
 *
 * Threads: any; these are constants. */
#ifndef TR_CLUSTER_FRAME_FIELDS_H
#define TR_CLUSTER_FRAME_FIELDS_H

/* Numbers of fields, as the .proto says. */
enum frame_field {
    FRAME_FROM = 1,
    FRAME_TO,
    FRAME_CONNECTION,
    FRAME_SEQUENCE,
    FRAME_ENVELOPES,
    FRAME_GONE
};

enum ref_field {
    REF_NODE = 1,
    REF_SLOT,
    REF_GENERATION,
    REF_SEAL
};

enum envelope_field {
    KIND = 1,
    NUMBER,
    TO,
    FROM,
    BUDGET,
    TRACE_ID,
    FORM,
    TYPE,
    BODY,
    ERROR,
    DOWN,
    NAME,
    CAUSE,
    TEXT,
    SIGNAL,
    KEY,
    MONITOR,
    LINK,
    WINDOW,
    CHARGE,
    SETTLES,
    WHOLE,
    ORIGINAL
};

#endif
