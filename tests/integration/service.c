/* SPDX-License-Identifier: MIT */
#include "integration/service.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/fixtures.h"

#define WAIT_MS 60000
#define ARGUMENTS_MAX 32
#define LOG_BYTES_MAX 65536

static uint64_t now_ms(void)
{
    return tr_clock_real().now_ns(NULL) / 1000000;
}

/* A socket with a name that no file has; the system chooses it. */
static int open_socket(char *out_name, size_t size)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    socklen_t length = sizeof own.sun_family;
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &own, length), 0);
    length = sizeof own;
    assert_int_equal(getsockname(fd, (struct sockaddr *) &own, &length), 0);
    (void) snprintf(out_name, size, "NOTIFY_SOCKET=@%.*s",
                    (int) (length - sizeof own.sun_family - 1), own.sun_path + 1);
    return fd;
}

static char **an_environment(char *notify, char *watchdog)
{
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **all = calloc(count + 3, sizeof *all);
    assert_non_null(all);
    memcpy(all + 2, environ, count * sizeof *all);
    all[0] = notify;
    all[1] = watchdog;
    return all;
}

/* A command line, which the one that is started may write into. */
struct words {
    char text[4096];
    size_t used;
    char *all[ARGUMENTS_MAX];
    uint32_t count;
};

static void add(struct words *words, const char *word)
{
    const size_t size = strlen(word) + 1;
    assert_true(words->count + 1 < ARGUMENTS_MAX && words->used + size <= sizeof words->text);
    words->all[words->count++] = memcpy(words->text + words->used, word, size);
    words->used += size;
}

struct service a_service(const char *command, const char *const *arguments, uint64_t watchdog_us)
{
    struct service service = {.log = memfd_create("log", MFD_CLOEXEC)};
    struct words words = {.used = 0};
    char notify[128];
    char watchdog[64];
    service.socket = open_socket(notify, sizeof notify);
    assert_true(service.log >= 0);
    (void) snprintf(watchdog, sizeof watchdog,
                    watchdog_us > 0 ? "WATCHDOG_USEC=%" PRIu64 : "X=", watchdog_us);
    add(&words, "setpriv"); /* it ends with the test */
    add(&words, "--pdeathsig");
    add(&words, "KILL");
    add(&words, command);
    add(&words, "node");
    while (*arguments != NULL) {
        add(&words, *arguments++);
    }
    char **all = an_environment(notify, watchdog);

    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, service.log, STDERR_FILENO), 0);
    assert_int_equal(posix_spawnp(&service.pid, words.all[0], &actions, NULL, words.all, all), 0);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    free(all);
    return service;
}

static const char *read_log(const struct service *service)
{
    static char text[LOG_BYTES_MAX];
    const ssize_t size = pread(service->log, text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    return text;
}

void service_hear(struct service *service)
{
    struct pollfd one = {.fd = service->socket, .events = POLLIN};
    if (poll(&one, 1, WAIT_MS) != 1) {
        fail_msg("the service is silent; it has logged:\n%s", read_log(service));
    }
    const ssize_t size = recv(service->socket, service->said, sizeof service->said - 1, 0);
    assert_true(size >= 0);
    service->said[size] = '\0';
}

void service_hear_until(struct service *service, const char *text)
{
    do {
        service_hear(service);
    } while (strstr(service->said, text) == NULL);
}

void service_get_ready(struct service *service)
{
    service_hear_until(service, "READY=1");
    const char *node = strstr(service->said, "STATUS=node ");
    const char *endpoint = strstr(service->said, "listening on ");
    assert_non_null(node);
    assert_non_null(endpoint);
    service->node = strtoull(node + strlen("STATUS=node "), NULL, 16);
    endpoint += strlen("listening on ");
    (void) snprintf(service->endpoint, sizeof service->endpoint, "%.*s",
                    (int) strcspn(endpoint, ","), endpoint);
}

bool service_has_logged(const struct service *service, const char *text)
{
    return strstr(read_log(service), text) != NULL;
}

void service_assert_logged(const struct service *service, const char *text)
{
    const uint64_t limit_ms = now_ms() + WAIT_MS;
    while (!service_has_logged(service, text)) {
        if (now_ms() > limit_ms) {
            fail_msg("'%s' is not in the log:\n%s", text, read_log(service));
        }
        (void) sched_yield();
    }
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int service_end(struct service *service)
{
    const uint64_t limit_ms = now_ms() + WAIT_MS;
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(service->pid, &status, WNOHANG)) == 0) {
        if (now_ms() > limit_ms) {
            fail_msg("the service goes on; it has logged:\n%s", read_log(service));
        }
        (void) sched_yield();
    }
    assert_int_equal(ended, service->pid);
    service->pid = 0;
    return status_of(status);
}

void drop_service(struct service *service)
{
    if (service->pid > 0) {
        (void) kill(service->pid, SIGKILL);
        (void) waitpid(service->pid, NULL, 0);
    }
    if (service->socket > 0) {
        (void) close(service->socket);
        (void) close(service->log);
    }
    *service = (struct service) {0};
}
