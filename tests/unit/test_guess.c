/* text/guess: which encoding bytes are taken for. */
#include "tests/unit/feed.h"
#include "text/gconv.h"
#include "text/guess.h"

static const char *guess_of(const void *bytes, size_t n, unsigned cut)
{
    struct guess g = {0};
    struct fed fed = feed_all(guess_new(&g), bytes, n, cut);
    const char *name = guess_encoding(&g);

    assert_holds(&fed.out, bytes, n); /* unchanged */
    fed_clear(&fed);
    guess_clear(&g);
    return name;
}

static const char *guess_encoded(const char *encoding, const char *text)
{
    struct buf bytes = {0};
    struct gconv c;
    size_t n = strlen(text);
    const char *name;

    assert_int_equal(gconv_open(&c, encoding, "UTF-8"), 0);
    assert_int_equal(gconv_convert(&c, &text, &n, &bytes), 0);
    gconv_close(&c);
    name = guess_of(buf_head(&bytes), buf_length(&bytes), FEED_WHOLE);
    for (unsigned cut = FEED_BYTES; cut < FEED_LAST; cut++)
        assert_ptr_equal(guess_of(buf_head(&bytes), buf_length(&bytes), cut), name);
    buf_free(&bytes);
    return name;
}

static void texts_are_recognised(void **state)
{
    static const struct {
        const char *encoding, *text;
    } cases[] = {
        {"GBK", "正常"},
        {"GBK", "温度正常\r\n"},
        {"GBK", "你好，世界"},
        {"GBK", "HTTP/1.0 200 OK\r\n\r\n<title>欢迎访问我们的网站</title>"},
        {"GBK", "錯誤：找不到服務"}, /* traditional characters, in GBK */
        {"Big5", "你好，世界"},
        {"Big5", "溫度正常"},
        {"Big5", "歡迎光臨本站，請登錄"},
        {"Shift_JIS", "こんにちは"},
        {"Shift_JIS", "日本語のテキストです。"},
        {"Shift_JIS", "エラー"},
        {"EUC-KR", "안녕하세요"},
        {"EUC-KR", "오류: 파일을 찾을 수 없습니다"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(guess_encoded(cases[i].encoding, cases[i].text), cases[i].encoding);
}

static void other_bytes_are_not(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    char noise[600];

    (void)state;
    assert_null(guess_of("", 0, FEED_WHOLE));
    assert_null(guess_of("plain ASCII\r\n", 13, FEED_WHOLE));
    assert_null(guess_of("中文 é", strlen("中文 é"), FEED_WHOLE));
    assert_null(guess_of(png, sizeof(png) - 1, FEED_WHOLE));
    assert_null(guess_encoded("ISO-8859-1", "Müller, café, naïve, garçon"));
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (char)(i * 151 % 256);
    assert_null(guess_of(noise, sizeof(noise), FEED_WHOLE));
}

static void a_long_text_is_judged_by_its_beginning(void **state)
{
    char text[40001], utf8[40001];

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xd5\xfd", 2);
    assert_string_equal(guess_of(text, sizeof(text) - 1, FEED_WHOLE), "GBK");
    text[0] = text[1] = 'a';
    assert_string_equal(guess_of(text + 1, sizeof(text) - 2, FEED_LAST), "GBK");
    for (size_t i = 0; i + 3 < sizeof(utf8); i += 3)
        memcpy(utf8 + i, "\xe6\xad\xa3", 3);
    assert_null(guess_of(utf8, 39999, FEED_WHOLE));
    memmove(utf8 + 1, utf8, 39998);
    utf8[0] = 'a';
    assert_null(guess_of(utf8, 39997, FEED_WHOLE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_recognised),
        cmocka_unit_test(other_bytes_are_not),
        cmocka_unit_test(a_long_text_is_judged_by_its_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
