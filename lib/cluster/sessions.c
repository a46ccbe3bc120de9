/* SPDX-License-Identifier: MIT */
#include "cluster/sessions.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/squeeze.h"

typedef struct member {
    tr_map_node by_node;
    tr_sessions *sessions;
    uint64_t node;
    uint64_t owner; /* 0: nobody yet */
    tr_session session;
} member;

static uint64_t now_of(const tr_sessions *sessions)
{
    const tr_clock *clock = &sessions->system->ports.clock;
    return clock->now_ns(clock->context);
}

static bool is_node(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, member, by_node)->node == *(const uint64_t *) key;
}

static member *find(const tr_sessions *sessions, uint64_t node)
{
    tr_map_node *found = tr_map_find(&sessions->members, tr_hash_u64(node), is_node, &node);
    return found != NULL ? TR_CONTAINER_OF(found, member, by_node) : NULL;
}

/* A session's port. */

static bool send_word(void *context, tr_link_kind kind, const void *word, size_t size)
{
    const member *to = context;
    const tr_link_port *links = &to->sessions->links;
    return links->send(links->context, to->node, kind, word, size);
}

static bool lend_word(void *context, const void *word, size_t size, tr_crate *crate)
{
    const member *to = context;
    const tr_link_port *links = &to->sessions->links;
    return links->lend(links->context, to->node, word, size, crate);
}

static void open_link(void *context)
{
    const member *to = context;
    to->sessions->links.open(to->sessions->links.context, to->node);
}

static void close_link(void *context)
{
    const member *to = context;
    to->sessions->links.close(to->sessions->links.context, to->node);
}

static troupe_error begun(void *context)
{
    const member *with = context;
    tr_border *border = with->sessions->border;
    const troupe_error error = tr_border_connected(border, with->node);
    if (error == TROUPE_OK) {
        tr_border_give_windows(border, with->node, with->session.credit_messages,
                               with->session.credit_bytes);
    }
    if (error == TROUPE_OK && (with->session.features & TR_FEATURE_LZ4) != 0) {
        tr_border_give_squeezed(border, with->node);
    }
    if (error == TROUPE_OK && (with->session.features & TR_FEATURE_REPEATS) != 0) {
        tr_border_give_repeats(border, with->node);
    }
    return error;
}

static void came(void *context, const void *frame, size_t size, uint64_t age_ns)
{
    const member *from = context;
    tr_border_accept(from->sessions->border, from->node, frame, size, age_ns);
}

static void lost(void *context, troupe_error reason)
{
    const member *with = context;
    tr_nodes_note_lost_frames(with->sessions->system, with->node, with->session.counts.frames_lost);
    tr_border_lost(with->sessions->border, with->node, reason);
}

static void ready(void *context)
{
    const member *to = context;
    tr_border_ready(to->sessions->border, to->node);
}

/* What people are told of a session that is open. Of its begin and its end the border tells. */
static void tell_state(tr_sessions *sessions, const member *of)
{
    const tr_session *session = &of->session;
    if (session->is_open && !session->is_over &&
        tr_border_is_connected(sessions->border, of->node)) {
        tr_herald_note(&sessions->border->herald, of->node,
                       !session->is_up       ? TROUPE_NODE_CUT
                       : session->is_suspect ? TROUPE_NODE_SUSPECTED
                                             : TROUPE_NODE_CONNECTED);
    }
}

/* Time. */

/* The timer does not run past this time. */
static void look_at(tr_sessions *sessions, uint64_t due_ns)
{
    if (due_ns == TR_NEVER ||
        (tr_timer_is_running(&sessions->timer) && sessions->timer.due_ns <= due_ns)) {
        return;
    }
    tr_timers *timers = &sessions->border->worker->timers;
    if (tr_timer_is_running(&sessions->timer)) {
        tr_timers_cancel(timers, &sessions->timer);
    }
    tr_timers_start(timers, &sessions->timer, due_ns);
}

static void tick(tr_timer *timer, void *context)
{
    (void) timer;
    tr_sessions *sessions = context;
    const uint64_t now_ns = now_of(sessions);
    uint64_t due_ns = TR_NEVER;
    sessions->inside++;
    for (tr_map_node *node = tr_map_first(&sessions->members); node != NULL;
         node = tr_map_next(&sessions->members, node)) {
        member *of = TR_CONTAINER_OF(node, member, by_node);
        tr_session *session = &of->session;
        tr_session_tick(session, now_ns);
        tell_state(sessions, of);
        const uint64_t own_ns = tr_session_due_ns(session);
        due_ns = own_ns < due_ns ? own_ns : due_ns;
    }
    sessions->inside--;
    look_at(sessions, due_ns);
}

/* Life. */

static void forget(tr_sessions *sessions, member *gone)
{
    tr_map_remove(&sessions->members, &gone->by_node);
    tr_session_fini(&gone->session);
    tr_free(sessions->system->ports.allocator, gone, sizeof *gone);
}

/* Whether there is nothing that it waits for: its node is dead, or never was there. */
static bool is_idle(const tr_session *session)
{
    return !session->is_up && !session->is_open && tr_session_due_ns(session) == TR_NEVER;
}

/* Room for one more: when there are many those with incarnations that are over are forgotten; and
 * if that is not enough the one that is dead for longest, which is over then for this node. */
static bool make_room(tr_sessions *sessions)
{
    tr_map *members = &sessions->members;
    const bool is_full = members->count >= TR_PEERS_MAX && sessions->inside == 0;
    tr_map_node *node = is_full ? tr_map_first(members) : NULL;
    member *oldest = NULL;
    while (node != NULL) {
        member *looked_at = TR_CONTAINER_OF(node, member, by_node);
        const tr_session *session = &looked_at->session;
        node = tr_map_next(members, node);
        if (session->is_over) {
            forget(sessions, looked_at);
        } else if (is_idle(session) && (oldest == NULL || session->detector.looked_ns <
                                                              oldest->session.detector.looked_ns)) {
            oldest = looked_at;
        }
    }
    if (members->count >= TR_PEERS_MAX && oldest != NULL) {
        tr_border_lost(sessions->border, oldest->node, TROUPE_ERROR_STALE);
        forget(sessions, oldest);
    }
    return members->count < TR_PEERS_MAX && tr_map_reserve_one(members) == TROUPE_OK;
}

/* The one with that node, which is made if need be. NULL: none can be. */
static member *get(tr_sessions *sessions, uint64_t node)
{
    member *found = find(sessions, node);
    if (sessions->is_over || sessions->border->worker == NULL) {
        return NULL;
    }
    if (found != NULL || node == sessions->system->options.node_id || !make_room(sessions)) {
        return found;
    }
    member *made = tr_allocate(sessions->system->ports.allocator, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    made->sessions = sessions;
    made->node = node;
    const tr_session_port port = {.context = made,
                                  .send = send_word,
                                  .lend = sessions->links.lend != NULL ? lend_word : NULL,
                                  .open = open_link,
                                  .close = close_link,
                                  .begun = begun,
                                  .came = came,
                                  .lost = lost,
                                  .ready = ready};
    tr_session_options options = sessions->options;
    options.peer = node;
    options.seed = options.own ^ tr_hash_u64(node);
    tr_session_init(&made->session, &port, &options);
    tr_map_add(&sessions->members, &made->by_node, tr_hash_u64(node));
    return made;
}

/* A session was called, and may have something to do at another time now. */
static void have_called(tr_sessions *sessions, const member *called)
{
    sessions->inside--;
    tell_state(sessions, called);
    look_at(sessions, tr_session_due_ns(&called->session));
}

static bool send_frame(void *context, uint64_t to_node, const void *frame, size_t size)
{
    tr_sessions *sessions = context;
    member *to = get(sessions, to_node);
    if (to == NULL) {
        return false;
    }
    sessions->inside++;
    const bool is_taken = tr_session_send(&to->session, now_of(sessions), frame, size);
    have_called(sessions, to);
    return is_taken;
}

static bool give_frame(void *context, uint64_t to_node, tr_crate *frame)
{
    tr_sessions *sessions = context;
    member *to = get(sessions, to_node);
    if (to == NULL) {
        return false;
    }
    sessions->inside++;
    const bool is_taken = tr_session_give(&to->session, now_of(sessions), frame);
    have_called(sessions, to);
    return is_taken;
}

static bool may_add(void *context, uint64_t to_node)
{
    const tr_sessions *sessions = context;
    member *to = find(sessions, to_node);
    return to == NULL || tr_session_may_add(&to->session);
}

static void renew(void *context, uint64_t node)
{
    tr_sessions *sessions = context;
    member *with = sessions->is_over ? NULL : find(sessions, node);
    if (with != NULL) {
        sessions->inside++;
        tr_session_renew(&with->session, now_of(sessions));
        have_called(sessions, with);
    }
}

static void closed(void *context)
{
    tr_sessions *sessions = context;
    const uint64_t now_ns = now_of(sessions);
    sessions->is_over = true;
    for (tr_map_node *node = tr_map_first(&sessions->members); node != NULL;
         node = tr_map_next(&sessions->members, node)) {
        tr_session_leave(&TR_CONTAINER_OF(node, member, by_node)->session, now_ns);
    }
    tr_timers_cancel(&sessions->border->worker->timers, &sessions->timer);
}

/* Whether what is heard of the one comes from who may say so. */
static bool have_one_owner(const tr_sessions *sessions, uint64_t node, uint64_t other)
{
    const member *one = find(sessions, node);
    const member *two = find(sessions, other);
    return two != NULL && two->owner == (one != NULL ? one->owner : 0);
}

static bool believes(void *context, uint64_t node, uint64_t over)
{
    return have_one_owner(context, node, over);
}

tr_wire_port tr_sessions_wire(tr_sessions *sessions)
{
    return (tr_wire_port) {.context = sessions,
                           .send = send_frame,
                           .give = give_frame,
                           .may_add = may_add,
                           .renew = renew,
                           .believes = believes,
                           .closed = closed};
}

void tr_sessions_init(tr_sessions *sessions, tr_border *border, tr_system *system,
                      const tr_link_port *links, const tr_session_options *options)
{
    *sessions = (tr_sessions) {.border = border, .system = system, .links = *links};
    if (options != NULL) {
        sessions->options = *options;
    }
    sessions->options.allocator = system->ports.allocator;
    sessions->options.log = system->ports.log;
    sessions->options.own = system->options.node_id;
    tr_map_init(&sessions->members, system->ports.allocator);
    tr_timer_init(&sessions->timer, tick, sessions);
}

void tr_sessions_fini(tr_sessions *sessions)
{
    if (sessions->border->worker != NULL) {
        tr_timers_cancel(&sessions->border->worker->timers, &sessions->timer);
    }
    for (tr_map_node *node = tr_map_first(&sessions->members); node != NULL;
         node = tr_map_first(&sessions->members)) {
        forget(sessions, TR_CONTAINER_OF(node, member, by_node));
    }
    tr_map_fini(&sessions->members);
}

/* Links. */

bool tr_sessions_claim(tr_sessions *sessions, uint64_t node, uint64_t owner)
{
    member *claimed = get(sessions, node);
    if (claimed != NULL && claimed->owner == 0) {
        claimed->owner = owner;
    }
    return claimed == NULL || claimed->owner == owner;
}

void tr_sessions_link_up(tr_sessions *sessions, uint64_t node)
{
    member *with = get(sessions, node);
    if (with != NULL) {
        sessions->inside++;
        tr_nodes_write_title(sessions->system, node, with->session.options.title);
        tr_session_link_up(&with->session, now_of(sessions));
        have_called(sessions, with);
    }
}

void tr_sessions_link_down(tr_sessions *sessions, uint64_t node, troupe_error reason)
{
    member *with = sessions->is_over ? NULL : find(sessions, node);
    if (with == NULL) {
        return;
    }
    sessions->inside++;
    if (reason == TROUPE_ERROR_STALE) {
        tr_session_end(&with->session);
        tr_border_lost(sessions->border, node, reason); /* also who has never been connected */
    } else {
        tr_session_link_down(&with->session, now_of(sessions));
    }
    have_called(sessions, with);
}

/* A word for an incarnation that is not this one. */
static void say_over(tr_sessions *sessions, uint64_t node, const tr_word *word)
{
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX];
    unsigned char *end = bytes + sizeof bytes;
    const tr_word bye = {.kind = TR_WORD_BYE,
                         .from = sessions->options.own,
                         .to = word->from,
                         .reason = TR_BYE_OVER,
                         .over = word->to};
    const unsigned char *start = tr_word_write_before(&bye, end);
    (void) sessions->links.send(sessions->links.context, node, TR_LINK_CONTROL, start,
                                (size_t) (end - start));
}

void tr_sessions_came(tr_sessions *sessions, uint64_t node, const void *bytes, size_t size)
{
    tr_word word;
    if (sessions->is_over || size == 0) {
        return; /* nothing was said */
    }
    const bool is_word = tr_word_read(bytes, size, &word);
    if (is_word && word.to != sessions->options.own) {
        if (word.kind != TR_WORD_BYE) {
            say_over(sessions, node, &word);
        }
        return;
    }
    if (is_word && word.kind == TR_WORD_BYE && word.reason == TR_BYE_OVER) {
        if (word.over != sessions->options.own && word.over != word.from &&
            have_one_owner(sessions, node, word.over)) {
            tr_sessions_link_down(sessions, word.over, TROUPE_ERROR_STALE);
        }
        return;
    }
    member *from = get(sessions, node);
    if (from == NULL) {
        return;
    }
    sessions->inside++;
    if (!from->session.is_up) { /* the link was there before this node's border was */
        tr_session_link_up(&from->session, now_of(sessions));
    }
    if (is_word) {
        tr_session_hear(&from->session, now_of(sessions), &word);
    } else {
        tr_session_came(&from->session, now_of(sessions), bytes, size);
    }
    have_called(sessions, from);
}

bool tr_sessions_are_quiet(const tr_sessions *sessions)
{
    for (tr_map_node *node = tr_map_first(&sessions->members); node != NULL;
         node = tr_map_next(&sessions->members, node)) {
        const tr_session *session = &TR_CONTAINER_OF(node, member, by_node)->session;
        if (session->is_open && session->is_up && session->window.first != NULL) {
            return false;
        }
    }
    return true;
}

uint64_t tr_sessions_next(const tr_sessions *sessions, uint64_t node)
{
    member *before = node != 0 ? find(sessions, node) : NULL;
    tr_map_node *next = before != NULL ? tr_map_next(&sessions->members, &before->by_node)
                                       : tr_map_first(&sessions->members);
    return next != NULL ? TR_CONTAINER_OF(next, member, by_node)->node : 0;
}

const tr_session *tr_sessions_find(const tr_sessions *sessions, uint64_t node)
{
    const member *found = find(sessions, node);
    return found != NULL ? &found->session : NULL;
}
