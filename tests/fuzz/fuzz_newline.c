/* text/eol: the same however cut, and each mode undoes or keeps the other's work. */
#include "tests/fuzz/cut.h"
#include "text/newline.h"

static struct fed convert(enum newline_mode mode, const void *in, size_t n, struct cut cut)
{
    struct fed whole = feed_cut(newline_new(mode), in, n, (struct cut){NULL, 0});
    struct fed pieces = feed_cut(newline_new(mode), in, n, cut);

    REQUIRE(whole.result == FILTER_OK);
    require_same(&whole, &pieces);
    fed_clear(&pieces);
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut cut = take_cut(&data, &size);
    struct fed lf = convert(NEWLINE_LF, data, size, cut);
    struct fed crlf = convert(NEWLINE_CRLF, data, size, cut);
    struct fed back = convert(NEWLINE_LF, buf_head(&crlf.out), buf_length(&crlf.out), cut);
    struct fed again = convert(NEWLINE_CRLF, buf_head(&crlf.out), buf_length(&crlf.out), cut);

    for (size_t i = 0; i < buf_length(&crlf.out); i++)
        if (buf_head(&crlf.out)[i] == '\n')
            REQUIRE(i > 0 && buf_head(&crlf.out)[i - 1] == '\r');
    require_same(&lf, &back);
    require_same(&crlf, &again);
    fed_clear(&lf);
    fed_clear(&crlf);
    fed_clear(&back);
    fed_clear(&again);
    return 0;
}
