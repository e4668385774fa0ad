/* text/transcode: the same bytes, sentence and count however cut; UTF-8 that
 * comes out is valid. */
#include "tests/fuzz/cut.h"
#include "text/transcode.h"
#include "text/utf8.h"

static const char *const encodings[] = {
    "utf-8",    "gbk",         "gb18030",        "big5",          "shift_jis",   "euc-jp",
    "euc-kr",   "iso-2022-jp", "koi8-r",         "cp1251",        "latin1",      "utf-16le",
    "utf-16be", "utf-16",      "utf-32",         "utf-7",         "ascii",       "big5-hkscs",
    "cp1255",   "cp1258",      "euc-jisx0213",   "euc-tw",        "iso-2022-kr", "iso-2022-cn",
    "tscii",    "tcvn",        "shift_jisx0213", "johab",         "cp932",       "gb2312",
    "ibm037",   "ibm930",      "iso-2022-jp-2",  "iso-2022-jp-3", "ucs-2",       "ucs-4",
    "iso_6937", "utf-7-imap",  "mac-is",         "ibm1388",       "ibm1390",     "ibm1399",
    "cp949",
};

#define COUNT (sizeof(encodings) / sizeof(encodings[0]))

struct conversion {
    const char *from, *to;
    enum transcode_direction direction;
    enum transcode_policy policy;
};

static struct fed convert(const struct conversion *c, const void *in, size_t n, struct cut cut,
                          uint64_t *errors)
{
    struct transcode_count count = {0};
    struct fed fed =
        feed_cut(transcode_new(c->from, c->to, c->direction, c->policy, &count, NULL), in, n, cut);

    *errors = count.errors;
    REQUIRE((fed.result == FILTER_FAILED) == error_is_set(&fed.err));
    REQUIRE(fed.result == FILTER_OK || c->policy == TRANSCODE_STRICT);
    REQUIRE(fed.result == FILTER_OK || (count.errors > 0 && fed.err.status == EXITCODE_DATA));
    return fed;
}

static struct conversion take_conversion(const uint8_t **data, size_t *size)
{
    uint8_t which = take_byte(data, size), other = take_byte(data, size);
    uint8_t how = take_byte(data, size);
    const char *encoding = encodings[which % COUNT];
    const char *local = other < 192 ? "utf-8" : encodings[other % COUNT];
    bool inward = (how & 4) != 0;

    return (struct conversion){
        .from = inward ? encoding : local,
        .to = inward ? local : encoding,
        .direction = inward ? TRANSCODE_INWARD : TRANSCODE_OUTWARD,
        .policy = (enum transcode_policy)(how & 3),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conversion c = take_conversion(&data, &size);
    struct cut cut = take_cut(&data, &size);
    uint64_t errors_whole, errors_pieces;
    struct fed whole = convert(&c, data, size, (struct cut){NULL, 0}, &errors_whole);
    struct fed pieces = convert(&c, data, size, cut, &errors_pieces);

    require_same(&whole, &pieces);
    REQUIRE(errors_whole == errors_pieces || whole.result == FILTER_FAILED);
    if (strcmp(c.to, "utf-8") == 0 && buf_length(&whole.out) > 0)
        REQUIRE(utf8_valid(buf_head(&whole.out), buf_length(&whole.out)) == buf_length(&whole.out));
    if (strcmp(c.from, c.to) == 0 && strcmp(c.to, "utf-8") == 0 && errors_whole == 0)
        REQUIRE(buf_length(&whole.out) == size);
    fed_clear(&whole);
    fed_clear(&pieces);
    return 0;
}
