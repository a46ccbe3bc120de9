/* SPDX-License-Identifier: MIT */
/* mesh_inside: what the parts of the mesh know of each other.
 *
 * Owns:    see mesh.
 * Threads: the mesh's. */
#ifndef TR_TRANSPORT_MESH_INSIDE_H
#define TR_TRANSPORT_MESH_INSIDE_H

#include "base/assert.h"
#include "base/list.h"
#include "base/map.h"
#include "transport/local.h"
#include "transport/mesh.h"
#include "transport/zap.h"

/* Messages taken from one socket before others have their turn; and bytes after which none is: who
 * has sent them waits to hear that they have come. */
#define TR_MESH_TURN_MESSAGES 256
#define TR_MESH_TURN_BYTES ((size_t) 64 << 10)

/* How a listener tells connections apart: the channel, and what names the link. */
#define TR_MESH_KEY_BYTES 16
#define TR_MESH_ID_BYTES (1 + TR_MESH_KEY_BYTES)

/* One channel of a link that was dialled, for its socket. */
typedef struct tr_mesh_side {
    tr_zmq_owner owner;
    tr_mesh_link *link;
    tr_zmq_socket *socket; /* NULL: it was not dialled */
    int fd;                /* as far as is known, of the connection; -1: none */
    uint64_t begun; /* events below this number are not of it, whatever descriptor they name */
    bool is_there;
} tr_mesh_side;

/* Where others dial. */
typedef struct tr_mesh_door {
    tr_mesh *mesh;
    tr_zmq_owner owner;
    tr_zmq_socket *socket; /* NULL: there is none */
    tr_local local;        /* where the door is one of this machine's alone */
    uint16_t port;         /* else */
    char endpoint[128];
} tr_mesh_door;

struct tr_mesh_link {
    tr_mesh *mesh;
    tr_mesh_door *door; /* NULL: it was dialled from here */
    tr_map_node by_key;
    tr_list link;    /* among all, or those that are over */
    tr_list opening; /* until it is up; or among those that end */
    void *context;
    uint64_t deadline_ns; /* to be up by */
    tr_mesh_side sides[TR_CHANNEL_COUNT];
    unsigned char key[TR_MESH_KEY_BYTES];
    bool is_dialled;
    bool is_up;
    bool is_ending;
    bool is_over;
    char user[64];
    char peer[128];
};

struct tr_mesh {
    tr_mesh_options options;
    tr_zmq_set set;
    zmq_msg_t *heard; /* the message that is heard and may be kept; NULL: none */
    tr_zap zap;
    tr_mesh_door door;
    tr_mesh_door side_door;    /* the local one */
    int reserve_fd;            /* -1: none; nobody is let in */
    uint64_t reserve_again_ns; /* TR_NEVER: it is there, or not needed */
    tr_map accepted;           /* by key */
    tr_list links;
    tr_list opening; /* by deadline */
    tr_list ending;  /* likewise: one channel is gone, the other may still bring something */
    tr_list over;    /* freed when nobody can be using them */
    uint64_t dialled;
    uint64_t complain_ns; /* when strangers are worth a line again */
    uint32_t unsaid;      /* of them since the last line */
    char public_key[TR_ZMQ_KEY_BYTES];
    char secret_key[TR_ZMQ_KEY_BYTES];
};

static inline uint64_t tr_mesh_now_ns(const tr_mesh *mesh)
{
    return mesh->options.clock.now_ns(mesh->options.clock.context);
}

/* The letter that an id begins with. */
static inline unsigned char tr_mesh_letter(tr_channel channel)
{
    return channel == TR_CHANNEL_CONTROL ? 'c' : 'd';
}

/* One that is opening. NULL: no memory. */
tr_mesh_link *tr_mesh_make_link(tr_mesh *mesh);
/* Out of everything, but not freed yet. */
void tr_mesh_end_link(tr_mesh_link *link);
void tr_mesh_free_over(tr_mesh *mesh);

/* Its owner is told, if it knows of it. */
void tr_mesh_lose(tr_mesh_link *link, troupe_error reason, const char *why);
void tr_mesh_be_up(tr_mesh_link *link);
/* One of its connections is over: soon it is as a whole. */
void tr_mesh_break(tr_mesh_link *link, tr_channel channel);
/* The same, of one by which nothing can be sent; nobody is told before the next look. */
void tr_mesh_miss(tr_mesh_link *link, tr_channel channel);
bool tr_mesh_has_all_sides(const tr_mesh_link *link);
void tr_mesh_hear(tr_mesh_link *link, tr_channel channel, zmq_msg_t *message);

tr_zmq_options tr_mesh_socket_options(const tr_mesh *mesh, int type);

/* Ends a connection that this door has accepted, with this descriptor and beginning. */
void tr_mesh_cut(const tr_mesh_door *door, int fd, uint64_t begun);

/* A line about one who was hung up on before anybody knew of it; NULL: who it is is not known. At
 * most one in a second. */
void tr_mesh_complain(tr_mesh *mesh, const char *who, const char *what);

/* Errors: as tr_mesh_open. */
TROUPE_MUST_CHECK troupe_error tr_mesh_listen(tr_mesh *mesh);
/* Tries to have a descriptor by which to accept one more connection, to refuse it. */
void tr_mesh_reserve(tr_mesh *mesh);

#endif
