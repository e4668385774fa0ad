/* text/json: any bytes and any size give one valid string, and nothing is written beyond it. */
#include "tests/fuzz/cut.h"
#include "text/json.h"
#include "text/utf8.h"

/* Checks one character or escape, and returns its length. */
static size_t check_one(const char *in, size_t n)
{
    size_t length;

    REQUIRE((unsigned char)in[0] >= 0x20 && in[0] != '"' && in[0] != 0x7f);
    if (in[0] != '\\') {
        REQUIRE(utf8_next(in, n, &length) == UTF8_WHOLE);
        return length;
    }
    REQUIRE(n >= 2);
    if (in[1] == '"' || in[1] == '\\')
        return 2;
    REQUIRE(in[1] == 'u' && n >= 6);
    for (size_t i = 2; i < 6; i++)
        REQUIRE(strchr("0123456789abcdef", in[i]) != NULL && in[i] != '\0');
    return 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room, length;
    char *out;

    if (size < 1)
        return 0;
    room = 2 + data[0] % 128;
    out = malloc(room); /* the sanitizer watches its end */
    REQUIRE(out != NULL);
    length = json_put_string(out, room, (const char *)data + 1, size - 1);
    REQUIRE(length >= 2 && length <= room && out[0] == '"' && out[length - 1] == '"');
    for (size_t at = 1; at < length - 1;)
        at += check_one(out + at, length - 1 - at);
    free(out);
    return 0;
}
