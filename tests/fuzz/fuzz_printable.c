/* text/printable: the same however cut, nothing forbidden in what comes out, and
 * nothing left to do the second time. */
#include "tests/fuzz/cut.h"
#include "text/printable.h"
#include "text/utf8.h"

static void require_safe(const struct buf *out)
{
    size_t n = buf_length(out), length;

    for (size_t i = 0; i < n; i += length) {
        const char *at = buf_head(out) + i;
        uint32_t code;

        REQUIRE(utf8_next(at, n - i, &length) == UTF8_WHOLE);
        code = utf8_code(at, length);
        REQUIRE(code >= 0x20 || code == '\t' || code == '\n');
        REQUIRE(code < 0x7f || code >= 0xa0);
        REQUIRE(code < 0x202a || code > 0x202e);
        REQUIRE(code < 0x2066 || code > 0x2069);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut cut = take_cut(&data, &size);
    struct fed whole = feed_cut(printable_new(), data, size, (struct cut){NULL, 0});
    struct fed pieces = feed_cut(printable_new(), data, size, cut);
    struct fed again = feed_cut(printable_new(), buf_head(&whole.out), buf_length(&whole.out), cut);

    REQUIRE(whole.result == FILTER_OK);
    require_same(&whole, &pieces);
    require_same(&whole, &again);
    require_safe(&whole.out);
    fed_clear(&whole);
    fed_clear(&pieces);
    fed_clear(&again);
    return 0;
}
