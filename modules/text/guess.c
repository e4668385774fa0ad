/* Owns the choice among encodings in which the same bytes are valid. */
#include "text/guess.h"

#include <errno.h>
#include <string.h>

#include "text/gconv.h"
#include "text/utf8.h"

#define SAMPLE_MAX ((size_t)16384)

/* In the order in which equally likely ones are chosen. Most bytes of one are valid in
 * others, where they make rare characters: common ones tell them apart. */
static const struct candidate {
    const char *name;
    const char *common;
} candidates[] = {
    {"GBK", "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家"
            "可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开无情己面最"
            "但现前些所同日手又行意动方期它头经长回位分因很给名法间知世什两次使身者被高已其进此话"
            "常与活正感见明问力理点文几定本公特做外相果将实向全信重三机工物气每并别真打太新比再书"
            "部水等体加电主界门利请错误系统服务成功失败欢迎登录温度状态谢谢，。！？、：；（）《》"},
    {"Big5", "的一是了我不人在他有這個上們來到時大地為子中你說生國年著就那和要她出也得裡後自以會家"
             "可下而過天去能對小多然於心學麼之都好看起發當沒成只如事把還用第樣道想作種開無情己面最"
             "但現前些所同日手又行意動方期它頭經長回位分因很給名法間知世什兩次使身者被高已其進此話"
             "常與活正感見明問力理點文幾定本公特做外相果將實向全信重三機工物氣每並別真打太新比再書"
             "部水等體加電主界門利請錯誤系統服務成功失敗歡迎登錄溫度狀態謝，。！？、：；（）《》"},
    {"Shift_JIS",
     "ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとど"
     "なにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろわをん"
     "ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトド"
     "ナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロワヲンー、。"
     "日本語一人大中国年月時分行会者事自社生学見世界正常度温状態"},
    {"EUC-KR",
     "이다는에을의가하고지도로서기사리자대아시한인나어정일수부장해그전은들스보라제있여안니"
     "요세으를게것과만까습녕없주구상동오조중미성유연우무비선신모했년영국위원관실공경회산간"
     "학등면내소말데러마된원화방물입생적문진양결재계속개명단교본할합감사오류온도태접"},
};

/* A sample, decoded in one encoding. */
struct reading {
    size_t characters; /* that are not ASCII */
    size_t common;
};

static bool is_common(const char *common, const char *character, size_t length)
{
    char text[UTF8_MAX + 1] = {0};

    memcpy(text, character, length);
    return strstr(common, text) != NULL;
}

static struct reading count_common(const struct candidate *c, const struct buf *text)
{
    struct reading r = {0};
    size_t n = buf_length(text), length;

    for (size_t i = 0; i < n; i += length) {
        utf8_next(buf_head(text) + i, n - i, &length);
        if (length == 1)
            continue;
        r.characters++;
        r.common += is_common(c->common, buf_head(text) + i, length);
    }
    return r;
}

/* Returns what the bytes are in an encoding; without characters where they are not valid. */
static struct reading read_as(const struct candidate *c, const struct guess *g)
{
    struct reading r = {0};
    struct buf text = {0};
    const char *in = buf_head(&g->sample);
    size_t n = buf_length(&g->sample);
    struct gconv conversion;
    int result;

    if (gconv_open(&conversion, "UTF-8", c->name) < 0)
        return r;
    result = gconv_convert(&conversion, &in, &n, &text);
    if (result == 0 || (result == EINVAL && !g->is_whole))
        r = count_common(c, &text);
    gconv_close(&conversion);
    buf_free(&text);
    return r;
}

/* Returns true for bytes of text: few binary formats do without the others. */
static bool has_no_controls(const struct buf *b)
{
    const unsigned char *bytes = (const unsigned char *)buf_head(b);

    for (size_t i = 0; i < buf_length(b); i++)
        if (bytes[i] == 0x7f || (bytes[i] < 0x20 && memchr("\t\n\r\x1b", bytes[i], 4) == NULL))
            return false;
    return true;
}

/* Returns true when two bytes stand together that are not ASCII: in European encodings of one
 * byte per character, few do. */
static bool has_pairs(const struct buf *b)
{
    const unsigned char *bytes = (const unsigned char *)buf_head(b);

    for (size_t i = 1; i < buf_length(b); i++)
        if (bytes[i - 1] >= 0x80 && bytes[i] >= 0x80)
            return true;
    return false;
}

static bool is_utf8(const struct guess *g)
{
    const char *bytes = buf_head(&g->sample);
    size_t n = buf_length(&g->sample), valid = utf8_valid(bytes, n), length;

    return valid == n ||
           (!g->is_whole && utf8_next(bytes + valid, n - valid, &length) == UTF8_PART);
}

const char *guess_encoding(const struct guess *g)
{
    const char *best = NULL;
    double best_share = 0;

    if (buf_length(&g->sample) == 0 || is_utf8(g) || !has_no_controls(&g->sample))
        return NULL;
    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        struct reading r = read_as(&candidates[i], g);
        double share = r.characters > 0 ? (double)r.common / (double)r.characters : 0;

        if (r.characters == 0 || (r.common == 0 && !has_pairs(&g->sample)))
            continue;
        if (best == NULL || share > best_share) {
            best = candidates[i].name;
            best_share = share;
        }
    }
    return best;
}

void guess_clear(struct guess *g)
{
    buf_free(&g->sample);
}

struct guess_filter {
    struct filter filter;
    struct guess *guess;
};

static enum filter_result guess_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                     struct error *err)
{
    struct guess *g = ((struct guess_filter *)f)->guess;
    size_t room = SAMPLE_MAX - buf_length(&g->sample);

    g->is_whole = g->is_whole && n <= room;
    /* Without memory there is only no guess. */
    buf_add(&g->sample, in, n < room ? n : room);
    return filter_out(out, in, n, err);
}

static const struct filter_ops guess_ops = {.feed = guess_feed};

struct filter *guess_new(struct guess *g)
{
    struct guess_filter *f = filter_new(&guess_ops, sizeof(*f));

    if (f == NULL)
        return NULL;
    f->guess = g;
    g->is_whole = true;
    return &f->filter;
}
