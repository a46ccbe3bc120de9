/* Fetches many URLs at once: 16_fetch URL ...
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <troupe/actors/http_client.h>
#include <troupe/troupe.h>

/* At most so many tasks at a time; the client bounds the connections. */
#define TASKS_MAX 32
/* The largest reply; of a larger page only an error comes. */
#define REPLY_BYTES (16U << 20)

struct page {
    const char *url;
    troupe_ref client;
};

static troupe_error fetch(troupe_self *self, void *argument)
{
    const struct page *page = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const Troupe__Http__Response *response = NULL;
    const troupe_error error =
        troupe_http_get(self, page->client, page->url, TROUPE_WITHIN_MS(10000), &reply, &response);
    if (error) {
        (void) printf("%s: %s\n", page->url, troupe_error_text(error));
    } else if (response->outcome != TROUPE__HTTP__OUTCOME__DONE) {
        (void) printf("%s: %s\n", page->url, response->error);
    } else {
        (void) printf("%s: %u, %zu bytes\n", page->url, response->status, response->body.len);
    }
    return TROUPE_OK; /* the others are fetched all the same */
}

/* Starts a task for each URL. */
static troupe_error fetch_all(troupe_self *self, char **urls, struct page *pages,
                              troupe_scope *scope)
{
    troupe_ref client;
    troupe_error error = troupe_http_client_spawn(self, NULL, &client);
    for (; *urls != NULL && error == TROUPE_OK; urls++, pages++) {
        *pages = (struct page) {.url = *urls, .client = client};
        error = troupe_task_start(self, scope, TROUPE_TASK(.body = fetch, .argument = pages), NULL);
    }
    return error;
}

static troupe_error fetcher(troupe_self *self, void *argument)
{
    char **urls = (char **) argument + 1; /* without the program's name */
    size_t count = 0;
    while (urls[count] != NULL) {
        count++;
    }
    struct page *pages = calloc(count + 1, sizeof *pages);
    if (pages == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, TROUPE_SCOPE(.tasks_max = TASKS_MAX), &scope);
    if (error == TROUPE_OK) {
        error = fetch_all(self, urls, pages, scope);
        const troupe_error left = troupe_scope_leave(self, &scope); /* waits for all of them */
        error = error ? error : left;
    }
    free(pages);
    return error;
}

/* Gives the fetcher room for large replies, and waits for it. */
static troupe_error root(troupe_self *self, void *argument)
{
    troupe_scope *scope = NULL;
    troupe_ref ref;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error == TROUPE_OK) {
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.name = "fetcher", .body = fetcher, .argument = argument,
                                          .reply_bytes = REPLY_BYTES, .scope = scope),
                             &ref);
        const troupe_error left = troupe_scope_leave(self, &scope);
        error = error ? error : left;
    }
    return error;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void) fprintf(stderr, "usage: %s URL ...\n", argv[0]);
        return 2;
    }
    return troupe_main(argc, argv, root, argv);
}
