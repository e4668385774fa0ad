/* text/guess: bytes pass unchanged, and the guess is the same however they are cut. */
#include "tests/fuzz/cut.h"
#include "text/guess.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut cut = take_cut(&data, &size);
    struct guess whole = {0}, pieces = {0};
    struct fed all = feed_cut(guess_new(&whole), data, size, (struct cut){NULL, 0});
    struct fed cuts = feed_cut(guess_new(&pieces), data, size, cut);

    REQUIRE(all.result == FILTER_OK);
    REQUIRE(buf_length(&all.out) == size);
    REQUIRE(size == 0 || memcmp(buf_head(&all.out), data, size) == 0);
    require_same(&all, &cuts);
    REQUIRE(guess_encoding(&whole) == guess_encoding(&pieces));
    guess_clear(&whole);
    guess_clear(&pieces);
    fed_clear(&all);
    fed_clear(&cuts);
    return 0;
}
