/* SPDX-License-Identifier: MIT */
#include "support/kit_fixture.h"

#include <stdlib.h>

static struct kit_stage the_stage;

static void count_failure(const char *file, int line)
{
    (void) file;
    the_stage.failures++;
    the_stage.line = line;
}

static void say(void *context, troupe_log_level level, const char *text)
{
    if (level == TROUPE_LOG_ERROR) {
        probe_say(context, "%s", text);
    }
}

struct kit_stage *a_kit_of(const troupe_kit_options *given)
{
    the_stage = (struct kit_stage) {.told = a_probe()};
    const troupe_log log = {.write = say, .context = the_stage.told};
    troupe_kit_options options = *given;
    options.fail = count_failure;
    options.log = &log;
    options.out_probe = &the_stage.probe;
    assert_ok(troupe_kit_create(&options, &the_stage.kit));
    return &the_stage;
}

void drop_kit(struct kit_stage **stage)
{
    troupe_kit_destroy(&(*stage)->kit);
    drop_probe(&(*stage)->told);
    *stage = NULL;
}

int make_kit(void **state)
{
    *state = a_kit_of(TROUPE_KIT());
    return 0;
}

int drop_made_kit(void **state)
{
    struct kit_stage *stage = *state;
    troupe_kit_destroy(&stage->kit);
    if (stage->failures > 0) {
        for (size_t i = 0; i < probe_count(stage->told); i++) {
            print_error("%s\n", probe_line(stage->told, i));
        }
    }
    const bool is_well = stage->failures == 0;
    drop_kit(&stage);
    return is_well ? 0 : -1;
}

void tr_assert_failed_once(struct kit_stage *stage, const char *text, const char *file, int line)
{
    /* A call of several lines may be at any of them. */
    if (stage->failures != 1 || abs(stage->line - line) > 4 || !probe_has(stage->told, text)) {
        print_error("%u failures, the last at line %d instead of %d; told:\n", stage->failures,
                    stage->line, line);
        for (size_t i = 0; i < probe_count(stage->told); i++) {
            print_error("%s\n", probe_line(stage->told, i));
        }
        _fail(file, line);
    }
    stage->failures = 0;
    troupe_kit_destroy(&stage->kit);
    assert_int_equal(stage->failures, 0); /* once is enough */
}

uint64_t tr_expect_figure(troupe_probe *probe, troupe_timeout time, const char *file, int line)
{
    const troupe_expected expected = {.size = sizeof expected, .type = &figure_type};
    troupe_message *message = troupe_probe_expect(probe, &expected, time, file, line);
    const uint64_t figure = message != NULL ? figure_of(message) : 0;
    troupe_message_destroy(&message);
    return figure;
}
