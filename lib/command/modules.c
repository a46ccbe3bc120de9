/* SPDX-License-Identifier: MIT */
#include "command/modules.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* What a module's start may take. */
#define START_S 60

/* Looking them up. */

static bool complain(const char *path, const char *what)
{
    (void) fprintf(stderr, "troupe node: --load %s: %s\n", path, what);
    return false;
}

/* The last error of dlopen; of the path itself, which stands before it, it is said once. */
static const char *loader_error(const char *path)
{
    const char *text = dlerror(); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    const size_t length = strlen(path);
    if (text == NULL) {
        return "it cannot be loaded";
    }
    return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
               ? text + length + 2
               : text;
}

static bool check(const char *path, const troupe_module *module)
{
    char text[256];
    if (module->version != TROUPE_MODULE_VERSION) {
        (void) snprintf(text, sizeof text,
                        "it is a module of version %u, and this node takes version %u: compile it "
                        "with this node's <troupe/module.h>",
                        (unsigned) module->version, (unsigned) TROUPE_MODULE_VERSION);
        return complain(path, text);
    }
    if (module->size < sizeof *module) {
        return complain(path,
                        "its struct troupe_module is too small: it was not made by "
                        "TROUPE_MODULE(...)");
    }
    if (module->start == NULL && module->supervisor == NULL) {
        return complain(path, "it has neither .start nor .supervisor, so there is nothing to run");
    }
    return true;
}

static const troupe_module *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        (void) complain(path, loader_error(path));
        if (strchr(path, '/') == NULL) {
            (void) complain(path,
                            "without a '/' it is looked for where libraries are: perhaps "
                            "./FILE is meant");
        }
        return NULL;
    }
    const troupe_module *module = dlsym(library, "troupe_module_entry");
    if (module == NULL) {
        (void) complain(path,
                        "it has no troupe_module_entry: a module has TROUPE_MODULE(...) of "
                        "<troupe/module.h> in it");
        return NULL;
    }
    return check(path, module) ? module : NULL;
}

bool tr_modules_load(tr_modules *modules)
{
    for (unsigned i = 0; i < modules->count; i++) {
        modules->loaded[i] = load(modules->paths[i]);
        if (modules->loaded[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* Running them. */

/* The root actor of a module. */
static troupe_error module_root(troupe_self *self, void *argument)
{
    const troupe_module *const *module = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = (*module)->start(self);
    if (!error) {
        troupe_ready(self);
    }
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER); /* and ends what is not for it */
    }
    return error;
}

static troupe_error start(const troupe_module **in_module, troupe_node *node)
{
    const troupe_module *module = *in_module;
    troupe_ref ref;
    troupe_error error = TROUPE_OK;
    if (module->start != NULL) {
        error = troupe_node_spawn(node,
                                  TROUPE_SPAWN(.body = module_root, .argument = in_module,
                                               .ready_when = TROUPE_READY_WHEN_SAID,
                                               .start_timeout = TROUPE_WITHIN_S(START_S)),
                                  &ref);
    }
    if (!error && module->supervisor != NULL) {
        error = troupe_node_supervise(node, module->supervisor, &ref);
    }
    return error;
}

troupe_error tr_modules_start(tr_modules *modules, troupe_node *node)
{
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < modules->count && !error; i++) {
        const char *name = modules->loaded[i]->name;
        error = start(&modules->loaded[i], node);
        if (error && error != TROUPE_ERROR_STOPPING) {
            (void) fprintf(stderr, "troupe node: module '%s' (%s) has not started: %s\n",
                           name != NULL ? name : "", modules->paths[i], troupe_error_text(error));
        }
    }
    return error;
}
