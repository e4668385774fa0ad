/* Owns the reading of access rules. What a rule means is the stage's business. */
#include "commands/access_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/kept_path.h"
#include "core/whole.h"
#include "net/resolver.h"

enum { READ_SIZE = 64 << 10 };

/* Where a rule stands: a line of a file, or an option, if file is NULL. */
struct place {
    const char *option;
    const char *file;
    size_t line;
    bool allows;
};

struct access_name {
    struct access_name *next;
    struct place place;
    char *target; /* its host and ports; or NULL */
    struct access_ports ports;
    char word[];
};

static void prefix_place(struct error *err, const struct place *p)
{
    if (!error_is_set(err))
        return;
    if (p->file != NULL)
        error_prefix(err, "%s: %s:%zu", p->option, p->file, p->line);
    else
        error_prefix(err, "%s", p->option);
}

/* Puts a name at the end of those that are looked up. Takes target. */
static int put_off(struct access_source *s, const char *word, const struct place *p, char *target,
                   const struct access_ports *ports)
{
    size_t size = strlen(word) + 1;
    struct access_name *n = malloc(sizeof(*n) + size), **last = &s->names;

    if (n == NULL) {
        error_errno(&s->why, ENOMEM, "cannot look up \"%s\"", word);
        free(target);
        return -1;
    }
    *n = (struct access_name){.place = *p, .target = target, .ports = *ports};
    memcpy(n->word, word, size);
    while (*last != NULL)
        last = &(*last)->next;
    *last = n;
    return 0;
}

static int add_word(struct access_source *s, const char *word, const struct place *p)
{
    struct access_ports ports = {0};
    char *target = NULL;

    switch (s->of_targets ? access_add_target(&s->rules, word, p->allows, &target, &ports, &s->why)
                          : access_add(&s->rules, word, p->allows, &s->why)) {
    case ACCESS_ADDED:
        return 0;
    case ACCESS_IS_NAME:
        if (put_off(s, word, p, target, &ports) == 0)
            return 0;
        break;
    case ACCESS_FAILED:
        break;
    }
    prefix_place(&s->why, p);
    return -1;
}

/* Adds the rule of a line, if it has one. */
static int add_line(struct access_source *s, char *line, size_t length, const struct place *p)
{
    static const char space[] = " \t\r\v\f";
    const char *wrong = memchr(line, '\0', length) != NULL ? "the line has a zero byte" : NULL;

    line[strcspn(line, "#")] = '\0';
    line += strspn(line, space);
    length = strlen(line);
    while (length > 0 && strchr(space, line[length - 1]) != NULL)
        line[--length] = '\0';
    if (wrong == NULL && line[strcspn(line, space)] != '\0')
        wrong = "expected one rule per line";
    if (wrong == NULL)
        return length > 0 ? add_word(s, line, p) : 0;
    error_set(&s->why, EXITCODE_USAGE, "invalid rule \"%s\": %s", line, wrong);
    prefix_place(&s->why, p);
    return -1;
}

/* Opens a file for reading. Only a regular file is the same when it is read again: a pipe would
 * have come to its end, and to no rules. */
static int open_file(const char *path, bool reread, struct error *err)
{
    int fd = kept_path_open(path, O_RDONLY | O_CLOEXEC | (reread ? O_NONBLOCK : 0), 0);
    struct stat status;

    if (fd < 0) {
        error_errno(err, errno, "cannot read %s", path);
        return -1;
    }
    if (!reread || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
        return fd;
    error_set(err, EXITCODE_FAILED, "cannot read %s again: not a regular file", path);
    close(fd);
    return -1;
}

/* Reads a file to its end, and adds a last line ending. Returns 0 or -1. */
static int read_whole(const char *path, bool reread, struct buf *to, struct error *err)
{
    int fd = open_file(path, reread, err), failure = 0;
    ssize_t n = 1;

    if (fd < 0)
        return -1;
    while (n > 0) {
        char *space = buf_reserve(to, READ_SIZE);

        errno = ENOMEM;
        n = space != NULL ? TEMP_FAILURE_RETRY(read(fd, space, READ_SIZE)) : -1;
        failure = errno;
        if (n > 0)
            buf_added(to, (size_t)n);
        if (buf_length(to) > WHOLE_MAX) { /* a device may have no end */
            n = -1;
            failure = EFBIG;
        }
    }
    close(fd);
    if (n == 0 && buf_add(to, "\n", 1) == 0)
        return 0;
    error_errno(err, n < 0 ? failure : ENOMEM, "error reading %s", path);
    return -1;
}

static int add_file(struct access_source *s, const char *path, const struct place *option)
{
    struct place p = {.option = option->option, .file = path, .allows = option->allows};
    struct buf text = {0};
    int result = read_whole(path, s->reread, &text, &s->why);

    if (result < 0)
        error_prefix(&s->why, "%s", p.option);
    while (result == 0 && buf_length(&text) > 0) {
        char *line = buf_head(&text);
        size_t length = (size_t)((char *)memchr(line, '\n', buf_length(&text)) - line);

        p.line++;
        line[length] = '\0';
        result = add_line(s, line, length, &p);
        buf_consume(&text, length + 1);
    }
    buf_free(&text);
    return result;
}

static int add_words(struct access_source *s, const struct option_words *words, bool allows)
{
    static const char *const names[2][2] = {{"--deny", "--allow"}, {"--to-deny", "--to-allow"}};
    struct place p = {.option = names[s->of_targets][allows], .allows = allows};

    /* A file of --allow that is empty permits no one. */
    s->rules.allows_some = s->rules.allows_some || (allows && words->count > 0);
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->words[i];

        if ((word[0] == '@' && word[1] != '\0' ? add_file(s, word + 1, &p)
                                               : add_word(s, word, &p)) < 0)
            return -1;
    }
    return 0;
}

static void drop_first_name(struct access_source *s)
{
    struct access_name *first = s->names;

    s->names = first->next;
    free(first->target);
    free(first);
}

/* Forgets what is being read. */
static void abandon(struct access_source *s)
{
    resolver_cancel(s->resolver);
    s->resolver = NULL;
    while (s->names != NULL)
        drop_first_name(s);
    access_clear_rules(&s->rules);
    error_clear(&s->why);
}

static void reload_next(struct access_source *s)
{
    if (s->next != NULL)
        access_source_reload(s->next);
    else
        s->on_reread(s->arg);
}

/* The rules are complete, or why says why not. */
static void finish(struct access_source *s)
{
    bool failed = error_is_set(&s->why);

    if (!failed)
        access_replace(s->access, &s->rules);
    if (!s->reread) {
        loop_stop(s->run->loop);
        return;
    }
    if (failed)
        event_error("%s; the access rules stay as they were", s->why.text);
    else
        event_notice(s->of_targets ? "read the target rules again" : "read the access rules again");
    abandon(s);
    reload_next(s);
}

static void look_up_next(struct access_source *s);

static void on_found(void *arg, struct addr_list *list, struct error *why)
{
    struct access_source *s = arg;
    struct access_name *n = s->names;
    int result = list->count > 0 ? 0 : -1;

    s->resolver = NULL;
    if (result < 0)
        error_move(&s->why, why);
    for (size_t i = 0; i < list->count && result == 0; i++)
        result =
            access_add_address(&s->rules, &list->items[i], n->target != NULL ? &n->ports : NULL,
                               n->word, n->place.allows, &s->why);
    if (result < 0) {
        prefix_place(&s->why, &n->place);
        finish(s);
        return;
    }
    drop_first_name(s);
    look_up_next(s);
}

static void look_up_next(struct access_source *s)
{
    struct resolver_question q = {.family = AF_UNSPEC};

    if (s->names == NULL) {
        finish(s);
        return;
    }
    q.host = s->names->target != NULL ? s->names->target : s->names->word;
    s->resolver = resolver_start(s->run->loop, &q, on_found, s, &s->why);
    if (s->resolver == NULL) {
        prefix_place(&s->why, &s->names->place);
        finish(s);
    }
}

static void begin(struct access_source *s)
{
    if (add_words(s, s->allow, true) < 0 || add_words(s, s->deny, false) < 0)
        finish(s);
    else
        look_up_next(s);
}

int access_source_open(struct access_source *s, struct run *run, struct error *err)
{
    bool failed;

    s->run = run;
    begin(s);
    if (s->names != NULL && !error_is_set(&s->why))
        run_loop(run);
    failed = error_is_set(&s->why) || s->names != NULL;
    error_move(err, &s->why);
    abandon(s);
    s->reread = !failed;
    if (failed || s->next == NULL)
        return failed ? -1 : 0;
    s->next->on_reread = s->on_reread;
    s->next->arg = s->arg;
    return access_source_open(s->next, run, err);
}

static bool has_file(const struct option_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->words[i][0] == '@')
            return true;
    return false;
}

bool access_source_has_files(const struct access_source *s)
{
    return has_file(s->allow) || has_file(s->deny) ||
           (s->next != NULL && access_source_has_files(s->next));
}

static int keep_files(const struct option_words *words, struct error *err)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->words[i][0] == '@' &&
            kept_path_add(words->words[i] + 1, KEPT_PATH_READ, err) < 0)
            return -1;
    return 0;
}

int access_source_keep_files(const struct access_source *s, struct error *err)
{
    if (keep_files(s->allow, err) < 0 || keep_files(s->deny, err) < 0)
        return -1;
    return s->next != NULL ? access_source_keep_files(s->next, err) : 0;
}

void access_source_reload(struct access_source *s)
{
    if (!s->reread)
        return;
    if (!has_file(s->allow) && !has_file(s->deny)) {
        reload_next(s);
        return;
    }
    abandon(s);
    begin(s);
}

void access_source_close(struct access_source *s)
{
    if (s->next != NULL)
        access_source_close(s->next);
    abandon(s);
    access_clear_rules(&s->access->rules);
}
