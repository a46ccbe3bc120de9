/* SPDX-License-Identifier: MIT */
#include "io/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"

/* The first pass measures, the second, with a block, copies. */
struct copier {
    char *block; /* NULL: only measures */
    size_t used;
};

static void *take(struct copier *copier, size_t size)
{
    void *at = copier->block != NULL ? copier->block + copier->used : NULL;
    copier->used += size;
    return at;
}

static char *copy_text(struct copier *copier, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    const size_t size = strlen(text) + 1;
    char *at = take(copier, size);
    if (at != NULL) {
        memcpy(at, text, size);
    }
    return at;
}

/* The texts of a list whose places are there already. */
static void copy_texts(struct copier *copier, const char *const *texts, char **places)
{
    for (size_t i = 0; texts != NULL && texts[i] != NULL; i++) {
        char *copied = copy_text(copier, texts[i]);
        if (places != NULL) {
            places[i] = copied;
        }
    }
}

static size_t size_of_list(const char *const *texts)
{
    size_t count = 1;
    while (texts[count - 1] != NULL) {
        count++;
    }
    return count * sizeof(char *);
}

/* Pointers first, so that they are aligned. */
static void copy_options(struct copier *copier, const troupe_process_options *options)
{
    const char *const only_name[] = {options->program, NULL};
    const char *const *given = options->arguments != NULL ? options->arguments : only_name;
    tr_launch *launch = take(copier, sizeof *launch);
    char **arguments = take(copier, size_of_list(given));
    char **environment =
        options->environment != NULL ? take(copier, size_of_list(options->environment)) : NULL;
    copy_texts(copier, given, arguments);
    copy_texts(copier, options->environment, environment);
    char *program = copy_text(copier, options->program);
    char *folder = copy_text(copier, options->folder);
    if (launch != NULL) {
        *launch = (tr_launch) {.program = program,
                               .folder = folder,
                               .arguments = arguments,
                               .environment = environment,
                               .streams = {options->input, options->output, options->errors},
                               .has_own_group = options->is_in_our_group == 0};
    }
}

troupe_error tr_launch_create(const troupe_allocator *allocator,
                              const troupe_process_options *options, tr_launch **out_launch)
{
    struct copier copier = {0};
    copy_options(&copier, options);
    const size_t size = copier.used;
    copier = (struct copier) {.block = tr_allocate(allocator, size)};
    TR_REQUIRE(copier.block != NULL, NO_MEMORY);
    copy_options(&copier, options);
    tr_launch *launch = (tr_launch *) (void *) copier.block;
    launch->allocator = allocator;
    launch->size = size;
    *out_launch = launch;
    return TROUPE_OK;
}

void tr_launch_destroy(tr_launch **in_launch)
{
    tr_launch *launch = *in_launch;
    if (launch != NULL) {
        *in_launch = NULL;
        tr_free(launch->allocator, launch, launch->size);
    }
}

/* What the files of a start are kept in: ours, which stay, and those of the child, which go. */
struct files {
    int ours[3];
    int theirs[3];
};

static void close_all(int *files)
{
    for (unsigned i = 0; i < 3; i++) {
        if (files[i] >= 0) {
            (void) close(files[i]);
            files[i] = -1;
        }
    }
}

/* Not where a standard stream is to be put; the old one is closed. */
static int lift(int fd)
{
    const int lifted = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
    const int number = errno;
    if (fd >= 0) {
        (void) close(fd);
    }
    errno = number;
    return lifted;
}

static bool open_pipe(struct files *files, unsigned stream)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    const unsigned our_end = stream == 0 ? 1 : 0;
    files->ours[stream] = lift(ends[our_end]);
    files->theirs[stream] = lift(ends[1 - our_end]);
    return files->ours[stream] >= 0 && files->theirs[stream] >= 0 &&
           fcntl(files->ours[stream], F_SETFL, O_NONBLOCK) == 0;
}

static bool open_file(struct files *files, unsigned stream, troupe_stream what)
{
    switch (what) {
    case TROUPE_STREAM_PIPE:
        return open_pipe(files, stream);
    case TROUPE_STREAM_SHARED:
        files->theirs[stream] = fcntl((int) stream, F_DUPFD_CLOEXEC, 3);
        break;
    case TROUPE_STREAM_WITH_OUTPUT:
        files->theirs[stream] = fcntl(files->theirs[1], F_DUPFD_CLOEXEC, 3);
        break;
    case TROUPE_STREAM_NONE:
        files->theirs[stream] =
            lift(open("/dev/null", (stream == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC));
        break;
    }
    return files->theirs[stream] >= 0;
}

/* 0 or an error number, as those of posix_spawn. */
static int set_actions(const tr_launch *launch, const struct files *files,
                       posix_spawn_file_actions_t *actions)
{
    int number =
        launch->folder != NULL ? posix_spawn_file_actions_addchdir_np(actions, launch->folder) : 0;
    for (int i = 0; i < 3 && number == 0; i++) {
        number = posix_spawn_file_actions_adddup2(actions, files->theirs[i], i);
    }
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
    if (number == 0) { /* what the program has opened without care */
        number = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    }
#endif
    return number;
}

static int set_attributes(const tr_launch *launch, posix_spawnattr_t *attributes)
{
    static const int defaults[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGALRM,
                                   SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2};
    sigset_t none;
    sigset_t reset;
    (void) sigemptyset(&none);
    (void) sigemptyset(&reset);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        (void) sigaddset(&reset, defaults[i]);
    }
    const unsigned flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                           (launch->has_own_group ? (unsigned) POSIX_SPAWN_SETPGROUP : 0U);
    int number = posix_spawnattr_setflags(attributes, (short) flags);
    number = number != 0 ? number : posix_spawnattr_setsigmask(attributes, &none);
    number = number != 0 ? number : posix_spawnattr_setsigdefault(attributes, &reset);
    return number != 0 ? number : posix_spawnattr_setpgroup(attributes, 0);
}

static int spawn(const tr_launch *launch, const struct files *files, pid_t *out_id)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0) {
        return number;
    }
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        number = set_actions(launch, files, &actions);
        number = number != 0 ? number : set_attributes(launch, &attributes);
        if (number == 0) {
            number = posix_spawnp(out_id, launch->program, &actions, &attributes, launch->arguments,
                                  launch->environment != NULL ? launch->environment : environ);
        }
        (void) posix_spawnattr_destroy(&attributes);
    }
    (void) posix_spawn_file_actions_destroy(&actions);
    return number;
}

int tr_launch_run(const tr_launch *launch, tr_launched *out_launched)
{
    struct files files = {.ours = {-1, -1, -1}, .theirs = {-1, -1, -1}};
    int number = 0;
    for (unsigned i = 0; i < 3 && number == 0; i++) {
        number = open_file(&files, i, launch->streams[i]) ? 0 : errno;
    }
    if (number == 0) {
        number = spawn(launch, &files, &out_launched->id);
    }
    close_all(files.theirs);
    if (number != 0) {
        close_all(files.ours);
        return number;
    }
    memcpy(out_launched->ends, files.ours, sizeof files.ours);
    return 0;
}
