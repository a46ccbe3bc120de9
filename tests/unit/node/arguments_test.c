/* SPDX-License-Identifier: MIT */
/* What troupe_arguments_take takes, what it leaves, and what it says of what is wrong. */
#include <stdio.h>
#include <string.h>
#include <troupe/arguments.h>
#include <unistd.h>

#include "support/fixtures.h"

#define KEY "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

/* A command line, in memory that can be written. */
struct line {
    char text[16][128];
    char *argv[17];
    int argc;
};

static void set_line(struct line *line, const char *const *words)
{
    memset(line, 0, sizeof *line);
    for (; words[line->argc] != NULL; line->argc++) {
        (void) snprintf(line->text[line->argc], sizeof line->text[0], "%s", words[line->argc]);
        line->argv[line->argc] = line->text[line->argc];
    }
}

#define WORDS(...) ((const char *const[]) {"./prog", __VA_ARGS__, NULL})

static troupe_arguments *take(struct line *line, const char *const *words,
                              const troupe_node_options *options)
{
    troupe_arguments *arguments = NULL;
    set_line(line, words);
    assert_ok(troupe_arguments_take("./prog", &line->argc, line->argv, options, &arguments));
    assert_non_null(arguments);
    return arguments;
}

/* Promise: ARGUMENTS-NODE */
static void what_is_a_nodes_is_taken_out(void **state)
{
    (void) state;
    struct line line;
    troupe_arguments *arguments =
        take(&line,
             WORDS("count", "--listen", "tcp://127.0.0.1:*", "--name=shop", "-v",
                   ("--join=tcp://192.0.2.1:1=" KEY), "--join", "tcp://192.0.2.2:1", "--key-file",
                   "k", "--allowed-file=a", "--plain", "anywhere", "--", "--name"),
             TROUPE_NODE_OPTIONS(.workers = 3, .name = "other"));
    const troupe_node_options *options = arguments->options;
    assert_int_equal(options->workers, 3);
    assert_string_equal(options->name, "shop");
    assert_string_equal(options->listen, "tcp://127.0.0.1:*");
    assert_string_equal(options->key_file, "k");
    assert_string_equal(options->allowed_file, "a");
    assert_int_equal(options->plain, TROUPE_PLAIN_ANYWHERE);
    assert_int_equal(options->peer_count, 2);
    assert_string_equal(options->peers[0].endpoint, "tcp://192.0.2.1:1");
    assert_string_equal(options->peers[0].key, KEY);
    assert_string_equal(options->peers[1].endpoint, "tcp://192.0.2.2:1");
    assert_null(options->peers[1].key);
    assert_int_equal(line.argc, 5);
    assert_string_equal(line.argv[1], "count");
    assert_string_equal(line.argv[2], "-v");
    assert_string_equal(line.argv[3], "--");
    assert_string_equal(line.argv[4], "--name");
    assert_null(line.argv[5]);
    troupe_arguments_destroy(&arguments);
    assert_null(arguments);
    troupe_arguments_destroy(&arguments);
}

/* Promise: ARGUMENTS-NODE */
static void the_rest_is_taken_too(void **state)
{
    (void) state;
    struct line line;
    troupe_arguments *arguments =
        take(&line,
             WORDS("--workers=2", "--spares", "0", "--watchdog-ms=7", "--drain-ms", "9",
                   "--labels=rack=a,ssd", "--compress=lz4", "--listen-local", "ipc:///run/node",
                   "--log-level", "debug", "--plain=loopback"),
             TROUPE_NODE_OPTIONS(.spares_max = 8));
    const troupe_node_options *options = arguments->options;
    assert_int_equal(options->workers, 2);
    assert_int_equal(options->spares_max, 0);
    assert_int_equal(options->watchdog, TROUPE_WATCHDOG_ON);
    assert_int_equal(options->slow_after.ns, TROUPE_WITHIN_MS(7).ns);
    assert_int_equal(options->drain_timeout.ns, TROUPE_WITHIN_MS(9).ns);
    assert_int_equal(options->stop_timeout.ns, TROUPE_WITHIN_MS(9).ns);
    assert_string_equal(options->labels, "rack=a,ssd");
    assert_int_equal(options->compress, 1);
    assert_string_equal(options->listen_local, "ipc:///run/node");
    assert_int_equal(options->log->level, TROUPE_LOG_DEBUG);
    assert_ptr_equal(options->log->write, troupe_log_to_stderr);
    assert_int_equal(options->plain, TROUPE_PLAIN_ON_LOOPBACK);
    assert_int_equal(line.argc, 1);
    troupe_arguments_destroy(&arguments);
}

static void what_was_given_stays(void **state)
{
    (void) state;
    struct line line;
    const troupe_peer peer = {.endpoint = "tcp://192.0.2.9:1"};
    const troupe_log log = {.context = &line, .level = TROUPE_LOG_ERROR};
    troupe_arguments *arguments =
        take(&line, WORDS("--join", "tcp://192.0.2.2:1"),
             TROUPE_NODE_OPTIONS(.log = &log, .peers = &peer, .peer_count = 1));
    assert_int_equal(arguments->options->peer_count, 2);
    assert_string_equal(arguments->options->peers[0].endpoint, peer.endpoint);
    assert_ptr_equal(arguments->options->log->context, &line);
    assert_int_equal(arguments->options->log->level, TROUPE_LOG_ERROR);
    troupe_arguments_destroy(&arguments);
}

static void says(const char *const *words, const char *what)
{
    struct line line;
    char text[512];
    troupe_arguments *arguments = (troupe_arguments *) &line;
    set_line(&line, words);
    FILE *file = tmpfile();
    const int saved = dup(STDERR_FILENO);
    (void) fflush(NULL);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    const troupe_error error =
        troupe_arguments_take("./prog", &line.argc, line.argv, NULL, &arguments);
    (void) fflush(NULL);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_int_equal(close(saved), 0);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_int_equal(error, TROUPE_ERROR_BAD_ARGUMENT);
    assert_null(arguments);
    assert_string_equal(text, what);
}

/* Promise: ARGUMENTS-NODE */
static void what_is_wrong_is_said(void **state)
{
    (void) state;
    char name[80];
    char line[160];
    says(WORDS("--listen"), "./prog: --listen: its value is missing\n");
    says(WORDS("--join="), "./prog: --join: its value is missing\n");
    says(WORDS("--workers", "65"), "./prog: --workers: '65' is not a number from 1 to 64\n");
    says(WORDS("--workers", "2x"), "./prog: --workers: '2x' is not a number from 1 to 64\n");
    says(WORDS("--spares=-1"), "./prog: --spares: '-1' is not a number from 0 to 256\n");
    says(WORDS("--drain-ms=0"), "./prog: --drain-ms: '0' is not a number from 1 to 3600000\n");
    says(WORDS("--plain=no"), "./prog: --plain: 'no' is neither 'loopback' nor 'anywhere'\n");
    says(WORDS("--compress=zip"), "./prog: --compress: 'zip' is neither 'lz4' nor 'none'\n");
    says(WORDS("--log-level=loud"),
         "./prog: --log-level: 'loud' is not error, warning, notice, info or debug\n");
    says(WORDS("--labels", "a b"),
         "./prog: --labels: 'a b' should be words of letters, digits and ._-:/=, with commas "
         "between them, below 128 bytes\n");
    memset(name, 'n', 64);
    name[64] = '\0';
    (void) snprintf(line, sizeof line, "./prog: --name: '%s' has more than 63 bytes\n", name);
    says(WORDS("--name", name), line);
}

static void the_help_names_every_option(void **state)
{
    (void) state;
    static const char *const names[] = {
        "--name",         "--labels",      "--listen",   "--listen-local", "--join",
        "--plain",        "--compress",    "--workers",  "--spares",       "--key-file",
        "--allowed-file", "--watchdog-ms", "--drain-ms", "--log-level"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char start[32];
        (void) snprintf(start, sizeof start, "  %s ", names[i]);
        assert_non_null(strstr(troupe_arguments_help(), start));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_a_nodes_is_taken_out), cmocka_unit_test(the_rest_is_taken_too),
        cmocka_unit_test(what_was_given_stays),         cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(the_help_names_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
