/* SPDX-License-Identifier: MIT */
#include "support/session_pair.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/limits.h"

/* What each frame begins with. */
struct stamp {
    uint64_t incarnation;
    uint64_t session; /* of the sender's, counted by its border */
    uint64_t index;
    uint64_t packed_ns;
};

/* The first that is wrong is kept. */
__attribute__((format(printf, 2, 3))) static void wrong(struct session_pair *pair,
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (pair->wrong[0] == '\0') {
        (void) vsnprintf(pair->wrong, sizeof pair->wrong, format, arguments);
    }
    va_end(arguments);
}

/* The link. */

static void forget_word(struct session_pair *pair, uint32_t index)
{
    pair->under_way[pair->words[index].to]--;
    free(pair->words[index].data);
    memmove(&pair->words[index], &pair->words[index + 1],
            (pair->count - index - 1) * sizeof pair->words[0]);
    pair->count--;
}

static void put_word(struct session_pair *pair, uint32_t to, tr_link_kind kind, const void *data,
                     size_t size)
{
    struct pair_end *end = &pair->ends[to];
    uint64_t due_ns = pair->now_ns + tr_random_below(&pair->random, pair->delay_ns_max + 1);
    if (!tr_random_chance(&pair->random, pair->overtake_percent, 100)) {
        due_ns = due_ns > end->last_due_ns[kind] ? due_ns : end->last_due_ns[kind];
        end->last_due_ns[kind] = due_ns;
    }
    if (pair->count == PAIR_WORDS_MAX) {
        wrong(pair, "more words under way than a link can have");
        return;
    }
    unsigned char *copy = malloc(size);
    memcpy(copy, data, size);
    pair->words[pair->count++] =
        (struct pair_word) {.data = copy, .size = size, .due_ns = due_ns, .to = to, .kind = kind};
    pair->under_way[to]++;
}

static bool send_word(void *context, tr_link_kind kind, const void *data, size_t size)
{
    struct pair_end *end = context;
    struct session_pair *pair = end->pair;
    const uint32_t to = 1 - end->index;
    if (!end->is_up) {
        wrong(pair, "end %u sends without a link", end->index);
    }
    if (pair->under_way[to] >= pair->room) {
        return false;
    }
    pair->words_sent++;
    if (tr_random_chance(&pair->random, pair->lose_percent, 100)) {
        return true;
    }
    put_word(pair, to, kind, data, size);
    if (tr_random_chance(&pair->random, pair->repeat_percent, 100)) {
        put_word(pair, to, kind, data, size);
    }
    return true;
}

static void open_link(void *context)
{
    const struct pair_end *end = context;
    struct session_pair *pair = end->pair;
    if (!pair->is_dialed && !tr_random_chance(&pair->random, pair->refuse_percent, 100)) {
        pair->is_dialed = true;
        pair->up_ns = pair->now_ns + tr_random_below(&pair->random, 5 * PAIR_MS);
    }
}

/* Both hear of it, the other if it does; some of what is under way comes late. */
static void break_link(struct session_pair *pair)
{
    for (uint32_t i = pair->count; i > 0; i--) {
        if (!tr_random_chance(&pair->random, pair->late_percent, 100)) {
            forget_word(pair, i - 1);
        } else {
            pair->words[i - 1].due_ns += tr_random_below(&pair->random, 300 * PAIR_MS);
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct pair_end *end = &pair->ends[i];
        if (end->is_up) {
            end->is_up = false;
            tr_session_link_down(&end->session, pair->now_ns);
        }
    }
}

static void close_link(void *context)
{
    struct pair_end *end = context;
    end->is_up = false;
    if (end->pair->ends[1 - end->index].is_up) {
        break_link(end->pair);
    }
}

/* The border. */

static troupe_error begun(void *context)
{
    struct pair_end *end = context;
    if (end->is_open) {
        wrong(end->pair, "end %u: a session began twice", end->index);
    }
    end->is_open = true;
    end->begun++;
    end->sent = 0;
    end->taken = 0;
    end->taken_of = 0;
    end->waits = false;
    return TROUPE_OK;
}

static void lost(void *context, troupe_error reason)
{
    struct pair_end *end = context;
    if (!end->is_open) {
        wrong(end->pair, "end %u: lost what had not begun", end->index);
    }
    end->is_open = false;
    end->waits = false;
    end->lost++;
    end->lost_stale += reason == TROUPE_ERROR_STALE ? 1 : 0;
}

static void came(void *context, const void *frame, size_t size, uint64_t age_ns)
{
    struct pair_end *end = context;
    struct session_pair *pair = end->pair;
    struct stamp stamp;
    if (size < sizeof stamp || !end->is_open) {
        wrong(pair, "end %u: a frame came that could not", end->index);
        return;
    }
    memcpy(&stamp, frame, sizeof stamp);
    const uint64_t of = stamp.incarnation << 32 | stamp.session;
    if (end->taken_of == 0) {
        if (of <= end->taken_before) {
            wrong(pair, "end %u: a frame of session %" PRIx64 " came in a later one", end->index,
                  of);
        }
        end->taken_of = of;
        end->taken_before = of;
    }
    if (of != end->taken_of || stamp.index != end->taken + 1) {
        wrong(pair,
              "end %u: frame %" PRIu64 " of session %" PRIx64 " came after %" PRIu64 " of %" PRIx64,
              end->index, stamp.index, of, end->taken, end->taken_of);
    }
    if (age_ns > pair->now_ns - stamp.packed_ns) {
        wrong(pair, "end %u: a frame came that was older than it is", end->index);
    }
    end->age_ns_max = age_ns > end->age_ns_max ? age_ns : end->age_ns_max;
    end->taken = stamp.index;
}

static void fill(struct pair_end *end)
{
    struct session_pair *pair = end->pair;
    static unsigned char frame[TR_FRAME_BYTES_MAX];
    while (end->to_send > 0 && !end->waits) {
        const struct stamp stamp = {.incarnation = end->incarnation,
                                    .session = end->begun,
                                    .index = end->sent + 1,
                                    .packed_ns = pair->now_ns};
        const size_t size =
            sizeof stamp + tr_random_below(&pair->random, pair->frame_size_max - sizeof stamp + 1);
        memcpy(frame, &stamp, sizeof stamp);
        if (!tr_session_send(&end->session, pair->now_ns, frame, size)) {
            end->refused++;
            end->waits = end->is_open;
            return;
        }
        end->sent++;
        end->to_send--;
    }
}

static void ready(void *context)
{
    struct pair_end *end = context;
    end->waits = false;
    fill(end);
}

/* Going on. */

static void look_at_window(struct session_pair *pair, const struct pair_end *end)
{
    const tr_window *window = &end->session.window;
    if (window->sent - window->acked > TR_SESSION_FRAMES_MAX ||
        window->bytes > TR_SESSION_BYTES_MAX) {
        wrong(pair, "end %u keeps more than its window", end->index);
    }
}

static bool is_stalled(const struct session_pair *pair, const struct pair_end *end)
{
    return end->stalled_until_ns > pair->now_ns;
}

/* The first word that comes now; PAIR_WORDS_MAX: none. */
static uint32_t find_due(const struct session_pair *pair)
{
    uint32_t best = PAIR_WORDS_MAX;
    for (uint32_t i = 0; i < pair->count; i++) {
        const struct pair_word *word = &pair->words[i];
        if (word->due_ns <= pair->now_ns && !pair->is_cut[word->to] && pair->ends[word->to].is_up &&
            !is_stalled(pair, &pair->ends[word->to]) &&
            (best == PAIR_WORDS_MAX || word->due_ns < pair->words[best].due_ns)) {
            best = i;
        }
    }
    return best;
}

static void bring_up(struct session_pair *pair)
{
    pair->is_dialed = false;
    for (uint32_t i = 0; i < 2; i++) {
        struct pair_end *end = &pair->ends[i];
        if (!end->is_up) {
            end->is_up = true;
            tr_session_link_up(&end->session, pair->now_ns);
        }
    }
}

static void step(struct session_pair *pair)
{
    if (pair->is_dialed && pair->up_ns <= pair->now_ns) {
        bring_up(pair);
    }
    for (uint32_t at = find_due(pair); at != PAIR_WORDS_MAX && pair->wrong[0] == '\0';
         at = find_due(pair)) {
        struct pair_word word = pair->words[at];
        pair->words[at].data = NULL;
        forget_word(pair, at);
        tr_session_came(&pair->ends[word.to].session, pair->now_ns, word.data, word.size);
        free(word.data);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct pair_end *end = &pair->ends[i];
        if (!is_stalled(pair, end)) {
            tr_session_tick(&end->session, pair->now_ns);
            fill(end);
        }
        look_at_window(pair, end);
    }
}

static uint64_t next_ns(const struct session_pair *pair, uint64_t end_ns)
{
    uint64_t next_ns = pair->is_dialed && pair->up_ns < end_ns ? pair->up_ns : end_ns;
    for (uint32_t i = 0; i < 2; i++) {
        const struct pair_end *end = &pair->ends[i];
        uint64_t due_ns = tr_session_due_ns(&end->session);
        due_ns = due_ns > end->stalled_until_ns ? due_ns : end->stalled_until_ns;
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    for (uint32_t i = 0; i < pair->count; i++) {
        const struct pair_word *word = &pair->words[i];
        const struct pair_end *to = &pair->ends[word->to];
        if (!pair->is_cut[word->to] && to->is_up) {
            uint64_t due_ns = word->due_ns;
            due_ns = due_ns > to->stalled_until_ns ? due_ns : to->stalled_until_ns;
            next_ns = due_ns < next_ns ? due_ns : next_ns;
        }
    }
    return next_ns > pair->now_ns ? next_ns : pair->now_ns + 1;
}

void pair_run(struct session_pair *pair, uint64_t ns)
{
    const uint64_t end_ns = pair->now_ns + ns;
    step(pair);
    while (pair->now_ns < end_ns && pair->wrong[0] == '\0') {
        pair->now_ns = next_ns(pair, end_ns);
        step(pair);
    }
}

/* What happens. */

void pair_break(struct session_pair *pair)
{
    break_link(pair);
}

void pair_cut(struct session_pair *pair, uint32_t to, bool is_cut)
{
    pair->is_cut[to] = is_cut;
}

void pair_stall(struct session_pair *pair, uint32_t end, uint64_t ns)
{
    pair->ends[end].stalled_until_ns = pair->now_ns + ns;
}

void pair_send(struct session_pair *pair, uint32_t end, uint64_t frames)
{
    pair->ends[end].to_send += frames;
}

void pair_calm(struct session_pair *pair)
{
    pair->is_cut[0] = false;
    pair->is_cut[1] = false;
    pair->lose_percent = 0;
    pair->repeat_percent = 0;
    pair->overtake_percent = 0;
    pair->late_percent = 0;
    pair->refuse_percent = 0;
}

bool pair_is_one(const struct session_pair *pair)
{
    const struct pair_end *a = &pair->ends[0];
    const struct pair_end *b = &pair->ends[1];
    return a->is_open && b->is_open && a->session.bound == b->session.number &&
           b->session.bound == a->session.number && a->sent == b->taken && b->sent == a->taken &&
           a->session.window.first == NULL && b->session.window.first == NULL &&
           a->to_send + b->to_send == 0;
}

static void begin(struct pair_end *end, uint64_t peer)
{
    const tr_session_port port = {.context = end,
                                  .send = send_word,
                                  .open = open_link,
                                  .close = close_link,
                                  .begun = begun,
                                  .came = came,
                                  .lost = lost,
                                  .ready = ready};
    tr_session_options options = end->pair->options;
    options.allocator = tr_allocator_default();
    options.own = end->incarnation;
    options.peer = peer;
    options.seed = tr_random_next(&end->pair->random);
    tr_session_init(&end->session, &port, &options);
}

/* The sessions are remade by who owns them, as the new incarnation is found out. */
void pair_restart(struct session_pair *pair, uint32_t index)
{
    struct pair_end *end = &pair->ends[index];
    struct pair_end *other = &pair->ends[1 - index];
    break_link(pair);
    tr_session_fini(&end->session);
    end->incarnation += 2;
    end->is_open = false;
    end->waits = false;
    end->begun = 0;
    end->lost = 0;
    begin(end, other->incarnation);
    /* As by a refused link, or by BYE OVER. */
    tr_session_end(&other->session);
    if (other->is_open) {
        wrong(pair, "end %u was not told that the other is over", other->index);
    }
    tr_session_fini(&other->session);
    begin(other, end->incarnation);
}

struct session_pair *a_session_pair(uint64_t seed)
{
    struct session_pair *pair = calloc(1, sizeof *pair);
    tr_random_seed(&pair->random, seed);
    pair->delay_ns_max = PAIR_MS;
    pair->room = 200;
    pair->frame_size_max = 200;
    for (uint32_t i = 0; i < 2; i++) {
        pair->ends[i].pair = pair;
        pair->ends[i].index = i;
        pair->ends[i].incarnation = 0x10 + i;
    }
    begin(&pair->ends[0], pair->ends[1].incarnation);
    begin(&pair->ends[1], pair->ends[0].incarnation);
    return pair;
}

void drop_session_pair(struct session_pair **in_pair)
{
    struct session_pair *pair = *in_pair;
    if (pair == NULL) {
        return;
    }
    while (pair->count > 0) {
        forget_word(pair, pair->count - 1);
    }
    tr_session_fini(&pair->ends[0].session);
    tr_session_fini(&pair->ends[1].session);
    free(pair);
    *in_pair = NULL;
}
