/* Owns the order in which rights are given up. Knows no system call that does it. */
#include "commands/confine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/event.h"
#include "base/executable.h"
#include "base/kept_path.h"
#include "commands/listening.h"
#include "commands/text_options.h"
#include "core/landlock.h"
#include "core/syscall_filter.h"

#define AT(field) .offset = offsetof(struct confine_options, field)

const struct option_spec confine_specs[] = {
    {OPTION_WORD, "user", 0, .value = "NAME[:GROUP]", AT(user),
     .help = "once listening, become this user"},
    {OPTION_WORD, "chroot", 0, .value = "DIR", AT(chroot),
     .help = "once listening, make DIR the root directory"},
    {OPTION_ON, "no-sandbox", 0, AT(no_sandbox), .help = "keep rights that are not needed"},
    {.kind = OPTION_END},
};

/* What the C library reads to look up a name, which may be replaced at any time: directories
 * of configuration, and those of modules that nsswitch.conf(5) names. */
static const char *const name_directories[] = {
    "/etc",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
};
enum { DNS_PORT = 53 };

/* Where the certificates of authorities really are, to which /etc/ssl has links. */
static const char *const authority_directories[] = {
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
};

/* AddressSanitizer looks for leaks at the end, through /proc, and writes its reports to files. */
#ifdef SANITIZED
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

int confine_prepare(struct listening *l, struct error *err)
{
    const struct confine_options *o = &l->options->confine;

    return rights_prepare(&l->rights, o->user, o->chroot, err);
}

/* A FIFO may have no reader yet; a regular file has been written. */
static int keep_port_file(const struct listening *l, struct error *err)
{
    return loop_timer_is_set(&l->port_file_retry)
               ? kept_path_add(l->options->port_file, KEPT_PATH_WRITE, err)
               : 0;
}

static int keep_log(const struct listening *l, struct error *err)
{
    const char *path = l->common->log;

    return event_log_is_file(path) ? kept_path_add(path, KEPT_PATH_APPEND, err) : 0;
}

static int keep_sockets(const struct listening *l, struct error *err)
{
    const struct listeners *all = server_listeners(l->server);

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].file.exists &&
            kept_path_add(all->items[i].address.un.sun_path, KEPT_PATH_REMOVE, err) < 0)
            return -1;
    return 0;
}

/* Every file that is opened or removed after the start is named here; libraries, encodings and
 * the time zone, which are loaded when they are first used, are loaded now. */
static int keep_what_is_needed(struct listening *l, struct error *err)
{
    tzset();
    if (access_source_keep_files(&l->rules, err) < 0 ||
        tls_options_keep_files(&l->common->tls, err) < 0 || keep_port_file(l, err) < 0 ||
        keep_log(l, err) < 0 || keep_sockets(l, err) < 0 ||
        (l->text != NULL && text_options_keep(l->text, l->encodings, err) < 0))
        return -1;
    return (l->to_tls != NULL && tls_options_keep_files(l->to_tls, err) < 0) ||
                   (l->to_text != NULL && text_options_keep(l->to_text, l->encodings + 2, err) < 0)
               ? -1
               : 0;
}

static uint64_t rights_for(enum kept_path_use use)
{
    switch (use) {
    case KEPT_PATH_READ:
        return LANDLOCK_MAY_READ;
    case KEPT_PATH_READ_TREE:
        return LANDLOCK_MAY_READ | LANDLOCK_MAY_LIST;
    case KEPT_PATH_APPEND:
        return LANDLOCK_MAY_WRITE | LANDLOCK_MAY_CREATE;
    case KEPT_PATH_WRITE:
        return LANDLOCK_MAY_WRITE;
    case KEPT_PATH_REMOVE:
        return LANDLOCK_MAY_REMOVE;
    }
    return 0;
}

static int allow_kept_paths(struct landlock *rules, struct error *err)
{
    const struct kept_path *k;

    for (size_t i = 0; (k = kept_path_get(i)) != NULL; i++)
        for (size_t j = 0; j < k->directory_count; j++)
            if (landlock_allow(rules, k->directories[j], rights_for(k->use), err) < 0)
                return -1;
    return 0;
}

static int allow_trees(struct landlock *rules, const char *const *paths, size_t count,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (landlock_allow_path(rules, paths[i], LANDLOCK_MAY_READ | LANDLOCK_MAY_LIST, err) < 0)
            return -1;
    return 0;
}

#define ALLOW_TREES(rules, paths, err) \
    allow_trees(rules, paths, sizeof(paths) / sizeof((paths)[0]), err)

static int allow_names(struct landlock *rules, struct error *err)
{
    return ALLOW_TREES(rules, name_directories, err) < 0
               ? -1
               : landlock_allow_port(rules, DNS_PORT, err);
}

/* After the start, names are looked up only for connections, and where a file of rules may have
 * new ones; certificates of authorities are read when a peer's name one. */
static int limit_files(const struct listening *l, struct error *err)
{
    struct landlock rules;
    int result = landlock_open(&rules, l->connects, err);

    if (result == 0 && rules.fd < 0)
        event_detail("the access to files is not limited: this kernel has no Landlock");
    if (result == 0)
        result = allow_kept_paths(&rules, err);
    if (result == 0 && (l->connects || access_source_has_files(&l->rules)))
        result = allow_names(&rules, err);
    if (result == 0 && l->connects)
        result = ALLOW_TREES(&rules, authority_directories, err);
    if (result == 0 && is_sanitized)
        result = landlock_allow_path(&rules, "/", UINT64_MAX, err);
    if (result == 0)
        result = landlock_enforce(&rules, err);
    landlock_close(&rules);
    return result;
}

static int limit_system_calls(struct error *err)
{
    bool is_active;

    if (syscall_filter_load(&is_active, err) < 0)
        return -1;
    if (!is_active)
        event_detail(syscall_filter_size > 0
                         ? "system calls are not limited: the kernel permits no filter"
                         : "system calls are not limited: tcptool was built without the filter");
    return 0;
}

static void report_losses(void)
{
    const struct kept_path *k;
    int number;

    for (size_t i = 0; (k = kept_path_get(i)) != NULL; i++) {
        number = kept_path_try(k);
        if (number == 0)
            continue;
        if (k->use == KEPT_PATH_REMOVE)
            event_notice("unix:%s: cannot be removed at the end: %s", k->path, strerror(number));
        else
            event_notice("%s: cannot be opened again on SIGHUP: %s", k->path, strerror(number));
    }
}

/* The program is another one, or none, in another root, and the user may not run it. */
static int find_program_again(const char *path, struct error *err)
{
    char *found = executable_find(path, err);

    if (found == NULL && err->number != ENOMEM)
        err->status = EXITCODE_USAGE;
    free(found);
    return found != NULL ? 0 : -1;
}

int confine_enter(struct listening *l, struct error *err)
{
    const struct confine_options *o = &l->options->confine;
    bool is_sandboxed = !o->no_sandbox && l->program == NULL;

    if (o->user == NULL && o->chroot == NULL && !is_sandboxed)
        return 0;
    if (keep_what_is_needed(l, err) < 0 || rights_give_up(&l->rights, err) < 0 ||
        (is_sandboxed &&
         (rights_gain_none(err) < 0 || limit_files(l, err) < 0 || limit_system_calls(err) < 0)))
        return -1;
    if (o->chroot != NULL)
        kept_path_use_directories();
    report_losses();
    if (o->chroot == NULL)
        kept_path_clear(); /* they are opened as the user has named them */
    return l->program != NULL ? find_program_again(l->program, err) : 0;
}

void confine_clear(struct listening *l)
{
    kept_path_clear();
    rights_clear(&l->rights);
    for (size_t i = 0; i < sizeof(l->encodings) / sizeof(l->encodings[0]); i++)
        transcode_let_go(&l->encodings[i]);
}
