/* SPDX-License-Identifier: MIT */
/* keys: who a node is, who may connect with it, and what each of them may do; docs/security.md.
 *
 * A key is 40 characters of ZeroMQ's Z85. Files of keys are text: blanks part words, empty lines
 * and those that begin with '#' say nothing.
 *
 * A key file (.key_file of a node's options) has the node's pair, in two lines:
 *     public KEY
 *     secret KEY
 * It is refused unless its owner alone can get at it: mode 0600, or stricter.
 *
 * An allow-list (.allowed_file) has a line for each key that may dial:
 *     NAME KEY ROLES
 * The name, of at most 63 bytes, is for the log. Roles are of these, parted by commas:
 *     send     messages, and asks, to actors of this node
 *     monitor  to be told when they end
 *     spawn    to have actors spawned here, stopped, cancelled and killed
 *     inspect  to see what is on this node
 *     all      all of these
 * A link takes monitor and spawn. Each may look names up, and answer what it is asked. What it may
 * not do is refused with NOT_AUTHORISED, or lost and counted where there is no answer; the log
 * tells of the first ten. A node that is dialled and stands in the list has the roles it has there.
 * If it does not, it may only answer; without an allow-list it may do all, as may those in
 * .allowed_keys.
 *
 * Threads: any. */
#ifndef TROUPE_KEYS_H
#define TROUPE_KEYS_H

#include <stddef.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/log.h>

TROUPE_BEGIN

/* A key with the end of the text. */
#define TROUPE_KEY_BYTES 41

/* Makes a key pair, writes it into a new key file with mode 0600, and gives its public key.
 * `log` may be NULL; it never has the secret key.
 * Waits:  until it is on the disk.
 * Errors: NAME_TAKEN: there is such a file; SYSTEM; the log says why. TOO_LARGE: less than
 *         TROUPE_KEY_BYTES; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_key_file_create(const char *path,
                                                                 const troupe_log *log,
                                                                 char *out_public_key, size_t size);

/* Reads the node's allow-list again. Who stands in it no longer is cut off, and may not dial again;
 * what others may do is as it says from now on. If it cannot be read, or has a bad line, all stays
 * as it was. Also from an actor of the node, which it holds up meanwhile.
 * Waits:  until it is done.
 * Errors: BAD_ARGUMENT, or SYSTEM if it cannot be read; the log says why. END: the node has none;
 *         STOPPING, also before start; CANNOT_WAIT from an actor of worker 0 of a node whose
 *         .border is shared; NO_MEMORY; FORKED. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_reload_keys(troupe_node *node);

TROUPE_END

#endif
