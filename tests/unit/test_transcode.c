/* text/transcode: encodings, policies and states, however the input is cut. */
#include "tests/unit/feed.h"
#include "text/transcode.h"

struct how {
    const char *from, *to;
    enum transcode_direction direction;
    enum transcode_policy policy;
    struct transcode_count *count;
};

static struct filter *make(const void *given)
{
    const struct how *how = given;

    return transcode_new(how->from, how->to, how->direction, how->policy, how->count, NULL);
}

/* Bytes that are not text in C: their length is given by the array. */
#define BYTES(literal) literal, sizeof(literal) - 1

static void reads(const char *from, enum transcode_policy policy, const char *in, size_t n,
                  const char *text)
{
    struct how how = {from, "utf-8", TRANSCODE_INWARD, policy, NULL};

    assert_becomes(make, &how, in, n, text, strlen(text), FILTER_OK);
}

static void writes(const char *to, enum transcode_policy policy, const char *text,
                   const char *bytes, size_t n)
{
    struct how how = {"utf-8", to, TRANSCODE_OUTWARD, policy, NULL};

    assert_becomes(make, &how, text, strlen(text), bytes, n, FILTER_OK);
}

/* The same text in the encoding and in UTF-8, in both directions. */
static void both_ways(const char *encoding, const char *bytes, size_t n, const char *text)
{
    reads(encoding, TRANSCODE_STRICT, bytes, n, text);
    writes(encoding, TRANSCODE_STRICT, text, bytes, n);
}

static void fails(const struct how *how, const char *in, const char *out, const char *sentence)
{
    struct fed fed = feed_all(make(how), in, strlen(in), FEED_WHOLE);

    assert_int_equal(fed.err.status, EXITCODE_DATA);
    assert_string_equal(fed.err.text, sentence);
    fed_clear(&fed);
    assert_becomes(make, how, in, strlen(in), out, strlen(out), FILTER_FAILED);
}

static void converts_both_ways(void **state)
{
    (void)state;
    both_ways("gbk", BYTES("\xc4\xe3\xba\xc3 hello"), "你好 hello");
    both_ways("gb18030", BYTES("\xc4\xe3\x94\x39\xfc\x36\x81\x30\x84\x36"), "你😀¥");
    both_ways("big5", BYTES("\xa4\xa4\xa4\xe5\xb3\\"), "中文許");
    both_ways("shift_jis", BYTES("\x93\xfa\x96{\x83\\\xb1"), "日本ソｱ");
    both_ways("euc-jp", BYTES("\xc6\xfc\x8e\xb1\x8f\xb0\xa1"), "日ｱ丂");
    both_ways("euc-kr", BYTES("\xc7\xd1\xb1\xdb"), "한글");
    both_ways("koi8-r", BYTES("\xf0\xd2\xc9\xd7\xc5\xd4"), "Привет");
    both_ways("windows-1251", BYTES("\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет");
    both_ways("latin1", BYTES("Gr\xfc\xdf"), "Grüß");
    both_ways("utf-8", BYTES("\xef\xbb\xbf你好😀"), "\ufeff你好😀");
    both_ways("gbk", BYTES(""), "");
}

static void keeps_shift_states_and_resets_them(void **state)
{
    (void)state;
    both_ways("iso-2022-jp", BYTES("a\x1b$BF|K\\\x1b(Bb"), "a日本b");
    both_ways("iso-2022-jp", BYTES("\x1b$BF|K\\\x1b(B"), "日本");
    both_ways("utf-7", BYTES("a+T2BZfQ-b"), "a你好b");
    writes("iso-2022-jp", TRANSCODE_REPLACE, "日😀本", BYTES("\x1b$BF|\x1b(B?\x1b$BK\\\x1b(B"));
}

static void knows_byte_orders(void **state)
{
    (void)state;
    both_ways("utf-16le", BYTES("a\0`O\x3d\xd8\0\xde"), "a你😀");
    both_ways("utf-16be", BYTES("\0aO`\xd8\x3d\xde\0"), "a你😀");
    both_ways("utf-16",
              BYTES("\xff\xfe"
                    "a\0`O"),
              "a你");
    reads("utf-16", TRANSCODE_STRICT, BYTES("\xfe\xff\0aO`"), "a你");
    reads("utf-32", TRANSCODE_STRICT, BYTES("\0\0\xfe\xff\0\0\0a"), "a");
    writes("utf-16", TRANSCODE_STRICT, "", BYTES(""));
}

static void nothing_is_above_the_last_code_point(void **state)
{
    (void)state;
    both_ways("ucs-4be", BYTES("\0\x10\xff\xff\0\0\0a"), "\U0010ffffa");
    reads("ucs-4be", TRANSCODE_REPLACE, BYTES("\0\x11\0\0\0\0\0a"), "\ufffda");
    reads("ucs-4be", TRANSCODE_ESCAPE, BYTES("\x7f\0\0\0\0\0\0a\0"), "\\x7f\\x00\\x00\\x00a\\x00");
    writes("ucs-4be", TRANSCODE_IGNORE,
           "\xf4\x90\x80\x80"
           "a",
           BYTES("\0\0\0a"));
}

static void combining_characters_held_back_come_out(void **state)
{
    (void)state;
    reads("cp1258", TRANSCODE_STRICT, BYTES("a\xcc o"), "à o");
    reads("cp1258", TRANSCODE_ESCAPE, BYTES("a\xd2 a"), "ả a");
    reads("cp1255", TRANSCODE_ESCAPE, BYTES("\xe0\xd9\xe0"), "א\\xd9א");
    both_ways("euc-jisx0213", BYTES("\xa4\xab\xa4\xf7\xa4\xab"), "かか゚か");
    writes("euc-jisx0213", TRANSCODE_ESCAPE, "か😀か", BYTES("\xa4\xab\\u{1F600}\xa4\xab"));
    both_ways("big5-hkscs", BYTES("\x88\x66\x88\x62\x88\x66"), "ÊÊ̄Ê");
}

static void inward_policies(void **state)
{
    (void)state;
    reads("gbk", TRANSCODE_REPLACE, BYTES("a\xff\xc4\xe3\xc4"), "a\ufffd你\ufffd");
    reads("gbk", TRANSCODE_ESCAPE, BYTES("a\xff\xc4\xe3\xc4"), "a\\xff你\\xc4");
    reads("gbk", TRANSCODE_IGNORE, BYTES("a\xff\xc4\xe3\xc4"), "a你");
    reads("utf-8", TRANSCODE_REPLACE,
          BYTES("\xe4\xb8"
                "a\xed\xa0\x80\xf0\x9f"),
          "\ufffda\ufffd\ufffd\ufffd\ufffd");
    reads("utf-8", TRANSCODE_ESCAPE,
          BYTES("\xe4\xb8"
                "a\xc0"),
          "\\xe4\\xb8a\\xc0");
    reads("utf-16le", TRANSCODE_REPLACE,
          BYTES("\0\xdc"
                "a\0\x3d\xd8"
                "b\0c"),
          "\ufffda\ufffdb\ufffd");
    reads("gb18030", TRANSCODE_REPLACE, BYTES("\x81\x30\x81"), "\ufffd");
    reads("ascii", TRANSCODE_ESCAPE, BYTES("\x80z"), "\\x80z");
}

static void outward_policies(void **state)
{
    (void)state;
    writes("gbk", TRANSCODE_REPLACE,
           "中😀\xff"
           "a\xe4\xb8",
           BYTES("\xd6\xd0??a?"));
    writes("gbk", TRANSCODE_ESCAPE,
           "中😀\xff"
           "a\xe4\xb8",
           BYTES("\xd6\xd0\\u{1F600}\\xff"
                 "a\\xe4\\xb8"));
    writes("gbk", TRANSCODE_IGNORE,
           "中😀\xff"
           "a\xe4\xb8",
           BYTES("\xd6\xd0"
                 "a"));
    writes("latin1", TRANSCODE_ESCAPE, "\u20ac\u0141", BYTES("\\u{20AC}\\u{141}"));
    /* iconv itself would drop these without a word, or let them pass. */
    writes("gbk", TRANSCODE_ESCAPE, "a\U000e0041b", BYTES("a\\u{E0041}b"));
    writes("utf-32be", TRANSCODE_REPLACE, "\xf4\x90\x80\x80",
           BYTES("\0\0\0?\0\0\0?\0\0\0?\0\0\0?"));
}

static void neither_side_is_utf8(void **state)
{
    struct how how = {"gbk", "big5", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL};
    struct transcode_count count = {0};

    (void)state;
    assert_text(make, &how, "\xd6\xd0\xce\xc4", "\xa4\xa4\xa4\xe5");
    how = (struct how){"gbk", "latin1", TRANSCODE_INWARD, TRANSCODE_REPLACE, &count};
    assert_text(make, &how, "a\xd6\xd0\xff", "a??");
    assert_int_equal(count.errors, 2 * (FEED_LAST + 1));
    how = (struct how){"gbk", "latin1", TRANSCODE_INWARD, TRANSCODE_ESCAPE, NULL};
    assert_text(make, &how, "a\xd6\xd0\xff", "a\\u{4E2D}\\xff");
    how.policy = TRANSCODE_STRICT;
    fails(&how, "ab\xd6\xd0", "ab",
          "error converting to latin1: unsupported U+4E2D at character 3");
}

static void strict_says_what_and_where(void **state)
{
    struct how in = {"gbk", "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL};
    struct how out = {"utf-8", "gbk", TRANSCODE_OUTWARD, TRANSCODE_STRICT, NULL};

    (void)state;
    fails(&in, "\xc4\xe3z\xff", "你z",
          "error converting from gbk: invalid sequence 0xff at offset 3");
    fails(&in, "z\xc4", "z", "error converting from gbk: incomplete sequence 0xc4 at offset 1");
    fails(&out, "你😀z", "\xc4\xe3", "error converting to gbk: unsupported U+1F600 at offset 3");
    fails(&out, "z\xe4\xb8z", "z",
          "error converting from utf-8: invalid sequence 0xe4 0xb8 at offset 1");
    fails(&out, "z\xe4\xb8", "z",
          "error converting from utf-8: incomplete sequence 0xe4 0xb8 at offset 1");
    out.to = "iso-2022-jp";
    fails(&out, "日😀", "\x1b$BF|\x1b(B",
          "error converting to iso-2022-jp: unsupported U+1F600 at offset 3");
}

static void errors_are_counted_over_filters(void **state)
{
    struct transcode_count count = {0};
    struct how how = {"utf-8", "gbk", TRANSCODE_OUTWARD, TRANSCODE_IGNORE, &count};

    (void)state;
    for (uint64_t i = 1; i <= 3; i++) {
        struct fed fed = feed_all(make(&how), "😀z\xff", 6, FEED_BYTES);

        fed_clear(&fed);
        assert_int_equal(count.errors, 2 * i);
    }
}

/* Long runs of ASCII take a way of their own. */
static void long_ascii_between_characters(void **state)
{
    struct buf gbk = {0}, utf8 = {0}, ascii = {0};

    (void)state;
    for (size_t length = 0; length < 400; length += 7) {
        buf_reset(&ascii);
        for (size_t i = 0; i < length; i++)
            assert_int_equal(buf_add(&ascii, &"0123456789abcdef\n"[i % 17], 1), 0);
        assert_int_equal(buf_add(&gbk,
                                 "\x81"
                                 "0\xc4\xe3",
                                 4),
                         0);
        assert_int_equal(buf_add(&gbk, buf_head(&ascii), length), 0);
        assert_int_equal(buf_add(&utf8, "\\x810你", strlen("\\x810你")), 0);
        assert_int_equal(buf_add(&utf8, buf_head(&ascii), length), 0);
    }
    assert_int_equal(buf_add(&utf8, "", 1), 0);
    reads("gbk", TRANSCODE_ESCAPE, buf_head(&gbk), buf_length(&gbk), buf_head(&utf8));
    buf_free(&gbk);
    buf_free(&utf8);
    buf_free(&ascii);
}

static void characters_come_at_once(void **state)
{
    struct how how = {"gbk", "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL};
    struct filter *f = make(&how);
    struct buf out = {0};

    (void)state;
    assert_int_equal(feed_one(f, "a\xc4", 2, &out, NULL), FILTER_OK);
    assert_given(&out, "a");
    assert_int_equal(feed_one(f, "\xe3", 1, &out, NULL), FILTER_OK);
    assert_given(&out, "你");
    filter_free(f);
    buf_free(&out);
}

static void names_are_checked(void **state)
{
    static const char *const wrong[] = {
        "",
        "nope",
        "gbk//IGNORE",
        "gbk//TRANSLIT",
        "gbk/",
        "gbk/x",
        "gbk/x/IGNORE",
        "ISO-2022-CN-EXT",
        "/",
        "UTF-8,",
        "utf-8 ",
        "gbk!",
        "g\nbk",
        "INTERNAL",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    struct error err = {0};

    (void)state;
    assert_int_equal(transcode_check("gbk", &err), 0);
    assert_int_equal(transcode_check("ISO_8859-1:1987", &err), 0);
    assert_int_equal(transcode_check("ISO-10646/UCS2/", &err), 0);
    assert_false(error_is_set(&err));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(transcode_check(wrong[i], &err), -1);
        assert_int_equal(err.status, EXITCODE_USAGE);
        assert_null(
            transcode_new("utf-8", wrong[i], TRANSCODE_OUTWARD, TRANSCODE_STRICT, NULL, NULL));
    }
    assert_null(transcode_new("nope", "utf-8", TRANSCODE_OUTWARD, TRANSCODE_STRICT, NULL, &err));
    assert_string_equal(err.text, "invalid encoding \"nope\": expected a name that iconv -l lists");
    error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts_both_ways),
        cmocka_unit_test(keeps_shift_states_and_resets_them),
        cmocka_unit_test(knows_byte_orders),
        cmocka_unit_test(nothing_is_above_the_last_code_point),
        cmocka_unit_test(combining_characters_held_back_come_out),
        cmocka_unit_test(inward_policies),
        cmocka_unit_test(outward_policies),
        cmocka_unit_test(neither_side_is_utf8),
        cmocka_unit_test(strict_says_what_and_where),
        cmocka_unit_test(errors_are_counted_over_filters),
        cmocka_unit_test(long_ascii_between_characters),
        cmocka_unit_test(characters_come_at_once),
        cmocka_unit_test(names_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
