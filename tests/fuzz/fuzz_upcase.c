/* text/upcase: the same however cut, equal to the library where the text is
 * valid, and nothing left to do the second time. */
#include <unicase.h>
#include <unistr.h>

#include "tests/fuzz/cut.h"
#include "text/upcase.h"

static void compare_with_library(const uint8_t *text, size_t n, const struct buf *out)
{
    size_t length = 0;
    uint8_t *upper;

    if (n == 0 || u8_check(text, n) != NULL)
        return;
    upper = u8_toupper(text, n, NULL, NULL, NULL, &length);
    REQUIRE(upper != NULL);
    REQUIRE(length == buf_length(out));
    REQUIRE(memcmp(upper, buf_head(out), length) == 0);
    free(upper);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut cut = take_cut(&data, &size);
    struct fed whole = feed_cut(upcase_new(), data, size, (struct cut){NULL, 0});
    struct fed pieces = feed_cut(upcase_new(), data, size, cut);
    struct fed again = feed_cut(upcase_new(), buf_head(&whole.out), buf_length(&whole.out), cut);

    REQUIRE(whole.result == FILTER_OK);
    require_same(&whole, &pieces);
    require_same(&whole, &again);
    compare_with_library(data, size, &whole.out);
    fed_clear(&whole);
    fed_clear(&pieces);
    fed_clear(&again);
    return 0;
}
