// SPDX-License-Identifier: MIT
// caf: the workloads with event-based actors of CAF 0.17, which have no bound on their mailboxes.
//
//     caf WORKLOAD THREADS [DIVISOR]
#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

using caf::actor;
using caf::behavior;
using caf::event_based_actor;
using caf::stateful_actor;

constexpr uint64_t balls = 2000000;
constexpr uint64_t parcels = 4000000;
constexpr size_t ring_size = 503;
constexpr uint64_t lives = 200000;
constexpr uint64_t lives_at_once = 64;
constexpr uint64_t idlers = 100000;
constexpr uint64_t leaves_max = 1000000;
constexpr uint64_t fan_out = 10;
constexpr uint64_t big_size = 100;
constexpr uint64_t big_pings = 5000;
constexpr uint64_t round_trips = 20000;
constexpr double period_s = 100e-6;

std::string workload;
size_t threads = 1;
uint64_t divisor = 1;

double now_s()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

void must(bool is_so, const char *what)
{
    if (!is_so) {
        std::fprintf(stderr, "caf: not so: %s\n", what);
        std::abort();
    }
}

uint64_t count_of(uint64_t count)
{
    return std::max<uint64_t>(count / divisor, 1);
}

void report(const char *suffix, double value, const char *unit)
{
    std::printf("%s%s caf/%zu %.6g %s\n", workload.c_str(), suffix, threads, value, unit);
    std::fflush(stdout);
}

void report_rate(double count, double start_s, const char *unit)
{
    report("", count / (now_s() - start_s), unit);
}

// Waits for a number, which is how the actors say that they have done.
uint64_t await(caf::scoped_actor &self)
{
    uint64_t got = 0;
    self->receive([&](uint64_t number) { got = number; });
    return got;
}

struct player_state {
    actor next;
};

// Throws the ball on, with a number less by one.
behavior player(stateful_actor<player_state> *self, const actor &sink)
{
    return {
        [self](const actor &next) { self->state.next = next; },
        [self, sink](uint64_t left) {
            if (left == 0) {
                self->send(sink, left);
            } else {
                self->send(self->state.next, left - 1);
            }
        },
    };
}

void play(caf::actor_system &system, size_t size, const char *unit)
{
    const uint64_t total = count_of(balls);
    caf::scoped_actor self {system};
    std::vector<actor> players;
    for (size_t i = 0; i < size; i++) {
        players.push_back(system.spawn(player, caf::actor_cast<actor>(self)));
    }
    for (size_t i = 0; i < size; i++) {
        self->send(players[i], players[(i + 1) % size]);
    }
    const double start_s = now_s();
    self->send(players[0], total - 1);
    await(self);
    report_rate(static_cast<double>(total), start_s, unit);
    for (const actor &each : players) {
        self->send_exit(each, caf::exit_reason::user_shutdown);
    }
}

struct number_state {
    uint64_t number = 0;
};

behavior consumer(stateful_actor<number_state> *self, uint64_t total, const actor &sink)
{
    return {
        [=](uint64_t number) {
            if (++self->state.number == total) {
                self->send(sink, number);
                self->quit();
            }
        },
    };
}

behavior producer(event_based_actor *self, const actor &to, uint64_t total)
{
    return {
        [=](uint64_t) {
            for (uint64_t i = 0; i < total; i++) {
                self->send(to, i);
            }
            self->quit();
        },
    };
}

void count(caf::actor_system &system)
{
    const uint64_t total = count_of(parcels);
    caf::scoped_actor self {system};
    const actor to = system.spawn(consumer, total, caf::actor_cast<actor>(self));
    const actor from = system.spawn(producer, to, total);
    const double start_s = now_s();
    self->send(from, uint64_t {0});
    await(self);
    report_rate(static_cast<double>(total), start_s, "messages/s");
}

// Ends after its first message; the last of a brood lets the spawner go on.
behavior mayfly(event_based_actor *self, const actor &spawner, bool is_last)
{
    return {
        [=](uint64_t number) {
            if (is_last) {
                self->send(spawner, number);
            }
            self->quit();
        },
    };
}

behavior spawner(stateful_actor<number_state> *self, uint64_t total, const actor &sink)
{
    return {
        [=](uint64_t) {
            uint64_t &spawned = self->state.number;
            if (spawned == total) {
                self->send(sink, spawned);
                self->quit();
                return;
            }
            const uint64_t end = std::min(spawned + lives_at_once, total);
            for (; spawned < end; spawned++) {
                const actor child =
                    self->spawn(mayfly, caf::actor_cast<actor>(self), spawned == end - 1);
                self->send(child, spawned);
            }
        },
    };
}

void spawn(caf::actor_system &system)
{
    const uint64_t total = count_of(lives);
    caf::scoped_actor self {system};
    const double start_s = now_s();
    self->send(system.spawn(spawner, total, caf::actor_cast<actor>(self)), uint64_t {0});
    await(self);
    report_rate(static_cast<double>(total), start_s, "actors/s");
}

double resident_bytes()
{
    std::ifstream file {"/proc/self/statm"};
    double size = 0;
    double resident = 0;
    must(static_cast<bool>(file >> size >> resident), "statm has two numbers");
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

behavior idler(event_based_actor *)
{
    return {[](uint64_t) {}};
}

void idle(caf::actor_system &system)
{
    const uint64_t total = count_of(idlers);
    std::vector<actor> all(total);
    const double before = resident_bytes();
    for (actor &each : all) {
        each = system.spawn(idler);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100)); // until all have begun
    report("", (resident_bytes() - before) / static_cast<double>(total), "bytes");
    for (const actor &each : all) {
        caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    }
}

struct tree_state {
    uint64_t sum = 0;
    uint64_t left = fan_out;
};

behavior grow(stateful_actor<tree_state> *self, const actor &up, uint64_t number, uint64_t size)
{
    if (size == 1) {
        self->send(up, number);
        return {};
    }
    for (uint64_t i = 0; i < fan_out; i++) {
        self->spawn(grow, caf::actor_cast<actor>(self), number + i * (size / fan_out),
                    size / fan_out);
    }
    return {
        [self, up](uint64_t sum) {
            self->state.sum += sum;
            if (--self->state.left == 0) {
                self->send(up, self->state.sum);
                self->quit();
            }
        },
    };
}

void tree(caf::actor_system &system)
{
    uint64_t leaves = leaves_max;
    for (uint64_t divided = 10; divided <= divisor && leaves > fan_out; divided *= 10) {
        leaves /= fan_out;
    }
    caf::scoped_actor self {system};
    const double start_s = now_s();
    system.spawn(grow, caf::actor_cast<actor>(self), uint64_t {0}, leaves);
    must(await(self) == leaves * (leaves - 1) / 2, "the sum of the leaves");
    report("", now_s() - start_s, "s");
}

struct crowd_state {
    uint64_t left = 0;
    uint64_t random = 0;
};

// A number is a ping, from the actor with that number; two are a pong or the first word.
behavior mingle(stateful_actor<crowd_state> *self, uint64_t number, uint64_t pings,
                const std::vector<actor> *crowd, const actor &sink)
{
    self->state.left = pings;
    self->state.random = (number + 1) * 0x9E3779B97F4A7C15;
    return {
        [=](uint64_t from) { self->send((*crowd)[from], number, uint64_t {0}); },
        [=](uint64_t, uint64_t) {
            if (self->state.left == 0) {
                self->send(sink, number);
                return;
            }
            self->state.left--;
            uint64_t &random = self->state.random;
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            self->send((*crowd)[random % big_size], number);
        },
    };
}

void big(caf::actor_system &system)
{
    const uint64_t pings = count_of(big_pings);
    caf::scoped_actor self {system};
    std::vector<actor> crowd;
    crowd.reserve(big_size);
    for (uint64_t i = 0; i < big_size; i++) {
        crowd.push_back(system.spawn(mingle, i, pings, &crowd, caf::actor_cast<actor>(self)));
    }
    const double start_s = now_s();
    for (const actor &each : crowd) {
        self->send(each, uint64_t {0}, uint64_t {0});
    }
    for (uint64_t i = 0; i < big_size; i++) {
        await(self);
    }
    report_rate(2.0 * static_cast<double>(big_size * pings), start_s, "messages/s");
    for (const actor &each : crowd) {
        self->send_exit(each, caf::exit_reason::user_shutdown);
        self->wait_for(each);
    }
}

behavior server(event_based_actor *)
{
    return {[](uint64_t number) { return number; }};
}

void round_trip(caf::actor_system &system)
{
    const uint64_t total = count_of(round_trips);
    caf::scoped_actor self {system};
    const actor to = system.spawn<caf::detached>(server);
    std::vector<double> taken_s(total);
    double next_s = now_s();
    for (double &taken : taken_s) {
        next_s += period_s;
        while (now_s() < next_s) {}
        const double start_s = now_s();
        self->request(to, caf::infinite, uint64_t {1})
            .receive([](uint64_t) {}, [](const caf::error &) { must(false, "a reply"); });
        taken = now_s() - start_s;
    }
    std::sort(taken_s.begin(), taken_s.end());
    report("-p50", taken_s[total / 2] * 1e9, "ns");
    report("-p99", taken_s[total - 1 - total / 100] * 1e9, "ns");
    self->send_exit(to, caf::exit_reason::user_shutdown);
}

uint64_t number_of(const char *text)
{
    char *end = nullptr;
    const uint64_t number = std::strtoull(text, &end, 10);
    must(*text != '\0' && *end == '\0' && number > 0, "a number above 0");
    return number;
}

} // namespace

int main(int argc, char **argv)
{
    using caf::actor_system;
    const std::map<std::string, std::function<void(actor_system &)>> workloads = {
        {"ping-pong", [](actor_system &system) { play(system, 2, "messages/s"); }},
        {"ring", [](actor_system &system) { play(system, ring_size, "hops/s"); }},
        {"count", count},
        {"count-two-workers", count},
        {"spawn", spawn},
        {"idle", idle},
        {"tree", tree},
        {"big", big},
        {"round-trip", round_trip},
    };
    must(argc == 3 || argc == 4, "called as: caf WORKLOAD THREADS [DIVISOR]");
    workload = argv[1];
    threads = number_of(argv[2]);
    divisor = argc > 3 ? number_of(argv[3]) : 1;
    const auto known = workloads.find(workload);
    must(known != workloads.end(), "the workload is known");

    caf::actor_system_config config;
    config.set("scheduler.max-threads", threads);
    actor_system system {config};
    known->second(system);
    return 0;
}
