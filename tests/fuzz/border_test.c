/* SPDX-License-Identifier: MIT */
/* Fuzzes a whole border: an input is a list of things that another node, the guest, may do to this
 * one, and that actors here do meanwhile. Whatever it is, the node is sound afterwards, has
 * answered and told everybody, has taken no more memory than may be, and a third node has noticed
 * nothing. */
#include <string.h>

#include "base/memory.h"
#include "cluster/border.h"
#include "cluster/frame.h"
#include "cluster/peer.h"
#include "core/offers.h"
#include "core/types.h"
#include "fuzz/border_script.h"
#include "fuzz/target.h"
#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/world_fixture.h"

const fuzz_target fuzz_this = {.name = "border_test", .runs = 2000};

#define GUEST UINT64_C(0x1111)
#define HONEST UINT64_C(0x2222)
#define LOCALS_MAX 8
#define NUMBERS_KEPT 8
/* An input of 4 KiB stands for little more in memory: two arenas, and what its frames make. */
#define MEMORY_MAX (INT64_C(8) << 20)

/* What the bytes say; zeroes after the last. */
struct feed {
    const uint8_t *at;
    const uint8_t *end;
};

static uint8_t next(struct feed *feed)
{
    return feed->at < feed->end ? *feed->at++ : 0;
}

/* An actor of ours that deals with the guest. */
struct local {
    struct stage *stage;
    troupe_ref to;
    uint8_t what;
};

struct stage {
    tr_world *world;
    tr_border border;
    tr_failing_allocator memory;
    bool is_stuck;
    uint64_t connection; /* of the guest's with us */
    uint64_t sequence;
    unsigned char bytes[2 * FUZZ_INPUT_MAX]; /* the guest's next frame */
    tr_frame_writer writer;
    tr_arena arena;                 /* for what we send */
    uint64_t numbers[NUMBERS_KEPT]; /* that we have asked by */
    uint32_t numbers_seen;
    uint64_t honest_answers;
    troupe_ref doubler;
    troupe_ref others[3]; /* one with little room, one that has ended, one with a name */
    troupe_ref last;      /* of the locals */
    struct local locals[LOCALS_MAX];
    uint32_t local_count;
    uint32_t begun; /* asks and monitors */
    uint32_t ended;
};

/* The wire. */

static bool send_frame(void *context, uint64_t to_node, const void *data, size_t size)
{
    struct stage *stage = context;
    tr_frame_head head;
    tr_frame_reader reader;
    if (stage->is_stuck && to_node == GUEST) {
        return false;
    }
    /* What we send is a frame, whatever we were sent. */
    assert_true(tr_frame_read(&stage->arena, data, size, &head, &reader));
    for (size_t i = 0; i < reader.count; i++) {
        tr_envelope envelope;
        assert_true(tr_frame_envelope(&reader, i, &envelope));
        const bool is_answer =
            envelope.kind == TR_ENVELOPE_REPLY || envelope.kind == TR_ENVELOPE_DOWN;
        if (to_node == GUEST && !is_answer && envelope.number != 0) {
            stage->numbers[stage->numbers_seen++ % NUMBERS_KEPT] = envelope.number;
        }
        stage->honest_answers += to_node == HONEST && is_answer && envelope.error == TROUPE_OK &&
                                 envelope.body_size == sizeof(uint64_t);
    }
    return true;
}

/* Frames of the guest. */

static uint64_t here(const struct stage *stage)
{
    return tr_world_worker(stage->world, 0)->system->options.node_id;
}

static void begin_frame(struct stage *stage)
{
    const tr_frame_head head = {.from = GUEST,
                                .to = here(stage),
                                .connection = stage->connection,
                                .sequence = stage->sequence + 1};
    stage->writer = (tr_frame_writer) {.data = stage->bytes, .capacity = sizeof stage->bytes};
    tr_frame_begin(&stage->writer, &head);
}

static void accept_bytes(struct stage *stage, const void *bytes, size_t size)
{
    tr_border_accept(&stage->border, GUEST, bytes, size, 0);
    assert_in_range(atomic_load(&stage->memory.bytes), 0, MEMORY_MAX);
}

static void end_frame(struct stage *stage)
{
    accept_bytes(stage, stage->bytes, stage->writer.size);
    stage->sequence++;
    begin_frame(stage);
}

/* A frame whose head says something else. */
static void send_odd_frame(struct stage *stage, struct feed *feed)
{
    unsigned char bytes[TR_FRAME_HEAD_BYTES_MAX];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_head head = {.from = GUEST,
                          .to = here(stage),
                          .connection = stage->connection,
                          .sequence = stage->sequence + 1};
    const uint8_t value = next(feed);
    switch (next(feed) % 5) {
    case 0:
        head.from = value % 2 == 0 ? HONEST : value;
        break;
    case 1:
        head.to = value;
        break;
    case 2: /* it may begin another connection, or say that there is an older one */
        head.connection = stage->connection + (value % 8) - 2;
        head.sequence = 1;
        stage->connection =
            head.connection > stage->connection ? head.connection : stage->connection;
        stage->sequence = 1;
        break;
    case 3: /* a gap, or once more */
        head.sequence = stage->sequence + (value % 8) - 2;
        stage->sequence = head.sequence > stage->sequence ? head.sequence : stage->sequence;
        break;
    default: /* any node's but the honest one's, of which it would be believed */
        head.gone = value == 0 ? here(stage) : value == 1 ? GUEST : value;
        break;
    }
    tr_frame_begin(&writer, &head);
    accept_bytes(stage, bytes, writer.size);
    begin_frame(stage);
}

static troupe_ref ref_of(tr_address address)
{
    return (troupe_ref) {.slot = address.slot, .generation = address.generation};
}

static troupe_ref pick_receiver(struct stage *stage, struct feed *feed)
{
    const uint8_t value = next(feed);
    const tr_peer *peer = tr_border_peer(&stage->border, GUEST);
    const tr_peer *honest = tr_border_peer(&stage->border, HONEST);
    switch (value % 13) {
    case 0:
    case 1:
        return stage->doubler;
    case 2:
    case 3:
    case 4:
        return stage->others[value % 3];
    case 5:
        return peer != NULL ? ref_of(peer->carrier) : troupe_ref_none();
    case 6:
        return peer != NULL ? ref_of(peer->entrance) : troupe_ref_none();
    case 7:
        return ref_of(stage->border.root);
    case 8:
        return honest != NULL ? ref_of(honest->carrier) : troupe_ref_none();
    case 9:
        return (troupe_ref) {.node = HONEST, .slot = value, .generation = 1};
    case 10:
        return stage->last;
    case 11:
        return (troupe_ref) {.slot = next(feed), .generation = value};
    default:
        return troupe_ref_none();
    }
}

static void pick_body(struct feed *feed, tr_envelope *envelope, uint8_t *bytes)
{
    static const char *const types[] = {"figure",    "shop.Order",     "other",
                                        "",          "troupe_down",    "troupe_far_found",
                                        "shop.Item", "troupe_far_look"};
    const uint8_t value = next(feed);
    envelope->form = (tr_envelope_form) (value % 5);
    envelope->type = types[value / 5 % 8];
    envelope->body_size = value < 40 ? sizeof(uint64_t) : next(feed) % 64;
    envelope->body = bytes;
    for (size_t i = 0; i < envelope->body_size; i++) {
        bytes[i] = next(feed);
    }
}

static void add_envelope(struct stage *stage, struct feed *feed)
{
    static const char *const names[] = {"", "clerk", "nobody", "a name that nobody would have",
                                        "figure"};
    uint8_t bytes[64];
    tr_envelope envelope = {.kind = (tr_envelope_kind) (next(feed) % 15)};
    const uint8_t number = next(feed);
    envelope.number = number < 64 ? number : stage->numbers[number % NUMBERS_KEPT];
    envelope.to = pick_receiver(stage, feed);
    envelope.from = next(feed) % 4 == 0 ? pick_receiver(stage, feed)
                                        : (troupe_ref) {.slot = 1, .generation = 1};
    const uint8_t budget = next(feed);
    envelope.budget_ns = budget == 0 ? 0 : UINT64_C(1) << budget % 64;
    pick_body(feed, &envelope, bytes);
    const uint8_t error = next(feed);
    envelope.error = (troupe_error) (error < 128 ? 0 : error - 128);
    envelope.down = (troupe_down_kind) (next(feed) % 9);
    envelope.name = names[next(feed) % 5];
    if (envelope.kind > TR_ENVELOPE_LOOKUP) {
        const uint8_t more = next(feed);
        envelope.signal = (tr_envelope_signal) (more % 5);
        envelope.key = more / 5 % 4;
        envelope.monitor = more % 3 == 0 ? next(feed) : 0;
        envelope.link = more % 4 == 0 ? next(feed) : 0;
    }
    if (!tr_frame_add(&stage->writer, &envelope)) {
        end_frame(stage);
    }
}

/* Actors here. */

static troupe_error has_its_end(troupe_self *self, uint32_t *ended)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    bool is_told = false;
    troupe_error error = TROUPE_OK;
    while ((error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        if (troupe_message_is(message, &troupe_down_type)) {
            is_told = true;
            ++*ended;
        }
    }
    *ended += !is_told && error == TROUPE_ERROR_CANCELLED ? 1 : 0; /* by the guest */
    return TROUPE_OK;
}

static troupe_error deals(troupe_self *self, void *argument)
{
    struct local *local = argument;
    struct stage *stage = local->stage;
    troupe_monitor_id id;
    troupe_ref found;
    switch (local->what) {
    case 0:
    case 1: { /* NOLINTNEXTLINE(bugprone-branch-clone) */
        const troupe_timeout timeout = local->what == 0 ? TROUPE_FOREVER : TROUPE_WITHIN_MS(1);
        stage->begun++;
        (void) ask_figure(self, local->to, 1, timeout, NULL);
        stage->ended++;
        return TROUPE_OK;
    }
    case 2:
        stage->begun++;
        (void) troupe_lookup_on(self, GUEST, "clerk", TROUPE_FOREVER, &found);
        stage->ended++;
        return TROUPE_OK;
    case 3:
    case 4:
        if (troupe_monitor(self, local->to, &id) != TROUPE_OK) {
            return TROUPE_OK;
        }
        if (local->what == 4) {
            (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
            (void) troupe_demonitor(self, id);
            return TROUPE_OK;
        }
        stage->begun++;
        return has_its_end(self, &stage->ended);
    case 6:
        stage->begun++;
        (void) troupe_spawn_on(self, GUEST,
                               TROUPE_SPAWN_ON(.name = "figure", .timeout = TROUPE_FOREVER,
                                               .link = 1, .out_monitor = &id),
                               &found);
        stage->ended++;
        return troupe_sleep(self, TROUPE_FOREVER);
    case 7:
        (void) troupe_link(self, local->to);
        (void) troupe_stop(self, local->to);
        return troupe_sleep(self, TROUPE_WITHIN_MS(1));
    default:
        for (uint64_t i = 0; i < 20; i++) {
            (void) send_figure(self, local->to, i);
        }
        return TROUPE_OK;
    }
}

static void let_one_deal(struct stage *stage, struct feed *feed)
{
    const uint8_t what = next(feed) % 8;
    const troupe_ref to = {.node = GUEST, .slot = 1, .generation = 1 + next(feed) % 2U};
    if (stage->local_count < LOCALS_MAX) {
        struct local *local = &stage->locals[stage->local_count++];
        *local = (struct local) {.stage = stage, .to = to, .what = what};
        /* Without memory it does not come. */
        (void) tr_world_spawn(stage->world,
                              TROUPE_SPAWN(.body = deals, .argument = local, .mailbox_capacity = 2),
                              &stage->last);
    }
}

/* The script. */

static void change_connection(struct stage *stage, struct feed *feed)
{
    switch (next(feed) % 8) {
    case 0:
        tr_border_lost(&stage->border, GUEST, TROUPE_ERROR_NODE_LOST);
        break;
    case 1:
        tr_border_lost(&stage->border, GUEST, TROUPE_ERROR_STALE);
        break;
    case 2:
        stage->is_stuck = !stage->is_stuck;
        break;
    case 3:
        tr_border_ready(&stage->border, GUEST);
        break;
    case 4:
        tr_failing_allocator_fail_one(&stage->memory, next(feed));
        break;
    default: /* refused, if the guest is over */
        (void) tr_border_connected(&stage->border, GUEST);
        stage->connection++;
        stage->sequence = 0;
        begin_frame(stage);
    }
}

static void play(struct stage *stage, struct feed *feed)
{
    while (feed->at < feed->end) {
        const uint8_t what = next(feed);
        switch (what % SCRIPT_WORDS) {
        case FRAME:
        case FRAME_TOO:
            end_frame(stage);
            break;
        case ADVANCE:
            /* Up to 1 ms; or past every timer that there is. */
            tr_world_advance(stage->world,
                             what < 240 ? 50000 * (1 + (unsigned) what / SCRIPT_WORDS) : 2000 * MS);
            break;
        case DEAL:
            let_one_deal(stage, feed);
            break;
        case CONNECTION:
            change_connection(stage, feed);
            break;
        case ODD:
            send_odd_frame(stage, feed);
            break;
        case RAW: {
            const size_t left = (size_t) (feed->end - feed->at);
            const size_t size = what < 128 && left > what ? what : left;
            accept_bytes(stage, feed->at, size);
            feed->at += size;
            break;
        }
        default:
            add_envelope(stage, feed);
        }
    }
}

static void offer(tr_system *system)
{
    const troupe_accept argument = {.type = &figure_type};
    troupe_spawn_options options;
    assert_ok(tr_settings_complete(TROUPE_SPAWN(.body = play_doubler), 16, &options));
    assert_ok(tr_offers_add(system, "figure", &options, &argument));
}

static void set_the_stage(struct stage *stage)
{
    *stage = (struct stage) {.memory = TR_FAILING_ALLOCATOR_INIT, .connection = 1};
    static troupe_allocator port;
    port = tr_failing_allocator_port(&stage->memory);
    stage->world = a_world_of(&(const tr_world_options) {.seed = 1, .allocator = &port});
    tr_system *system = tr_world_worker(stage->world, 0)->system;
    const tr_wire_port wire = {.context = stage, .send = send_frame};
    tr_arena_init(&stage->arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    tr_border_init(&stage->border, system, &wire);
    const troupe_spawn_options spawn = tr_border_spawn_options(&stage->border);
    (void) a_root(stage->world, &spawn);
    assert_ok(tr_types_learn(system, true, &shop__order__descriptor));
    assert_ok(tr_types_learn(system, false, &figure_type));
    offer(system);
    stage->doubler = a_root(stage->world, TROUPE_SPAWN(.body = play_doubler));
    stage->others[0] =
        a_root(stage->world, TROUPE_SPAWN(.body = play_hoarder, .mailbox_capacity = 2));
    stage->others[1] = a_root(stage->world, TROUPE_SPAWN(.body = play_failing));
    stage->others[2] = a_root(stage->world, TROUPE_SPAWN(.body = play_doubler, .name = "clerk"));
    assert_ok(tr_border_connected(&stage->border, GUEST));
    assert_ok(tr_border_connected(&stage->border, HONEST));
    tr_world_advance(stage->world, 1 * MS);
    begin_frame(stage);
}

/* The third node has an actor of its own to ask, as the guest may have filled the others. */
static void ask_in_the_name_of_the_honest_one(struct stage *stage)
{
    static unsigned char bytes[512];
    const tr_frame_head head = {.from = HONEST, .to = here(stage), .connection = 1, .sequence = 1};
    const troupe_ref doubler = a_root(stage->world, TROUPE_SPAWN(.body = play_doubler));
    const tr_envelope ask = {.kind = TR_ENVELOPE_ASK,
                             .form = TR_ENVELOPE_STRUCT,
                             .number = 1,
                             .to = doubler,
                             .type = "figure",
                             .body = "\1\0\0\0\0\0\0\0",
                             .body_size = sizeof(uint64_t)};
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, &ask));
    tr_border_accept(&stage->border, HONEST, bytes, writer.size, 0);
    tr_world_advance(stage->world, 5 * MS);
    assert_int_equal(stage->honest_answers, 1);
}

static void drop_the_stage(struct stage *stage)
{
    if (!tr_world_stop(stage->world)) {
        print_error("the world does not stop: %s\n", tr_world_fault(stage->world));
        _fail(__FILE__, __LINE__);
    }
    assert_sound(stage->world);
    tr_border_fini(&stage->border);
    tr_world_destroy(&stage->world);
    tr_arena_fini(&stage->arena);
    assert_int_equal(tr_failing_allocator_live(&stage->memory), 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stage stage;
    struct feed feed = {.at = data, .end = data + size};
    set_the_stage(&stage);
    play(&stage, &feed);
    end_frame(&stage);
    tr_failing_allocator_fail_never(&stage.memory);
    tr_world_advance(stage.world, 1 * MS);
    ask_in_the_name_of_the_honest_one(&stage);
    tr_border_lost(&stage.border, GUEST, TROUPE_ERROR_NODE_LOST);
    stage.is_stuck = false;
    tr_world_advance(stage.world, 10 * MS);
    assert_int_equal(stage.ended, stage.begun);
    drop_the_stage(&stage);
    return 0;
}
