/* text/label: one source gives the same however cut and flushed; of two, every
 * line that comes out is one source's, and nothing of their text is lost. */
#include "tests/fuzz/cut.h"
#include "text/label.h"

enum { SOURCES = 2, PIECE_MAX = 32 };

static const char *const labels[SOURCES] = {"a", "b"};

static void flush(struct filter *f, struct buf *out)
{
    REQUIRE(filter_flush(f, out, NULL) == FILTER_OK);
    REQUIRE(!filter_pending(f));
}

/* Text without its newlines, which is what labelling keeps of it. */
static void add_text(struct buf *to, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] != '\n')
            REQUIRE(buf_add(to, text + i, 1) == 0);
}

static void one_source(const uint8_t *data, size_t size, struct cut cut)
{
    struct label_screen screen = {0};
    struct fed whole = feed_cut(label_new(&screen, "a"), data, size, (struct cut){NULL, 0});
    struct fed pieces = feed_cut(label_new(&screen, "a"), data, size, cut);
    struct filter *f = label_new(&screen, "a");
    struct buf out = {0};

    REQUIRE(f != NULL);
    for (size_t i = 0; i < size; i++) {
        REQUIRE(feed_piece(f, data + i, 1, &out, NULL) == FILTER_OK);
        if (cut.count > 0 && cut.lengths[i % cut.count] % 2 == 0)
            flush(f, &out);
    }
    REQUIRE(filter_finish(f, &out, NULL) == FILTER_OK);
    REQUIRE(screen.open == 0);
    filter_free(f);
    require_same(&whole, &pieces);
    require_same_bytes(&whole.out, &out);
    fed_clear(&whole);
    fed_clear(&pieces);
    buf_free(&out);
}

/* Sorts the lines of the output by their labels. */
static void read_back(const struct buf *out, struct buf texts[SOURCES])
{
    const char *at = buf_head(out), *end = at + buf_length(out);

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        REQUIRE(newline != NULL && newline - at >= 3);
        REQUIRE((at[0] == 'a' || at[0] == 'b') && at[1] == ':' && at[2] == ' ');
        add_text(&texts[at[0] - 'a'], at + 3, (size_t)(newline - at) - 3);
        at = newline + 1;
    }
}

static void two_sources(const uint8_t *data, size_t size)
{
    struct label_screen screen = {0};
    struct filter *f[SOURCES];
    struct buf fed[SOURCES] = {{0}}, seen[SOURCES] = {{0}}, out = {0};

    for (size_t i = 0; i < SOURCES; i++)
        REQUIRE((f[i] = label_new(&screen, labels[i])) != NULL);
    while (size > 0) {
        uint8_t act = take_byte(&data, &size);
        size_t which = act & 1, n = (act >> 2) % PIECE_MAX;

        n = n < size ? n : size;
        REQUIRE(feed_piece(f[which], data, n, &out, NULL) == FILTER_OK);
        add_text(&fed[which], (const char *)data, n);
        data += n;
        size -= n;
        if ((act & 2) != 0)
            flush(f[which], &out);
    }
    for (size_t i = 0; i < SOURCES; i++) {
        REQUIRE(filter_finish(f[i], &out, NULL) == FILTER_OK);
        filter_free(f[i]);
    }
    REQUIRE(screen.open == 0);
    if (buf_length(&out) > 0)
        read_back(&out, seen);
    for (size_t i = 0; i < SOURCES; i++) {
        require_same_bytes(&fed[i], &seen[i]);
        buf_free(&fed[i]);
        buf_free(&seen[i]);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut cut;

    two_sources(data, size);
    cut = take_cut(&data, &size);
    one_source(data, size, cut);
    return 0;
}
