/* Owns iconv descriptors: growing output, the blocks that they are fed, and the
 * bypass for ASCII. Leaves every decision on failures to the caller. */
#include "text/gconv.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "text/utf8.h"

#define BLOCK ((size_t)4096)

/* Output never runs short with this much for each byte (TSCII: four characters of
 * three bytes). Where it does, the C library's TSCII loses its place. */
#define GROWTH ((size_t)12)

/* A run of ASCII is copied rather than converted from this length on, but for
 * its beginning: there it may be the rest of a sequence, or what makes iconv let
 * go of a character that it holds back. */
#define RUN_MIN ((size_t)64)
#define RUN_BEGINNING ((size_t)8)
#define RUN_STEP ((size_t)32)

#define ASCII_COUNT 128
#define BYTE_COUNT 256

bool gconv_is_utf8(const char *name)
{
    return strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "UTF8") == 0;
}

/* Converts one byte; returns how many come out, or -1. */
static int convert_byte(iconv_t cd, char c, char out[16])
{
    char *in = &c, *to = out;
    size_t n = 1, room = 16;

    if (iconv(cd, &in, &n, &to, &room) != 0)
        return -1;
    return (int)(to - out);
}

/* True when each ASCII byte, by itself, becomes itself at once. */
static bool keeps_ascii(const char *to, const char *from)
{
    iconv_t cd = iconv_open(to, from);
    bool same = cd != (iconv_t)-1;
    char out[16];

    for (int c = 0; c < ASCII_COUNT && same; c++)
        same = convert_byte(cd, (char)c, out) == 1 && out[0] == (char)c;
    if (cd != (iconv_t)-1)
        iconv_close(cd);
    return same;
}

/* Names are compared as glibc's modules have them, but for hyphens. */
static bool is_one_of(const char *name, const char *const *names)
{
    char plain[16];
    size_t n = 0;

    for (; *name != '\0' && n + 1 < sizeof(plain); name++)
        if (*name != '-' && *name != '/')
            plain[n++] = *name;
    plain[n] = '\0';
    while (*names != NULL && strcasecmp(plain, *names) != 0)
        names++;
    return *names != NULL;
}

/* Returns true for encodings of which the C library's converter looks at more of its input
 * than what it converts, so that errors would depend on how the input is cut. */
static bool looks_ahead(const char *name)
{
    static const char *const names[] = {
        "UTF7",   "UTF7IMAP",  "UHC",     "CP949",  "MSCP949",   "OSF100203B5", "IBM1390",
        "CP1390", "CSIBM1390", "IBM1399", "CP1399", "CSIBM1399", NULL,
    };

    return is_one_of(name, names);
}

bool gconv_loses_its_place(const char *name)
{
    static const char *const names[] = {"ISO2022CNEXT", NULL};

    return is_one_of(name, names);
}

int gconv_open(struct gconv *g, const char *to, const char *from)
{
    g->cd = iconv_open(to, from);
    if (g->cd == (iconv_t)-1)
        return -1;
    /* Both directions: the escapes of a stateful encoding show only when read. */
    g->block = looks_ahead(from) ? 1 : BLOCK;
    g->is_ascii = g->block > 1 && keeps_ascii(to, from) && keeps_ascii(from, to);
    return 0;
}

void gconv_close(struct gconv *g)
{
    iconv_close(g->cd);
}

/* One piece through iconv, with as much output as it takes. */
static int convert_piece(struct gconv *g, const char **in, size_t *n, struct buf *out)
{
    size_t converted = 0;

    do {
        size_t room = GROWTH * *n + 64, left = room;
        char *at = buf_reserve(out, room), *to = at, *from = (char *)*in;

        if (at == NULL)
            return ENOMEM;
        converted = iconv(g->cd, &from, n, &to, &left);
        *in = from;
        buf_added(out, room - left);
    } while (converted == (size_t)-1 && errno == E2BIG);
    return converted == (size_t)-1 ? errno : 0;
}

static bool is_ascii_word(const char *in)
{
    uint64_t word;

    memcpy(&word, in, sizeof(word));
    return (word & 0x8080808080808080) == 0;
}

/* Looks for a long run of ASCII that begins in the first block, and returns where
 * (*length is its length), or n. It is looked for in steps that no long run slips
 * through, which costs text without such runs next to nothing. */
static size_t find_run(const char *in, size_t n, size_t *length)
{
    size_t end = n < BLOCK ? n : BLOCK;

    for (size_t i = 0; i + sizeof(uint64_t) <= end; i += RUN_STEP) {
        if (!is_ascii_word(in + i))
            continue;
        *length = utf8_ascii(in + i, n - i);
        if (*length >= RUN_MIN)
            return i;
        i += *length / RUN_STEP * RUN_STEP;
    }
    *length = 0;
    return n;
}

static int copy(const char **in, size_t *n, size_t length, struct buf *out)
{
    if (buf_add(out, *in, length) < 0)
        return ENOMEM;
    *in += length;
    *n -= length;
    return 0;
}

int gconv_convert(struct gconv *g, const char **in, size_t *n, struct buf *out)
{
    int result = 0;
    bool stuck = false;
    size_t most = g->block;

    while (*n > 0 && (result == 0 || result == EINVAL)) {
        size_t run = 0, piece = *n < most ? *n : most, left;

        if (g->is_ascii && !stuck) {
            size_t start = find_run(*in, *n, &run);

            if (start < *n)
                piece = start + RUN_BEGINNING;
            else
                run = 0;
        }
        left = piece;
        result = convert_piece(g, in, &left, out);
        *n -= piece - left;
        if (result == 0 && run > 0)
            result = copy(in, n, run - RUN_BEGINNING, out);
        if (result == EINVAL && left == *n)
            break;
        stuck = left == piece;
        most = stuck ? most + 1 : g->block;
    }
    return result;
}

int gconv_end(struct gconv *g, struct buf *out)
{
    size_t room = 64, result;

    do {
        size_t left = room;
        char *at = buf_reserve(out, room), *to = at;

        if (at == NULL)
            return ENOMEM;
        result = iconv(g->cd, NULL, NULL, &to, &left);
        buf_added(out, room - left);
        room *= 2;
    } while (result == (size_t)-1 && errno == E2BIG);
    return 0;
}

size_t gconv_unit(const char *name)
{
    iconv_t cd = iconv_open(name, "UTF-8");
    char out[16];
    int width;

    if (cd == (iconv_t)-1)
        return 0;
    /* The second, as a byte order mark may come with the first. */
    convert_byte(cd, 'a', out);
    width = convert_byte(cd, 'a', out);
    iconv_close(cd);
    return width == 2 || width == 4 ? (size_t)width : 1;
}

bool gconv_holds_back(const char *name)
{
    iconv_t cd = iconv_open("UTF-8", name);
    bool held = false;
    char out[16];

    if (cd == (iconv_t)-1)
        return false;
    for (int c = 0; c < BYTE_COUNT && !held; c++) {
        int given = convert_byte(cd, (char)c, out);
        char *to = out;
        size_t room = sizeof(out);

        iconv(cd, NULL, NULL, &to, &room);
        held = given == 0 && room < sizeof(out);
    }
    iconv_close(cd);
    return held;
}
