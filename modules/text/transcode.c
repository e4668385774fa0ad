/* Owns the names of encodings and the choice of the halves: reading to UTF-8,
 * writing from UTF-8, or both in a row. */
#include "text/transcode.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "text/decode.h"
#include "text/encode.h"
#include "text/gconv.h"
#include "text/substitute.h"

static const char replacement_character[] = "\xef\xbf\xbd";

/* iconv_open would drop other characters, and take what follows a slash for a suffix that asks
 * it to hide failures, except in a name such as "ISO-10646/UCS2/". */
static bool is_name(const char *name)
{
    size_t length = strlen(name), slashes = 0;

    for (size_t i = 0; i < length; i++) {
        slashes += name[i] == '/';
        if (!isalnum((unsigned char)name[i]) && strchr("_-.:()/", name[i]) == NULL)
            return false;
    }
    if (slashes > 0 && (slashes != 2 || name[length - 1] != '/' || strstr(name, "//") != NULL))
        return false;
    return length > 0 && length < TRANSCODE_NAME_MAX;
}

static int refuse_name(const char *name, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid encoding \"%s\": expected a name that iconv -l lists",
              name);
    return -1;
}

int transcode_check(const char *name, struct error *err)
{
    iconv_t cd;
    static const char *const neighbour = "UTF-8";

    if (!is_name(name))
        return refuse_name(name, err);
    if (gconv_loses_its_place(name)) {
        error_set(err, EXITCODE_USAGE,
                  "invalid encoding \"%s\": after an error, the C library reads it wrongly", name);
        return -1;
    }
    cd = iconv_open(neighbour, name);
    if (cd != (iconv_t)-1) {
        iconv_close(cd);
        cd = iconv_open(name, neighbour);
    }
    if (cd == (iconv_t)-1) {
        if (errno == EINVAL)
            return refuse_name(name, err);
        error_errno(err, errno, "cannot load the encoding \"%s\"", name);
        return -1;
    }
    iconv_close(cd);
    return 0;
}

int transcode_keep(struct transcode_hold *h, const char *name, struct error *err)
{
    h->reading = iconv_open("UTF-8", name);
    h->writing = h->reading != (iconv_t)-1 ? iconv_open(name, "UTF-8") : (iconv_t)-1;
    h->is_held = h->writing != (iconv_t)-1;
    if (h->is_held)
        return 0;
    error_errno(err, errno, "cannot load the encoding \"%s\"", name);
    if (h->reading != (iconv_t)-1)
        iconv_close(h->reading);
    return -1;
}

void transcode_let_go(struct transcode_hold *h)
{
    if (!h->is_held)
        return;
    iconv_close(h->reading);
    iconv_close(h->writing);
    h->is_held = false;
}

/* Both halves in a row. */
static struct filter *new_row(struct substitute *rules)
{
    struct filter *row = filter_chain_new();

    if (row == NULL)
        return NULL;
    /* So that an error of reading does not become one of writing as well. */
    if (!encode_can(rules->writes, rules->unreadable))
        rules->unreadable = "?";
    if (filter_chain_add(row, decode_new(rules)) < 0)
        goto failed;
    rules->in_characters = true;
    if (filter_chain_add(row, encode_new(rules)) < 0)
        goto failed;
    return row;

failed:
    filter_free(row);
    return NULL;
}

struct filter *transcode_new(const char *from, const char *to, enum transcode_direction direction,
                             enum transcode_policy policy, struct transcode_count *count,
                             struct error *err)
{
    struct substitute rules = {
        .policy = policy,
        .unreadable = direction == TRANSCODE_INWARD ? replacement_character : "?",
        .count = count,
    };
    struct filter *f;

    if (transcode_check(from, err) < 0 || transcode_check(to, err) < 0)
        return NULL;
    /* Names that passed the check fit. */
    memcpy(rules.reads, from, strlen(from) + 1);
    memcpy(rules.writes, to, strlen(to) + 1);
    if (gconv_is_utf8(from))
        f = encode_new(&rules);
    else if (gconv_is_utf8(to))
        f = decode_new(&rules);
    else
        f = new_row(&rules);
    if (f == NULL)
        error_errno(err, errno, "cannot convert from %s to %s", from, to);
    return f;
}
